/** Called when an order begins to wait. It would send a mail with two links; it may be called twice for one wait. */
export async function handler(waiting: { runId: string; nodeId: string; actions: string[] }): Promise<void> {
  const answers = waiting.actions.filter((action) => action !== 'timeout')
  console.log(JSON.stringify({ ask: 'approve this order?', ...waiting, actions: answers }))
}

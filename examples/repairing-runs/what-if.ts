import { RunClient } from 'flowcraft-aws'

const client = new RunClient()

/** Runs an order again from its charge, in another currency, and leaves the order's own run as it is. */
export async function inCurrency(orderRunId: string, currency: string): Promise<unknown> {
  const { runId } = await client.fork(orderRunId, {
    runId: `${orderRunId}-${currency}`,
    nodes: ['charge'],
    set: { currency },
    by: 'Ada',
    reason: 'what would it cost?',
  })
  const { context } = await client.waitFor(runId)
  return context['charge']
}

/** The runs that such questions made. */
export async function questionsAbout(orderRunId: string): Promise<string[]> {
  const { runs } = await client.list({ forkedFrom: orderRunId })
  return runs.map(({ runId, status }) => `${runId} ${status}`)
}

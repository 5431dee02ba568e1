import { RunClient, type StartFailure } from 'flowcraft-aws'

const client = new RunClient()
const AT_A_TIME = 1_000

/** Starts a run for each order of a file, and gives those that could not be started. */
export async function startOrders(orders: readonly { id: string; cents: number }[]): Promise<StartFailure[]> {
  const failed: StartFailure[] = []
  for (let at = 0; at < orders.length; at += AT_A_TIME) {
    const requests = orders.slice(at, at + AT_A_TIME).map((order) => ({
      blueprintId: 'order',
      runId: `order-${order.id}`,
      input: order,
    }))
    const { failures } = await client.startMany(requests)
    failed.push(...failures)
  }
  return failed
}

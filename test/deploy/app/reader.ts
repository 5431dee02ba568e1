/** A function of somebody who looks for runs. It may read the table and its indexes, no more. */
import { RunClient } from 'flowcraft-aws'

const client = new RunClient()

export interface Found {
  readonly byLabel: readonly string[]
  readonly byStart: readonly string[]
  readonly failed: number
}

export async function handler({ orderId, since }: { orderId: string; since: string }): Promise<Found> {
  const startedAfter = new Date(since)
  const { runs: byLabel } = await client.list({ label: { orderId } })
  const { runs: byStart } = await client.list({ blueprintId: 'order-fulfilment', startedAfter, limit: 100 })
  const { runs: failed } = await client.failures({ since: startedAfter })
  return { byLabel: byLabel.map(({ runId }) => runId), byStart: byStart.map(({ runId }) => runId), failed }
}

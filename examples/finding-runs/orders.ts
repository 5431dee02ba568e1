import { RunClient, type RunSummary } from 'flowcraft-aws'

const client = new RunClient()

export async function startOrder(orderId: string, tenant: string): Promise<string> {
  const { runId } = await client.start({
    blueprintId: 'order',
    input: { orderId },
    labels: { orderId, tenant },
  })
  return runId
}

/** The runs of one order, newest first. */
export async function runsOfOrder(orderId: string): Promise<readonly RunSummary[]> {
  return (await client.list({ label: { orderId } })).runs
}

/** What has been waiting since yesterday. */
export async function* stuck(now: Date): AsyncGenerator<string> {
  const startedBefore = new Date(now.getTime() - 86_400_000)
  for await (const run of client.runs({ blueprintId: 'order', status: 'awaiting', startedBefore }))
    yield run.runId
}

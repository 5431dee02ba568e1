import { RunClient } from 'flowcraft-aws'

const client = new RunClient()

/** Prints how a run goes on, until it is over. */
export async function follow(runId: string): Promise<void> {
  for await (const { status, nodes, waiting = [] } of client.watch(runId)) {
    console.log(
      status,
      nodes.active.join(', '),
      waiting.map(({ nodeId, reason }) => `${nodeId} waits: ${reason}`),
    )
  }
}

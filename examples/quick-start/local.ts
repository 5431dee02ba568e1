import { RunClient } from 'flowcraft-aws'
import { startLocalAws } from 'flowcraft-aws/local'

/** The app that `npx cdk synth` wrote to `assembly`, on servers of its own and with processes that stand in for Lambda. */
export async function runLocally(assembly: string, name: string): Promise<unknown> {
  await using aws = await startLocalAws()
  const stack = await aws.deploy({ assembly })
  const client = new RunClient(stack.connection())

  const { runId } = await client.start({ blueprintId: 'greeting', input: { name } })
  const { context } = await client.waitFor(runId)
  return context['shout']
}

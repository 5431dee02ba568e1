import { RunClient } from 'flowcraft-aws'

export async function greet(name: string): Promise<unknown> {
  const client = new RunClient()
  const { runId } = await client.start({ blueprintId: 'greeting', input: { name } })
  const { context } = await client.waitFor(runId, { timeoutMs: 30_000 })
  return context['shout']
}

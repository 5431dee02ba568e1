import { RunClient } from 'flowcraft-aws'

const client = new RunClient()

/** Takes a failed order up again, with the address that it lacked. */
export async function repairOrder(runId: string, address: string): Promise<string> {
  const { again } = await client.redrive(runId, { dryRun: true })
  console.log(`runs again: ${again.join(', ')}`)
  await client.redrive(runId, { set: { address }, by: 'Ada', reason: 'the address was missing' })
  const { status } = await client.waitFor(runId)
  return status
}

/** Goes on without the mail that cannot be sent. */
export async function withoutMail(runId: string): Promise<void> {
  await client.skip(runId, { nodeId: 'mail', output: null, by: 'Ada', reason: 'told by telephone' })
}

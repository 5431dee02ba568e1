import { RunClient } from 'flowcraft-aws'

const client = new RunClient()

/** Redrives what failed most since a time, and gives the ids of the runs that stay as they are. */
export async function incidentIsOver(since: Date): Promise<string[]> {
  const { groups } = await client.failures({ since })
  const [group] = groups
  if (!group) return []
  const left: string[] = []
  const request = { failures: { since, group }, by: 'Ada', reason: 'the bank answers again' }
  for await (const outcome of client.redriveMany(request)) {
    if (!('error' in outcome)) continue
    console.error(outcome.runId, outcome.error.message)
    left.push(outcome.runId)
  }
  return left
}

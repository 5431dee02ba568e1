import type { FailureGroup, Runs } from 'flowcraft-aws'

/** What failed in the last hour, the most frequent first. */
export async function incident(client: Pick<Runs, 'failures'>, now: Date): Promise<string[]> {
  const { groups } = await client.failures({ since: new Date(now.getTime() - 3_600_000) })
  return groups.map(line)
}

function line({
  count,
  blueprintId,
  nodeId = 'the run itself',
  error,
  message,
  examples,
}: FailureGroup): string {
  return `${count} x ${blueprintId}/${nodeId}: ${error}: ${message} (such as ${examples[0]})`
}

import type { HistoryEntry, Runs } from 'flowcraft-aws'

/** What happened in a run, a line each. */
export async function timeline(client: Pick<Runs, 'history'>, runId: string): Promise<string[]> {
  return (await client.history(runId)).map(line)
}

function line(entry: HistoryEntry): string {
  const when = entry.at?.toISOString() ?? 'some time'
  switch (entry.type) {
    case 'runEnded':
      return `${when} the run ended: ${entry.status}`
    case 'operation':
      return `${when} ${entry.kind} by ${entry.by ?? 'somebody'}: ${entry.reason ?? ''}`
    case 'nodeFailed':
      return `${when} ${entry.nodeId} failed: ${entry.error?.message}`
    case 'nodeWaits':
      return `${when} ${entry.nodeId} waits: ${entry.reason}`
    default:
      return `${when} ${entry.type} ${'nodeId' in entry ? entry.nodeId : ''}`.trimEnd()
  }
}

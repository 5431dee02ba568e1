/** The history of a run as the engine's own events, for its replay and its diagrams. */
import { isDeepStrictEqual } from 'node:util'
import { type FlowcraftEvent, FlowcraftError } from 'flowcraft'
import type { RunDescription } from './describe.ts'
import type { HistoryEntry } from './history-entries.ts'
import type { NotedError } from '../history/notes.ts'

/**
 * Of values that the history does not have (`history: 'timings'`) the last ones are taken from the run: so a replay ends
 * in the run's context, whatever was noted.
 */
export function engineEvents(run: RunDescription, entries: readonly HistoryEntry[]): FlowcraftEvent[] {
  const known = new Map<string, unknown>()
  const last = new Map(
    entries.flatMap((entry) => (entry.type === 'nodeCompleted' ? [[entry.nodeId, entry] as const] : [])),
  )
  const standsInFor = new Map<string, string>()
  const events = entries.flatMap((entry) => {
    if (entry.type === 'nodeFellBack') standsInFor.set(entry.fallback, entry.nodeId)
    if (entry.type !== 'nodeCompleted') return otherEvents(run, entry)
    const isLast = last.get(entry.nodeId) === entry
    const output = 'output' in entry || !isLast ? entry.output : run.context[`_outputs.${entry.nodeId}`]
    const owner = standsInFor.get(entry.nodeId) ?? entry.nodeId
    for (const key of [`_outputs.${owner}`, owner]) known.set(key, output)
    for (const [key, value] of Object.entries(entry.set ?? {})) known.set(key, value)
    return completion(run, entry, output)
  })
  return [...events, ...changes(run, restOf(run, known)), ...pauseOf(run)]
}

type Completed = Extract<HistoryEntry, { readonly type: 'nodeCompleted' }>

function completion(run: RunDescription, entry: Completed, output: unknown): FlowcraftEvent[] {
  const { nodeId, action, next = [], set = {}, deleted = [] } = entry
  const of = ids(run)
  const removed = deleted.map((key): FlowcraftEvent => ({
    type: 'context:change',
    payload: { sourceNode: nodeId, key, op: 'delete', executionId: run.runId },
  }))
  const taken = next.map((target): FlowcraftEvent => {
    // The engine names no run here, and its replay looks for one.
    const payload = { source: nodeId, target, result: true, executionId: run.runId }
    return { type: 'edge:evaluate', payload }
  })
  const result = { output, ...(action === undefined ? {} : { action }) }
  const finish: FlowcraftEvent = { type: 'node:finish', payload: { nodeId, result, ...of } }
  return [...changes(run, Object.entries(set), nodeId), ...removed, finish, ...taken]
}

function changes(
  run: RunDescription,
  entries: readonly (readonly [string, unknown])[],
  sourceNode = '',
): FlowcraftEvent[] {
  return entries.map(([key, value]) => ({
    type: 'context:change',
    payload: { sourceNode, key, op: 'set', value, executionId: run.runId },
  }))
}

/** What the run's context has besides. */
function restOf({ context }: RunDescription, known: ReadonlyMap<string, unknown>): [string, unknown][] {
  return Object.entries(context).filter(
    ([key, value]) => key !== '_executionId' && !isDeepStrictEqual(known.get(key), value),
  )
}

function otherEvents(run: RunDescription, entry: HistoryEntry): FlowcraftEvent[] {
  const of = ids(run)
  switch (entry.type) {
    case 'runStarted':
      return [{ type: 'workflow:start', payload: of }]
    case 'nodeStarted':
      return [{ type: 'node:start', payload: { nodeId: entry.nodeId, input: entry.input, ...of } }]
    case 'nodeRetried':
      return [{ type: 'node:retry', payload: { nodeId: entry.nodeId, attempt: entry.attempt, ...of } }]
    case 'nodeFellBack':
      return [{ type: 'node:fallback', payload: { nodeId: entry.nodeId, fallback: entry.fallback, ...of } }]
    case 'nodeFailed':
      return [
        {
          type: 'node:error',
          payload: { nodeId: entry.nodeId, error: failure(run, entry.nodeId, entry.error), ...of },
        },
      ]
    case 'nodeWoke':
      return [{ type: 'workflow:resume', payload: of }]
    case 'runEnded':
      return [{ type: 'workflow:finish', payload: { ...of, status: entry.status } }]
    default:
      return []
  }
}

function pauseOf(run: RunDescription): FlowcraftEvent[] {
  const waits = run.status === 'awaiting' || run.status === 'paused'
  return waits ? [{ type: 'workflow:pause', payload: ids(run) }] : []
}

function failure({ runId, blueprintId }: RunDescription, nodeId: string, error: NotedError | undefined) {
  const { name, message = 'the node failed' } = error ?? {}
  const cause = new Error(message)
  if (name !== undefined) cause.name = name
  return new FlowcraftError(message, { cause, nodeId, blueprintId, executionId: runId })
}

function ids({ runId, blueprintId }: RunDescription) {
  return { blueprintId, executionId: runId }
}

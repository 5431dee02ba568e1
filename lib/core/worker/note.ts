/** What is noted of a commit, for the history of its run. */
import type { Execution } from '../execution/execution.ts'
import { endNotes, notedError, type StepNote } from '../history/notes.ts'
import { parseActivationKey, type RunState } from '../protocol/run-state.ts'
import type { ValueStore } from '../values/value-store.ts'
import type { Activation } from './activation.ts'

/** `run` is the state after the commit; `endedAt` when the node had ended, in milliseconds since the epoch. */
export function noteCommit(
  activation: Activation,
  run: RunState,
  { execution, endedAt }: { execution: Execution; endedAt: number },
): void {
  const { services, key, entry, startedAt, tap } = activation
  const { history } = services
  if (!history) return
  const { node: n, iteration: i } = parseActivationKey(key)
  const wait = entry.wait
  const retries = tap?.failedTries ?? []
  const note: StepNote = {
    ...endOf(execution),
    n,
    i,
    s: startedAt,
    // The run's end is decided before its commit is answered.
    m: Math.max(0, Math.min(endedAt, run.endedAt ?? Infinity) - startedAt),
    q: run.seq,
    ...(wait ? { w: wait.kind } : {}),
    ...(wait && 'tries' in wait ? { t: wait.tries } : {}),
    ...(retries.length > 0 ? { r: retries.map(({ at, error }) => [at - startedAt, error] as const) } : {}),
    ...(history.isFull ? valuesOf(activation, execution) : {}),
  }
  history.note(run.runId, note, ...endNotes(run))
}

function valuesOf(
  { services: { values }, tap, context }: Activation,
  { output }: Execution,
): Pick<StepNote, 'in' | 'out' | 'set' | 'del'> {
  const input = tap?.input && textOf(values, tap.input.value)
  const out = output && textOf(values, output.value)
  const writes = [...context.writes].flatMap(([key, write]) =>
    typeof key === 'string' ? [[key, write] as const] : [],
  )
  const set = writes.flatMap(([key, write]) => {
    const text = write === 'deleted' ? undefined : textOf(values, write.value)
    return text === undefined ? [] : [[key, text] as const]
  })
  const del = writes.flatMap(([key, write]) => (write === 'deleted' ? [key] : []))
  return {
    ...(input === undefined ? {} : { in: input }),
    ...(out === undefined ? {} : { out }),
    ...(set.length > 0 ? { set: Object.fromEntries(set) } : {}),
    ...(del.length > 0 ? { del } : {}),
  }
}

/** Undefined for what cannot be stored, such as an input that is no JSON any more. */
function textOf(values: ValueStore, value: unknown): string | undefined {
  try {
    return values.encode(value, 'a value')
  } catch {
    return undefined
  }
}

const KINDS = { completed: 'c', failed: 'f', suspended: 'w', fallback: 'b' } as const

/** How an execution ended. */
function endOf({ outcome, error }: Execution): Pick<StepNote, 'k' | 'p' | 'a' | 'x' | 'e'> {
  const end = { k: KINDS[outcome.kind], ...(error === undefined ? {} : { e: notedError(error) }) }
  if (outcome.kind === 'suspended') return { ...end, p: outcome.wait }
  if (outcome.kind === 'fallback') return { ...end, x: [outcome.fallback] }
  if (outcome.kind === 'failed') return end
  const { action } = outcome.result
  return { ...end, x: outcome.matched, ...(action === undefined ? {} : { a: action }) }
}

/** What joins have counted once nodes are put back, for whoever takes a run up again. Pure. */
import type { RunGraph } from './run-graph.ts'
import { type ActivationKey, isDone, parseActivationKey, type RunState } from './run-state.ts'

interface PutBack {
  /** What is active when the run goes on. */
  readonly active: ReadonlyMap<ActivationKey, unknown>
  /** What has completed then. */
  readonly done: bigint
  /** The nodes that are put back, as if they had not run. */
  readonly putBack: ReadonlySet<number>
}

export function joinsAfter(
  graph: RunGraph,
  run: RunState,
  change: PutBack,
): Pick<RunState, 'arrivals' | 'arrived'> {
  return { arrivals: arrivalsAfter(graph, run, change), ...arrivedAfter(run, change) }
}

/** Who is put back arrives again, at a join that is then put back with it, or had not fired. */
function arrivedAfter({ arrived }: RunState, { putBack }: PutBack): Pick<RunState, 'arrived'> {
  const left = [...(arrived ?? [])].flatMap(([join, members]) => {
    const stay = [...members].filter((node) => !putBack.has(node))
    return stay.length > 0 ? [[join, new Set(stay)] as const] : []
  })
  return left.length > 0 ? { arrived: new Map(left) } : {}
}

/** Of joins that lost a predecessor, or their own completion, counted anew. */
function arrivalsAfter(
  graph: RunGraph,
  run: RunState,
  { active, done, putBack }: PutBack,
): RunState['arrivals'] {
  if (putBack.size === 0) return run.arrivals
  const arrivals = new Map(run.arrivals)
  const scheduled = new Set([...active.keys()].map((key) => parseActivationKey(key).node))
  for (let join = 0; join < graph.size; join++) {
    if (!graph.isCountedJoin(join)) continue
    const predecessors = graph.predecessors[join] ?? []
    const isTouched = putBack.has(join) || predecessors.some((node) => putBack.has(node))
    if (!isTouched) continue
    const completed = predecessors.filter((node) => isDone(done, node)).length
    const isOpen = completed > 0 && !scheduled.has(join) && !isDone(done, join)
    if (isOpen) arrivals.set(join, completed)
    else arrivals.delete(join)
  }
  return arrivals
}

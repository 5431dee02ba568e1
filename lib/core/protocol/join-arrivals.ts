/** How many predecessors of each 'all' join have completed, and what a commit must ask of that. Pure. */
import type { Change, Requirement } from './change.ts'
import type { RunGraph } from './run-graph.ts'
import { isDone } from './run-state.ts'

export interface Completion {
  readonly graph: RunGraph
  readonly completed: readonly number[]
  readonly reset: readonly number[]
  /** What has completed when the commit is made. */
  readonly done: bigint
  /** The nodes of which the engine asked whether they are ready. */
  readonly considered: readonly number[]
  isScheduled(node: number): boolean
  isActive(node: number): boolean
}

export interface Arrivals extends Pick<Change, 'arrive' | 'arrivals' | 'close'> {
  /** Nodes whose completion must be as it was seen. */
  readonly words: readonly number[]
  readonly require: readonly Requirement[]
}

/** The arrivals of every 'all' join that a completion, or a loop reset, changes. */
export function countArrivals(completion: Completion): Arrivals {
  const { graph, completed, reset, done, isScheduled, isActive } = completion
  const arrive = new Map<number, number>()
  const arrivals = new Map<number, number>()
  const close: number[] = []
  const words: number[] = []
  const touched = new Set([...completed, ...reset].flatMap((node) => graph.successors[node] ?? []))
  for (const join of touched) {
    if (!graph.isCountedJoin(join)) continue
    const predecessors = graph.predecessors[join] ?? []
    if (isScheduled(join)) {
      close.push(join)
    } else if (isDone(done, join) || isActive(join)) {
      continue
    } else if (predecessors.some((node) => reset.includes(node))) {
      // Where the join was scheduled in the ended generation its count is gone: nothing to subtract from.
      const after = predecessors.filter((node) => isDone(done, node)).length
      if (after > 0) arrivals.set(join, after)
      else close.push(join)
      words.push(...predecessors)
    } else {
      const gained = predecessors.filter((node) => completed.includes(node)).length
      if (gained > 0) arrive.set(join, gained)
    }
  }
  return { arrive, arrivals, close, words, require: openJoins(completion, arrive) }
}

/** "This join is not ready" was decided because somebody is missing: that must still be so. */
function openJoins(completion: Completion, arrive: ReadonlyMap<number, number>): Requirement[] {
  const { graph, done, considered, isScheduled, isActive } = completion
  return considered.flatMap((join): Requirement[] => {
    if (!graph.isCountedJoin(join) || isScheduled(join)) return []
    if (isDone(done, join) || isActive(join)) return []
    const predecessors = graph.predecessors[join] ?? []
    if (predecessors.every((node) => isDone(done, node))) return []
    return [{ kind: 'arrivalsBelow', node: join, below: predecessors.length - (arrive.get(join) ?? 0) }]
  })
}

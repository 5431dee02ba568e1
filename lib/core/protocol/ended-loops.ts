/** Nodes of loops that have ended, for whoever puts one back. Pure. */
import { type Led, reachedFrom } from './reached.ts'
import type { RunGraph } from './run-graph.ts'
import type { RunState } from './run-state.ts'

export interface LoopsOfRun extends Pick<RunState, 'iterations'>, Led {
  readonly graph: RunGraph
  /** Whether a node has completed in the present round of its loop, or was active at the end. */
  isUnderWay(node: number): boolean
  /** Whether it failed the last time that it ran. */
  hasFailed(node: number): boolean
}

/**
 * Whether a node can be put back that ran in the last round of a loop which has ended. When a loop ends nothing is known of that
 * round any more: none of its nodes counts as completed. So all of the loop that ran must follow from this one, and be put back
 * with it; and none may have failed in that round, which is over.
 */
export function isOfEndedLoop(run: LoopsOfRun, node: number): boolean {
  const { graph, iterations } = run
  if (!iterations.has(node)) return false
  const loops = graph.loopsAround(node).map((controller) => [...(graph.loops.get(controller) ?? [])])
  const [inmost] = loops.toSorted((a, b) => a.length - b.length)
  if (!inmost || inmost.some((other) => run.isUnderWay(other))) return false
  const { nodes } = reachedFrom(graph, node, run)
  const isWhole = (loop: readonly number[]) =>
    loop.every((other) => (nodes.has(other) || !iterations.has(other)) && !run.hasFailed(other))
  return loops.every((loop) => isWhole(loop) || loop.some((other) => run.isUnderWay(other)))
}

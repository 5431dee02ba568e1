/** Which nodes of a run an event is for. */
import { takesEvents } from '../protocol/resumable.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import { type ActivationKey, isDone, parseActivationKey, type RunState } from '../protocol/run-state.ts'

function eventNameOf(graph: RunGraph, node: number): string {
  const { id, params } = graph.node(node)
  return typeof params?.['eventName'] === 'string' ? params['eventName'] : id
}

/** The nodes that wait for events of this name: by their `eventName`, or by their id where they have none. */
export function nodesOfEvent(graph: RunGraph, name: string): number[] {
  return graph.blueprint.nodes.flatMap((_, index) => (eventNameOf(graph, index) === name ? [index] : []))
}

/** The iteration that waits, or will be the next to. */
export function iterationOf(graph: RunGraph, run: RunState, node: number): number | undefined {
  for (const key of run.active.keys()) {
    const active = parseActivationKey(key)
    if (active.node === node) return active.iteration
  }
  const next = (run.iterations.get(node) ?? 0) + 1
  return !graph.repeatable.has(node) && isDone(run.done, node) ? undefined : next
}

/** The activations of these nodes that wait for an event now. */
export function waitingAt(run: RunState, nodes: readonly number[]): ActivationKey[] {
  return [...run.active].flatMap(([key, { wait }]) =>
    takesEvents(wait) && nodes.includes(parseActivationKey(key).node) ? [key] : [],
  )
}

/** What became of a run's nodes, and what those wait for that do. */
import type { RunGraph } from '../protocol/run-graph.ts'
import { childIdOf, isDone, parseActivationKey, type RunState } from '../protocol/run-state.ts'

/** Ids of the nodes of a run, by what became of them. */
export interface RunNodes {
  readonly completed: string[]
  readonly active: string[]
  readonly failed: string[]
  /** Not reached: another branch was taken, or a join never became ready. */
  readonly notRun: string[]
}

/** A node that has run and waits. */
export interface WaitingNode {
  readonly nodeId: string
  readonly reason: 'external_event' | 'timer' | 'retry' | 'subflow' | 'items'
  readonly wakeUpAt?: Date
  /** When an event need not come any more, where the wait has a `timeout`. */
  readonly timeoutAt?: Date
  readonly childRunId?: string
}

export function waitingIn(graph: RunGraph, run: RunState): WaitingNode[] {
  const inGraphOrder = [...run.active].toSorted(
    ([a], [b]) => parseActivationKey(a).node - parseActivationKey(b).node,
  )
  return inGraphOrder.flatMap(([key, { wait }]): WaitingNode[] => {
    if (!wait) return []
    const nodeId = graph.node(parseActivationKey(key).node).id
    if (wait.kind === 'event') {
      const timeoutAt = wait.at === undefined ? {} : { timeoutAt: new Date(wait.at) }
      return [{ nodeId, reason: 'external_event', ...timeoutAt }]
    }
    if (wait.kind === 'child') {
      return [{ nodeId, reason: 'subflow', childRunId: childIdOf(run.runId, key, wait.tries) }]
    }
    if (wait.kind === 'items') return [{ nodeId, reason: 'items' }]
    return [{ nodeId, reason: wait.kind, wakeUpAt: new Date(wait.at) }]
  })
}

export function nodesOf(graph: RunGraph, run: RunState, failed: ReadonlySet<string>): RunNodes {
  const active = new Set([...run.active.keys()].map((key) => parseActivationKey(key).node))
  const nodes: RunNodes = { completed: [], active: [], failed: [], notRun: [] }
  graph.blueprint.nodes.forEach(({ id }, index) => {
    if (active.has(index)) nodes.active.push(id)
    else if (isDone(run.done, index)) nodes.completed.push(id)
    else if (failed.has(id)) nodes.failed.push(id)
    else if (graph.repeatable.has(index) && run.iterations.has(index)) nodes.completed.push(id)
    else nodes.notRun.push(id)
  })
  return nodes
}

/**
 * Nodes with `checkpoint: false`: what such a node leaves goes with the next commit of its strand. Here is of which nodes that
 * may be: those whose end means nothing to any other strand, so that to others it is as if the node took longer. Pure.
 */
import type { NodeConfig } from 'flowcraft'
import { show } from '../common/thrown.ts'
import type { RunGraph } from './run-graph.ts'
import type { CoreChange } from './outcome.ts'
import { type ActivationKey, parseActivationKey } from './run-state.ts'

declare module 'flowcraft' {
  interface NodeConfig {
    /**
     * On AWS: `false` commits nothing when the node has completed and one other follows it in the same invocation. Its output
     * goes with the next commit, after 100 such nodes, 16 KB of their small values or 5 seconds at the latest. After a crash before that
     * the node runs again, with all that ran since the last commit. For nodes that are cheap and safe to repeat. @default true
     */
    checkpoint?: boolean
  }
}

/** What a node's `config.checkpoint` may be. */
export type Checkpoint = NonNullable<NodeConfig['checkpoint']>

/** What is wrong with a node's `checkpoint`; undefined is nothing. */
export function checkpointProblem(given: unknown): string | undefined {
  if (given === undefined || typeof given === 'boolean') return undefined
  return `checkpoint must be true or false; got ${show(given)}`
}

/** What the node's config says, whatever else it says: graphs of older versions were checked by nobody. */
export function hasNoCheckpoint(graph: Pick<RunGraph, 'node'>, node: number): boolean {
  return graph.node(node).config?.checkpoint === false
}

/**
 * Whether the end of a node that makes this change may be put off: whichever other strand commits before it, it comes to the same.
 * It schedules one node, inline, that nobody else can schedule; no join, no loop, no node that runs always is told of it.
 */
export function mayBePutOff(graph: RunGraph, change: CoreChange): boolean {
  const [next, ...others] = change.schedule
  if (!next || others.length > 0 || !next[1].inline) return false
  const { node } = parseActivationKey(change.end)
  return isPlain(change) && leadsOn(graph, node, parseActivationKey(next[0]).node)
}

/** Whether it is the change that was put off, decided anew on another state. */
export function isStillPutOff(graph: RunGraph, change: CoreChange, next: ActivationKey): boolean {
  return change.schedule.has(next) && mayBePutOff(graph, change)
}

/** It ends one activation and makes another active, and nothing else. */
function isPlain(change: CoreChange): boolean {
  const { reset, close, fire, unfire, pend, unpend, arriveAt = [], empty = [] } = change
  const lists = [reset, close, fire, unfire, pend, unpend, arriveAt, empty]
  const { arrive, arrivals, errors, fallback, fallbacks, suspend, final, dueAt } = change
  return (
    lists.every(({ length }) => length === 0) &&
    arrive.size + arrivals.size === 0 &&
    errors === 0 &&
    !fallback &&
    (fallbacks ?? suspend ?? final ?? dueAt) === undefined &&
    change.require.every(({ kind }) => kind === 'iteration')
  )
}

const standIns = new WeakMap<RunGraph, ReadonlySet<string>>()

/** Whether it is the fallback of another. */
function isStandIn(graph: RunGraph, node: number): boolean {
  let known = standIns.get(graph)
  if (!known) {
    known = new Set(graph.blueprint.nodes.flatMap(({ config }) => config?.fallback ?? []))
    standIns.set(graph, known)
  }
  return known.has(graph.node(node).id)
}

/**
 * Whether the step from a node to the next is one that nobody else takes or waits for. A cycle has a node with several that lead
 * to it, and a loop its controller: so no way of such steps comes back.
 */
function leadsOn(graph: RunGraph, node: number, next: number): boolean {
  const isFree = (other: number) =>
    !graph.contested.has(other) &&
    !graph.loops.has(other) &&
    !graph.isQuorum(other) &&
    (graph.predecessors[other]?.length ?? 0) === 1
  // Whoever stands in for another has its followers, which are contested.
  if (isStandIn(graph, next) || !(graph.successors[node] ?? []).every(isFree)) return false
  const [always, behind] = [graph.alwaysBehind(node), graph.alwaysBehind(next)]
  const [around, beyond] = [graph.loopsAround(node), graph.loopsAround(next)]
  return always.every((one) => behind.includes(one)) && around.every((one) => beyond.includes(one))
}

/**
 * Asks flowcraft's own traverser what follows from an ended node. One traverser is kept per graph and led to the
 * state in question by the difference to the last one asked, since building one takes milliseconds in a large
 * graph. The answer depends on the arguments only.
 */
import { GraphTraverser, type NodeResult } from 'flowcraft'
import type { RunGraph } from './run-graph.ts'
import { bitsOf, isDone } from './run-state.ts'

export interface EngineAnswer {
  /** Nodes to run next, in the engine's order. */
  readonly ready: number[]
  /** Completed nodes after loop resets. */
  readonly done: bigint
}

export class Engine {
  readonly #graph: RunGraph
  readonly #traverser: GraphTraverser
  #done = 0n

  constructor(graph: RunGraph) {
    this.#graph = graph
    this.#traverser = new GraphTraverser(graph.blueprint)
  }

  /** What follows when `node` completes with `result`, its edges to `matched` taken, where `done` had completed. */
  complete(done: bigint, node: number, result: NodeResult, matched: readonly number[]): EngineAnswer {
    this.#lead(done)
    const { id } = this.#graph.node(node)
    const targets = matched.map((index) => this.#graph.node(index))
    this.#traverser.markNodeCompleted(id, { action: result.action, output: undefined }, targets)
    const ready = this.#traverser.getReadyNodes().map(({ nodeId }) => this.#graph.indexOf(nodeId))
    this.#done = this.#doneAfter(done, node, ready)
    return { ready, done: this.#done }
  }

  /** The engine takes completions back where a loop controller becomes ready, and only there. */
  #doneAfter(done: bigint, node: number, ready: readonly number[]): bigint {
    if (!ready.some((index) => this.#graph.loops.has(index))) return done | (1n << BigInt(node))
    let after = 0n
    for (const nodeId of this.#traverser.getCompletedNodes())
      after |= 1n << BigInt(this.#graph.indexOf(nodeId))
    return after
  }

  #lead(done: bigint): void {
    for (const node of bitsOf(this.#done ^ done)) {
      const def = this.#graph.node(node)
      // A completed node named as its own follower is marked and nothing else: the engine passes over
      // followers that have completed, and what an 'any' node adds to the frontier is cleared below.
      if (isDone(done, node)) this.#traverser.markNodeCompleted(def.id, {}, [def])
      else this.#traverser.resetNodeCompletion(def.id)
    }
    this.#traverser.clearFrontier()
    this.#done = done
  }
}

const engines = new WeakMap<RunGraph, Engine>()

export function engineOf(graph: RunGraph): Engine {
  let engine = engines.get(graph)
  if (!engine) engines.set(graph, (engine = new Engine(graph)))
  return engine
}

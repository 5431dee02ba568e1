/**
 * The graph of a blueprint as the protocol needs it: nodes by index, predecessors, loops, and the questions a
 * commit asks of them. Built once per blueprint version and process; never changes. What follows from a
 * completed node is the engine's to say (`transition.ts`), not this file's.
 */
import {
  analyzeBlueprint,
  GraphTraverser,
  type NodeDefinition,
  sanitizeBlueprint,
  type WorkflowBlueprint,
} from 'flowcraft'
import { FlowcraftAwsError } from '../common/errors.ts'
import { alwaysNodesOf } from './always-nodes.ts'
import { fingerprintOf } from './fingerprint.ts'
import { InputRules } from './input-rules.ts'
import { type Quorum, quorumsOf } from './quorum.ts'
import { isDone } from './run-state.ts'

export class RunGraph {
  /** As it is drawn, and as runs remember it. */
  readonly drawn: WorkflowBlueprint
  /** As the engine sees it: without the edges to nodes that run always. */
  readonly blueprint: WorkflowBlueprint
  readonly fingerprint: string
  /** Indexes of the nodes a fresh run starts with. */
  readonly startNodes: readonly number[]
  /** For each node, the indexes of the static predecessors, in edge order. */
  readonly predecessors: readonly (readonly number[])[]
  /** For each node, those it may lead to, what it inherits as a fallback included. */
  readonly successors: readonly (readonly number[])[]
  /** For each loop controller, the nodes inside its loop (the controller itself is not). */
  readonly loops: ReadonlyMap<number, ReadonlySet<number>>
  /** Nodes that may run more than once. */
  readonly repeatable: ReadonlySet<number>
  /** Nodes that more than one commit could schedule in one generation. */
  readonly contested: ReadonlySet<number>
  /** For each node that runs always, all that may lead to it. */
  readonly leading: ReadonlyMap<number, ReadonlySet<number>>
  /** For each node that runs always, the ids of those with an edge to it, and of what stands in for them. */
  readonly beforeAlways: ReadonlyMap<number, readonly string[]>
  /** Joins of n of m, by their ids. */
  readonly quorums: ReadonlyMap<string, Quorum>
  /** Who gives each node its input. */
  readonly inputs: InputRules
  readonly #indexes: ReadonlyMap<string, number>
  readonly #backEdges: ReadonlyMap<string, ReadonlySet<number>>

  constructor(source: WorkflowBlueprint) {
    this.drawn = sanitizeBlueprint(source)
    const { blueprint, leading, predecessors } = alwaysNodesOf(this.drawn)
    this.blueprint = blueprint
    this.fingerprint = fingerprintOf(this.drawn)
    this.#indexes = new Map(blueprint.nodes.map((node, index) => [node.id, index]))
    const indexesOf = (ids: Iterable<string>) => new Set([...ids].flatMap((id) => this.find(id) ?? []))
    this.leading = new Map([...leading].map(([id, ids]) => [this.indexOf(id), indexesOf(ids)]))
    this.beforeAlways = new Map([...predecessors].map(([id, ids]) => [this.indexOf(id), ids]))
    const traverser = new GraphTraverser(blueprint)
    const starting = leading.size === 0 ? traverser : new GraphTraverser(this.drawn)
    this.startNodes = starting.getReadyNodes().map(({ nodeId }) => this.indexOf(nodeId))
    this.predecessors = blueprint.nodes.map((node) =>
      // An edge may come from what is no node: what it leads to is never ready, as the engine says.
      [...traverser.getPredecessors(node.id)].flatMap((id) => this.find(id) ?? []),
    )
    this.successors = this.#successors()
    this.#backEdges = this.#findBackEdges()
    this.loops = this.#findLoops(traverser)
    this.quorums = quorumsOf(blueprint)
    this.repeatable = this.#findRepeatable()
    this.contested = this.#findContested()
    this.inputs = new InputRules(this)
  }

  get size(): number {
    return this.blueprint.nodes.length
  }

  /** Index of a node. @throws FlowcraftAwsError INVALID_JOB where the graph has no such node. */
  indexOf(nodeId: string): number {
    const index = this.#indexes.get(nodeId)
    if (index !== undefined) return index
    throw new FlowcraftAwsError('INVALID_JOB', `blueprint '${this.blueprint.id}' has no node '${nodeId}'`)
  }

  find(nodeId: string): number | undefined {
    return this.#indexes.get(nodeId)
  }

  node(index: number): NodeDefinition {
    const node = this.blueprint.nodes[index]
    if (node) return node
    throw new FlowcraftAwsError('INVALID_JOB', `blueprint '${this.blueprint.id}' has no node number ${index}`)
  }

  isAny(index: number): boolean {
    return this.node(index).config?.joinStrategy === 'any'
  }

  /** Whether it is a join of n of m. */
  isQuorum(index: number): boolean {
    return this.quorums.size > 0 && this.quorums.has(this.node(index).id)
  }

  /** How many must arrive at a join of n of m. */
  quorumOf(index: number): number {
    return this.quorums.get(this.node(index).id)?.count ?? 1
  }

  /** The nodes that run always and that this one leads to; one that leads to another comes before it. */
  alwaysBehind(index: number): number[] {
    return [...this.leading].flatMap(([node, leading]) => (leading.has(index) ? [node] : []))
  }

  /** Whether a commit must count the completed predecessors of this node. */
  isCountedJoin(index: number): boolean {
    return !this.isAny(index) && (this.predecessors[index]?.length ?? 0) > 1
  }

  /** Whether a node that no edge schedules may run: all that lead to it have completed. An 'any' join wants one that does. */
  isReadyAfter(index: number, done: bigint): boolean {
    const { id } = this.node(index)
    if (this.isAny(index) || this.leading.has(index)) return false
    if (!(this.predecessors[index] ?? []).every((node) => isDone(done, node))) return false
    return this.blueprint.edges.every(
      ({ source, target }) => target !== id || this.find(source) !== undefined,
    )
  }

  /** The controllers of the loops that a node is in. */
  loopsAround(node: number): number[] {
    return [...this.loops].flatMap(([controller, body]) => (body.has(node) ? [controller] : []))
  }

  /** The loop that an edge back closes (its target included), or undefined for an edge that leads forward. */
  loopClosedBy(source: number, target: number): ReadonlySet<number> | undefined {
    return this.#backEdges.get(`${source}>${target}`)
  }

  #successors(): number[][] {
    const direct = this.blueprint.nodes.map(() => new Set<number>())
    for (const edge of this.blueprint.edges) {
      const source = this.find(edge.source)
      const target = this.find(edge.target)
      if (source !== undefined && target !== undefined) direct[source]?.add(target)
    }
    const all = direct.map((targets) => new Set(targets))
    for (const [at, { config }] of this.blueprint.nodes.entries()) {
      const heir = config?.fallback === undefined ? undefined : this.find(config.fallback)
      if (heir !== undefined) for (const target of direct[at] ?? []) all[heir]?.add(target)
    }
    return all.map((targets) => [...targets])
  }

  /** What the engine counts as inside a loop, and loops nested in it with what they lead to, which it leaves out. */
  #findLoops(traverser: GraphTraverser): Map<number, Set<number>> {
    const isController = (index: number) => this.node(index).uses === 'loop-controller'
    const loops = new Map<number, Set<number>>()
    this.blueprint.nodes.forEach((node, controller) => {
      if (!isController(controller)) return
      const body = new Set([...traverser.getNodesInLoop(node.id)].flatMap((id) => this.find(id) ?? []))
      const closing = [
        ...(this.predecessors[controller] ?? []).map((source) => this.loopClosedBy(source, controller)),
        ...(this.successors[controller] ?? []).map((target) => this.loopClosedBy(controller, target)),
      ]
      const natural = closing.flatMap((loop) => [...(loop ?? [])])
      const nested = new Set(natural.filter((inside) => isController(inside) && inside !== controller))
      for (const inside of natural) body.add(inside)
      const behind = new Set(nested)
      for (const at of behind) {
        for (const next of this.successors[at] ?? []) {
          if (!isController(next) || nested.has(next)) behind.add(next)
        }
      }
      for (const inside of behind) body.add(inside)
      body.delete(controller)
      loops.set(controller, body)
    })
    return loops
  }

  /** Edges to a node that dominates their source, with the natural loop each closes. */
  #findBackEdges(): Map<string, Set<number>> {
    const found = new Map<string, Set<number>>()
    if (analyzeBlueprint(this.blueprint).isDag) return found
    const reachableWithout = (removed: number) => {
      const seen = new Set<number>()
      const queue = this.startNodes.filter((node) => node !== removed)
      for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
        if (seen.has(node)) continue
        seen.add(node)
        const fallback = this.node(node).config?.fallback
        const next = [...(this.successors[node] ?? []), ...(fallback ? [this.find(fallback) ?? -1] : [])]
        queue.push(...next.filter((other) => other >= 0 && other !== removed))
      }
      return seen
    }
    for (let target = 0; target < this.size; target++) {
      const sources = this.predecessors[target] ?? []
      if (sources.length === 0) continue
      const without = reachableWithout(target)
      for (const source of sources) {
        if (source !== target && without.has(source)) continue
        const body = new Set([target])
        const queue = [source]
        for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
          if (body.has(node)) continue
          body.add(node)
          queue.push(...(this.predecessors[node] ?? []))
        }
        found.set(`${source}>${target}`, body)
      }
    }
    return found
  }

  #findRepeatable(): Set<number> {
    const nodes = new Set<number>()
    for (const [controller, body] of this.loops) for (const node of [controller, ...body]) nodes.add(node)
    for (const body of this.#backEdges.values()) for (const node of body) nodes.add(node)
    const behind: number[] = []
    for (const node of nodes) {
      // A fallback runs again whenever the node it stands in for does; so may what a round leads out to.
      const fallback = this.node(node).config?.fallback
      const index = fallback === undefined ? undefined : this.find(fallback)
      if (index !== undefined) nodes.add(index)
      const targets = this.successors[node] ?? []
      if (!this.#leadsOutOnce(node)) for (const target of targets) nodes.add(target)
      // A controller that goes on counts as completed, so a join behind it may run early, fail, and be due again.
      else behind.push(...targets.filter((target) => this.isCountedJoin(target)))
    }
    for (const join of behind) nodes.add(join)
    return nodes
  }

  /** A loop controller that is in no other loop ends its loop once. */
  #leadsOutOnce(node: number): boolean {
    if (!this.loops.has(node)) return false
    const own = (edge: string) => edge.startsWith(`${node}>`) || edge.endsWith(`>${node}`)
    const others = [...this.#backEdges].flatMap(([edge, body]) => (own(edge) ? [] : [body]))
    return ![...this.loops.values(), ...others].some((body) => body.has(node))
  }

  #findContested(): Set<number> {
    const contested = new Set(this.leading.keys())
    const users = new Map<number, number>()
    this.blueprint.nodes.forEach((node, index) => {
      const isJoin = (this.predecessors[index]?.length ?? 0) > 1
      if (this.isAny(index) && (isJoin || this.isQuorum(index))) contested.add(index)
      const fallback = node.config?.fallback === undefined ? undefined : this.find(node.config.fallback)
      if (fallback === undefined) return
      users.set(fallback, (users.get(fallback) ?? 0) + 1)
      for (const target of this.successors[index] ?? []) contested.add(target)
    })
    for (const [node, count] of users) {
      if (count > 1 || (this.predecessors[node]?.length ?? 0) > 0) contested.add(node)
    }
    return contested
  }
}

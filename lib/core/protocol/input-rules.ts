/**
 * Which nodes can give a node its input, and what tells which of them did. In memory each edge that is taken puts what
 * it carries under `_inputs.<target>`, and the last one counts. Here the graph, the completed nodes and what has run
 * tell who gave; where they do not, the commit that takes the edge notes it. Pure.
 */
import type { EdgeDefinition, NodeDefinition, WorkflowBlueprint } from 'flowcraft'

/** A node with an edge to the one in question, an edge that it inherits as a fallback included. */
export interface Giver {
  readonly node: number
  /** Which of its edges to the node have a transform. */
  readonly transforms: 'none' | 'some' | 'all'
  /** Whether one of these edges has neither action nor condition. */
  readonly isPlain: boolean
}

export interface InputRule {
  /** In edge order; those that inherit an edge come last. */
  readonly givers: readonly Giver[]
  /**
   * What tells who gave. `completion`: each giver takes an edge to the node whenever it completes, and of several the
   * last in edge order counts. `activation`: there is one giver and no other way to the node. `note`: the commits that
   * take an edge to the node say so.
   */
  readonly by: 'completion' | 'activation' | 'note'
}

/** What is asked of a `RunGraph`. */
interface Graph {
  readonly blueprint: WorkflowBlueprint
  readonly startNodes: readonly number[]
  node(index: number): NodeDefinition
  find(id: string): number | undefined
  isAny(node: number): boolean
}

export class InputRules {
  readonly #graph: Graph
  readonly #rules: (InputRule | undefined)[] = []
  readonly #surroundings: (WorkflowBlueprint | undefined)[] = []
  readonly #outgoing = new Map<string, EdgeDefinition[]>()
  readonly #incoming = new Map<string, EdgeDefinition[]>()
  /** For each fallback, the nodes that it stands in for. */
  readonly #standsInFor = new Map<string, string[]>()

  constructor(graph: Graph) {
    this.#graph = graph
    for (const edge of graph.blueprint.edges) {
      push(this.#outgoing, edge.source, edge)
      push(this.#incoming, edge.target, edge)
    }
    for (const { id, config } of graph.blueprint.nodes) {
      if (config?.fallback !== undefined) push(this.#standsInFor, config.fallback, id)
    }
  }

  /** The edges a node may take, those it inherits as a fallback included; in the order in which the engine asks. */
  edgesFrom(node: number): EdgeDefinition[] {
    const { id } = this.#graph.node(node)
    const sources = [id, ...(this.#standsInFor.get(id) ?? [])]
    const all = sources.flatMap((source) => this.#outgoing.get(source) ?? [])
    // Of edges that differ in their transform only the engine takes the last.
    return [...new Map(all.map((edge) => [nameOf(edge), edge])).values()]
  }

  /** The part of the blueprint that the engine looks at when a node completes: edges it may take, and their ends. */
  around(node: number): WorkflowBlueprint {
    return (this.#surroundings[node] ??= this.#partAround(node))
  }

  #partAround(node: number): WorkflowBlueprint {
    const graph = this.#graph
    const { id } = graph.node(node)
    const sources = [id, ...(this.#standsInFor.get(id) ?? [])]
    const edges = sources.flatMap((source) => this.#outgoing.get(source) ?? [])
    const ids = new Set([...sources, ...edges.map(({ target }) => target)])
    const nodes = [...ids].flatMap((one) => graph.find(one) ?? []).map((index) => graph.node(index))
    return { ...graph.blueprint, nodes, edges }
  }

  of(node: number): InputRule {
    return (this.#rules[node] ??= this.#makeRule(node))
  }

  giver(source: number, target: number): Giver | undefined {
    return this.of(target).givers.find(({ node }) => node === source)
  }

  #makeRule(node: number): InputRule {
    const graph = this.#graph
    const { id } = graph.node(node)
    const sources = [...new Set((this.#incoming.get(id) ?? []).map(({ source }) => source))]
    const heirs = sources.map((source) => graph.find(source)).map((at) => this.#fallbackOf(at))
    const all = [...sources.map((source) => graph.find(source)), ...heirs]
    const givers = [...new Set(all.filter((at) => at !== undefined))].map((at) => this.#makeGiver(at, id))
    return { givers, by: this.#tells(node, givers) }
  }

  #makeGiver(node: number, target: string): Giver {
    const edges = this.edgesFrom(node).filter((edge) => edge.target === target)
    const changing = edges.filter(({ transform }) => transform !== undefined).length
    const transforms = changing === 0 ? 'none' : changing === edges.length ? 'all' : 'some'
    return { node, transforms, isPlain: edges.some(isPlain) }
  }

  #tells(node: number, givers: readonly Giver[]): InputRule['by'] {
    const [only] = givers
    const isOne = givers.length === 1
    if (givers.every((giver) => this.#alwaysGives(giver)) && (isOne || !this.#graph.isAny(node))) {
      return 'completion'
    }
    return only && isOne && this.#isEnteredByEdgesOnly(node, only) ? 'activation' : 'note'
  }

  /** Whether it takes an edge to the node whenever it completes with a result. */
  #alwaysGives({ node, isPlain: isDefault }: Giver): boolean {
    const { uses, config } = this.#graph.node(node)
    const edges = this.edgesFrom(node)
    // One that fails counts as completed where another stands in for it, and has given nothing.
    if (!isDefault || config?.fallback !== undefined) return false
    // Edges without an action are passed by where one with an action is taken; of a controller, where a condition holds.
    return !edges.some(({ action, condition }) => action || (uses === 'loop-controller' && condition))
  }

  /** Nothing starts with it, it stands in for nobody, and it does not run as what follows where no edge is taken. */
  #isEnteredByEdgesOnly(node: number, giver: Giver): boolean {
    const { id } = this.#graph.node(node)
    if (this.#graph.startNodes.includes(node) || this.#standsInFor.has(id)) return false
    const hasCondition = (this.#incoming.get(id) ?? []).some(({ condition }) => condition)
    return hasCondition || this.edgesFrom(giver.node).some(isPlain)
  }

  #fallbackOf(node: number | undefined): number | undefined {
    const fallback = node === undefined ? undefined : this.#graph.node(node).config?.fallback
    return fallback === undefined ? undefined : this.#graph.find(fallback)
  }
}

function nameOf({ source, target, action, condition }: EdgeDefinition): string {
  return [source, target, action ?? '', condition ?? ''].join('-')
}

function isPlain({ action, condition }: EdgeDefinition): boolean {
  return !action && !condition
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key)
  if (values) values.push(value)
  else map.set(key, [value])
}

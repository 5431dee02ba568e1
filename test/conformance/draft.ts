/**
 * A random blueprint while it is made, once for the kit and once for the engine in memory. Where the engine is known to
 * be broken (docs/limits.md), its side is built so that it need not do what it cannot, and ends as the guides promise:
 * a wait is a node that gives the event, a sleep passes its input on, a batch has no `chunkSize`, and a loop with more
 * than the simplest body is unrolled: its nodes in round 2 are called `<id>@2`, and `folded` makes one of them.
 */
import type { EdgeDefinition, NodeImplementation, WorkflowBlueprint } from 'flowcraft'
import { graph, type NodeSpec, type Setup } from './case.ts'
import type { Plan } from './plan.ts'

export type Side = 'kit' | 'memory'

type Answers = NonNullable<Setup['answers']>

/** What the blueprint of a run and those of its subflows have in common. */
interface Shared {
  readonly side: Side
  readonly builtIn: Record<string, NodeImplementation>
  readonly blueprints: WorkflowBlueprint[]
  readonly answers: Record<string, Answers[string]>
  /** Nodes in memory that stand for what the engine brings along, whose calls nobody counts. */
  readonly standIns: Set<string>
  /** Nodes each of whose tries is an execution of its own. */
  readonly triesApart: Set<string>
}

export class Draft {
  readonly side: Side
  readonly shared: Shared
  /** What the names of its nodes begin with, so that those of a subflow have others. */
  readonly prefix: string
  readonly isChild: boolean
  readonly #style: Plan['ids']
  readonly #noCheckpoints: Plan['noCheckpoints']
  readonly #nodes: Record<string, NodeSpec> = {}
  readonly #edges: EdgeDefinition[] = []
  #round = ''

  constructor(
    side: Side,
    { ids, noCheckpoints }: Pick<Plan, 'ids' | 'noCheckpoints'>,
    parent?: { shared: Shared; prefix: string },
  ) {
    this.side = side
    this.#style = ids
    this.#noCheckpoints = noCheckpoints
    this.prefix = parent?.prefix ?? 'n'
    this.isChild = parent !== undefined
    this.shared = parent?.shared ?? {
      side,
      builtIn: {},
      blueprints: [],
      answers: {},
      standIns: new Set(),
      triesApart: new Set(),
    }
  }

  /** A node's id, in the round of the loop that is being unrolled. */
  id(name: string): string {
    return `${this.#style === 'odd' ? `${name}.#é ☃` : name}${this.#round}`
  }

  /** Adds a node and gives its id. */
  add(name: string, spec: NodeSpec): string {
    const id = this.id(name)
    const isSecond = Object.keys(this.#nodes).length % 2 === 1
    const hasNone = this.#noCheckpoints === 'all' || (this.#noCheckpoints === 'some' && isSecond)
    this.#nodes[id] = hasNone ? { ...spec, checkpoint: false } : spec
    return id
  }

  edge(source: string, target: string, more: Omit<EdgeDefinition, 'source' | 'target'> = {}): void {
    this.#edges.push({ source, target, ...more })
  }

  /** For the kit what the engine brings along, in memory what comes to the same. */
  addEither(name: string, kit: NodeSpec, memory: NodeSpec['run']): string {
    if (this.side === 'kit') return this.add(name, kit)
    const { any, inputs } = kit
    const id = this.add(name, { run: memory, ...(any && { any }), ...(inputs !== undefined && { inputs }) })
    this.shared.standIns.add(id)
    return id
  }

  /** What `make` adds belongs to this round of a loop. */
  inRound<T>(round: number, make: () => T): T {
    const outer = this.#round
    this.#round = `${outer}@${round}`
    try {
      return make()
    } finally {
      this.#round = outer
    }
  }

  toSetup(id: string, more: Partial<Setup> = {}): Setup {
    const { builtIn, blueprints, answers } = this.shared
    const setup = graph(this.#nodes, this.#edges, { builtIn, blueprints, answers, ...more })
    return { ...setup, blueprint: { ...setup.blueprint, id } }
  }

  /** Makes this draft a blueprint that a subflow can name. */
  toChild(id: string): string {
    const { blueprint, registry } = graph(this.#nodes, this.#edges)
    Object.assign(this.shared.builtIn, registry)
    this.shared.blueprints.push({ ...blueprint, id })
    return id
  }
}

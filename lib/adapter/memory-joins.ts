/** Joins of n of m for the engine in memory. */
import type { IOrchestrator, NodeDefinition, WorkflowState } from 'flowcraft'
import { joinProblems } from '../core/blueprints/join-problems.ts'
import { FlowcraftAwsError } from '../core/common/errors.ts'
import { joinInput } from '../core/execution/join-input.ts'
import { arrivesAt, inOrderOfEdges, type JoinInput, type Quorum, quorumsOf } from '../core/protocol/quorum.ts'

type State = WorkflowState<Record<string, unknown>>
type Context = Parameters<IOrchestrator['run']>[0]
type Traverser = Parameters<IOrchestrator['run']>[1]

/** Where a run that waits keeps who has arrived, since the engine begins it anew when it is resumed. */
const KEPT = '_joins'

interface Kept {
  readonly arrived: Readonly<Record<string, readonly string[]>>
  readonly completed: readonly string[]
}

/** Who has arrived at the joins of one run. */
class Arrivals {
  readonly #arrived: Map<string, Set<string>>
  /** Who made a join fire, the last time that it did. */
  readonly #counted = new Map<string, ReadonlySet<string>>()
  /** Joins that have fired and that nobody has begun since. */
  readonly #due = new Set<string>()
  readonly #quorums: ReadonlyMap<string, Quorum>
  readonly #traverser: Traverser
  readonly #context: Context

  constructor(context: Context, traverser: Traverser, quorums: ReadonlyMap<string, Quorum>, kept?: Kept) {
    this.#context = context
    this.#traverser = traverser
    this.#quorums = quorums
    const arrived = Object.entries(kept?.arrived ?? {})
    this.#arrived = new Map(arrived.map(([join, ids]) => [join, new Set(ids)]))
    this.#watch()
    const done = context.state.getCompletedNodes()
    for (const [join, { count }] of quorums)
      if ((this.#arrived.get(join)?.size ?? 0) >= count && !done.has(join)) this.#fire(join)
  }

  /** The engine takes such a join for an 'any' join: it is ready once it has fired, and not before or again. */
  #watch(): void {
    const traverser = this.#traverser
    const [complete, reset] = [traverser.markNodeCompleted, traverser.resetNodeCompletion]
    const [add, getReady] = [traverser.addToFrontier, traverser.getReadyNodes]
    traverser.markNodeCompleted = (nodeId, result, next) => {
      // First, since a loop that goes round by this forgets who arrived. No join is a fallback, which would be named here.
      this.arrive(nodeId, next)
      complete.call(traverser, nodeId, result, next)
    }
    traverser.resetNodeCompletion = (nodeId) => {
      reset.call(traverser, nodeId)
      this.#arrived.delete(nodeId)
    }
    // By an orchestrator that puts back what it was not to begin.
    traverser.addToFrontier = (nodeId) => {
      if (this.#quorums.has(nodeId)) this.#due.add(nodeId)
      add.call(traverser, nodeId)
    }
    traverser.getReadyNodes = () => {
      const ready = getReady.call(traverser)
      return ready.filter(({ nodeId }) => !this.#quorums.has(nodeId) || this.#due.delete(nodeId))
    }
  }

  arrive(nodeId: string, next: readonly NodeDefinition[]): void {
    const ids = next.map(({ id }) => id)
    for (const join of arrivesAt(this.#quorums, nodeId, ids)) {
      const arrived = this.#arrived.get(join) ?? new Set()
      const { count } = this.#quorums.get(join) as Quorum
      if (arrived.size >= count || arrived.has(nodeId)) continue
      this.#arrived.set(join, arrived.add(nodeId))
      if (arrived.size >= count) this.#fire(join)
    }
  }

  #fire(join: string): void {
    this.#counted.set(join, new Set(this.#arrived.get(join)))
    this.#traverser.addToFrontier(join)
  }

  async inputOf(join: string): Promise<JoinInput> {
    const { blueprint, state } = this.#context
    const ids = inOrderOfEdges(blueprint, join, this.#counted.get(join) ?? new Set())
    return joinInput(ids, async (key) => state.getContext().get(key))
  }

  toKept(): Kept {
    const arrived = [...this.#arrived].map(([join, ids]) => [join, [...ids]] as const)
    return { arrived: Object.fromEntries(arrived), completed: [...this.#context.state.getCompletedNodes()] }
  }
}

/** By the state of a run, since the engine tells an executor no more of it. */
const underWay = new WeakMap<object, { readonly traverser: Traverser; readonly arrivals: Arrivals }>()

export function withJoins(runtime: { orchestrator: IOrchestrator }): void {
  const engine = runtime.orchestrator
  const run: IOrchestrator['run'] = async (context, traverser) => {
    const quorums = quorumsOf(context.blueprint)
    if (quorums.size === 0) return engine.run(context, traverser)
    const before = underWay.get(context.state)
    const arrivals =
      before?.traverser === traverser ? before.arrivals : await begin(context, traverser, quorums)
    const result = await engine.run(context, traverser)
    if (result.status !== 'awaiting') return result
    await context.state.getContext().set(KEPT, arrivals.toKept())
    return {
      ...(await context.state.toResult(context.services.serializer, context.executionId)),
      status: result.status,
    }
  }
  runtime.orchestrator = { run }
}

async function begin(
  context: Context,
  traverser: Traverser,
  quorums: ReadonlyMap<string, Quorum>,
): Promise<Arrivals> {
  const { blueprint, state, runtime, executionId } = context
  const [problem] = joinProblems(blueprint, (uses) => uses)
  if (problem !== undefined) throw new FlowcraftAwsError('INVALID_BLUEPRINT', problem)
  const seen = state.getContext()
  const kept = (await seen.get(KEPT)) as Kept | undefined
  if (kept) await seen.delete(KEPT)
  for (const { nodeId } of traverser.getReadyNodes())
    if (!quorums.has(nodeId)) traverser.addToFrontier(nodeId)
  const arrivals = new Arrivals(context, traverser, quorums, kept)
  // What the engine has completed since, with what it was resumed with.
  for (const nodeId of kept ? state.getCompletedNodes() : []) {
    if (kept?.completed.includes(nodeId)) continue
    const result = { output: (await seen.get(`_outputs.${nodeId}`)) as unknown }
    const taken = await runtime.determineNextNodes(blueprint, nodeId, result, seen, executionId)
    arrivals.arrive(
      nodeId,
      taken.map(({ node }) => node),
    )
  }
  underWay.set(state, { traverser, arrivals })
  return arrivals
}

export async function joinInputInMemory(state: State, nodeId: string): Promise<JoinInput | undefined> {
  return underWay.get(state)?.arrivals.inputOf(nodeId)
}

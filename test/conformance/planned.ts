/** What a plan means: its blueprint for the kit, and one for memory that must come to the same. */
import type { RuntimeOptions } from 'flowcraft'
import { type Expectation, failing, type NodeSpec, rounds, type Setup, tally, value } from './case.ts'
import { Draft, type Side } from './draft.ts'
import { comparedInputs, type Outcome } from './outcome.ts'
import { type Ends, Parts } from './parts.ts'
import { alwaysNode, behaviour, howManyArrived, inputsOf, ofJoin, repeatedly } from './plain-nodes.ts'
import type { EdgePlan, NodePlan, PartPlan, Plan } from './plan.ts'
import { edgesOf, isLoop, joinCountOf, runsAlways, shapeOf } from './planned-edges.ts'
import { ComparisonEvaluator, RichSerializer, ThrowingEvaluator } from './plugins.ts'

const INPUT = { yes: true, no: false, path: { deep: 'given' } }

export function setupOf(plan: Plan): Setup {
  return made(plan, 'kit').toSetup('case', { input: INPUT, options: optionsOf(plan) })
}

/** What a user plugs in, new for each run. */
function optionsOf({ evaluator, serializer }: Plan): RuntimeOptions {
  return {
    ...(evaluator === 'own' && { evaluator: new ComparisonEvaluator() }),
    ...(evaluator === 'throwing' && { evaluator: new ThrowingEvaluator('nobody') }),
    ...(serializer === 'rich' && { serializer: new RichSerializer() }),
  }
}

export interface Reference {
  readonly setup: Setup
  /** An outcome of it as the kit's should be. */
  expected(outcome: Outcome): Expectation
}

/** What to run in memory. */
export function referenceOf(plan: Plan): Reference {
  const draft = made(plan, 'memory')
  const inputs = comparedInputs(setupOf(plan).blueprint)
  return {
    setup: draft.toSetup('case', { input: INPUT, options: optionsOf(plan) }),
    expected: (outcome) => {
      const { standIns, triesApart } = draft.shared
      const { executions, calls } = outcome
      const own = Object.entries(calls).filter(([id]) => !standIns.has(id))
      const apart = Object.entries(executions).map(([id, count]): [string, number] => [
        id,
        triesApart.has(id) ? (calls[id] ?? count) : count,
      ])
      // What two nodes could give a node of a loop is one node's to give in each of its unrolled rounds.
      const { context, ...rest } = shown(outcome)
      const compared = Object.entries(context).filter(
        ([key]) => !key.startsWith('_inputs.') || inputs.has(key),
      )
      return {
        outcome: {
          ...rest,
          context: Object.fromEntries(compared),
          calls: summed(own),
          executions: summed(apart),
        },
        commits: summed(Object.entries(executions)),
      }
    },
  }
}

const OWN_KEY =
  /^_executionId$|^_inputs\.|^_batch\.|_(currentIndex|hasMore|allWorkerIds)$|_[0-9a-f-]{36}_\d+$/

/**
 * An outcome without what may differ where a subflow's whole context or its error is shown, and with the nodes of
 * unrolled loops as one, whose last round counts.
 */
export function shown(outcome: Outcome): Outcome {
  const { status, context, errors } = folded(outcome)
  const inputs = Object.entries(outcome.context).filter(([key]) => key.startsWith('_inputs.'))
  return {
    status,
    context: { ...context, ...Object.fromEntries(folded(inputs)) },
    // In memory messages vanish, and which of several errors of a subflow comes first depends on order.
    errors: errors.map((line) => line.replace(/( did not complete successfully\. Status: \w+\.) .*$/, '$1')),
    executions: summed(Object.entries(outcome.executions)),
    calls: summed(Object.entries(outcome.calls)),
  }
}

/** Without the engine's own keys inside, and without what tells the rounds of an unrolled loop. */
function folded<T>(value: T): T {
  const text = JSON.stringify(value).replaceAll(/@\d+/g, '')
  return JSON.parse(text, (key, inner: unknown) => (OWN_KEY.test(key) ? undefined : inner)) as T
}

function summed(counts: readonly (readonly [string, number])[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const [id, count] of counts) {
    const name = id.replaceAll(/@\d+/g, '')
    sums[name] = (sums[name] ?? 0) + count
  }
  return sums
}

function made(plan: Plan, side: Side): Draft {
  const draft = new Draft(side, plan)
  fill(draft, plan)
  return draft
}

/** Edges lead from lower to higher numbers; cycles come from the shape of a node only. */
function fill(draft: Draft, plan: Plan): void {
  const edges = edgesOf(plan)
  const filler = new Filler(draft, plan, edges)
  plan.nodes.forEach((_, index) => filler.addNode(index))
  for (const edge of edges) filler.addEdge(edge)
}

class Filler {
  readonly #draft: Draft
  readonly #plan: Plan
  readonly #edges: readonly EdgePlan[]
  readonly #parts: Parts
  readonly #ends: Ends[] = []
  readonly #isBulky: boolean

  constructor(draft: Draft, plan: Plan, edges: readonly EdgePlan[]) {
    this.#draft = draft
    this.#plan = plan
    this.#edges = edges
    this.#parts = new Parts(draft, fill)
    this.#isBulky = JSON.stringify(plan).includes('"bulky"')
  }

  addNode(index: number): void {
    const planned = this.#plan.nodes[index] as NodePlan
    const name = `${this.#draft.prefix}${index}`
    if (typeof planned.shape === 'object') {
      const sources = this.#sources(index)
      // What a join without inputs gets is documented to differ.
      const inputs =
        sources.length > 1 ? Object.fromEntries(sources.map((id, at) => [`from${at}`, id])) : undefined
      const fallback = this.#standIn(index)
      const entry = { ...(planned.any && { any: true }), ...(inputs && { inputs }), ...fallback }
      this.#ends[index] = this.#parts.add(name, this.#answerable(planned.shape, index), entry)
    } else if (planned.shape === 'node') {
      const id = this.#draft.add(name, this.#plainNode(planned, index))
      this.#ends[index] = { first: id, last: id }
    } else {
      this.#addLoop(name, planned.shape, index)
    }
  }

  /** An event whose action no edge names is refused: then it has one that an edge does name. */
  #answerable(shape: PartPlan, index: number): PartPlan {
    if (shape.kind !== 'wait') return shape
    // Edges to nodes that run in any case are not followed.
    const edges = this.#edges.filter(({ from, to }) => from === index && !this.#isAlways(to))
    const actions = edges.flatMap(({ action }) => action ?? [])
    const plain = edges.filter(({ action }) => action === undefined)
    const [first] = actions
    const isNamed = actions.some((action) => action === shape.answer)
    const hasNone = shape.answer === 'yes' || shape.answer === 'nothing'
    const isTaken = hasNone ? plain.length > 0 : plain.some(({ condition }) => condition === undefined)
    return first === undefined || isNamed || isTaken ? shape : { ...shape, answer: first }
  }

  addEdge({ from, to, action, condition, transform: drawn }: EdgePlan): void {
    const source = (this.#ends[from] as Ends).last
    const target = (this.#ends[to] as Ends).first
    const transform = this.#transformed(from, to, drawn)
    if (this.#isAlways(to)) return this.#draft.edge(source, target)
    const shape = this.#plan.nodes[from]?.shape
    const isFromLoop = isLoop(this.#plan.nodes[from])
    const own =
      shape === 'cycle' ? { action: 'done' } : isFromLoop ? { action: 'break' } : { action, condition }
    const more = Object.entries({ ...own, transform }).filter(([, given]) => given !== undefined)
    this.#draft.edge(source, target, Object.fromEntries(more))
  }

  /** Where several nodes give a node its input, a transform of what another gave is documented to differ. */
  #transformed(from: number, to: number, transform: EdgePlan['transform']): EdgePlan['transform'] {
    if (transform === undefined || this.#joinCount(to) !== undefined) return undefined
    const isSeveral = this.#isGivenBySeveral(to)
    if (isSeveral && this.#plan.nodes[to]?.shape !== 'node') return undefined
    // A context in a context in a context: large enough without a large value in it.
    // And what the nodes left that a node has made is documented to differ.
    const isMaker = shapeOf(this.#plan.nodes[from]) === 'made'
    if (transform === 'context' && (this.#isBulky || isMaker)) return 'context.path'
    return isSeveral && transform.startsWith('input') ? 'context.path.deep' : transform
  }

  /** Not where one of them only stands in for another: then one of the two gives it. */
  #isGivenBySeveral(to: number): boolean {
    const givers = this.#edges.filter((edge) => edge.to === to).map(({ from }) => from)
    const standIns = givers.flatMap((from) => this.#standInOf(from) ?? [])
    const apart = [...givers, ...standIns].map((from) => this.#onlyStandsInFor(from) ?? from)
    return new Set(apart).size > 1
  }

  /** The node that this one stands in for, where it runs for no other reason. */
  #onlyStandsInFor(index: number): number | undefined {
    if (this.#edges.some(({ to }) => to === index)) return undefined
    const users = this.#plan.nodes.flatMap((_, at) => (this.#standInOf(at) === index ? [at] : []))
    return users.length === 1 ? users[0] : undefined
  }

  /** Ids of the nodes that lead to one. */
  #sources(index: number): string[] {
    const entries = this.#edges.filter(({ to }) => to === index)
    return [...new Set(entries.map(({ from }) => (this.#ends[from] as Ends).last))]
  }

  /** Loops that the engine in memory goes round in by itself. */
  #addLoop(name: string, shape: NodePlan['shape'] & string, index: number): void {
    const draft = this.#draft
    const count = 1 + (index % 3)
    const first = draft.id(name)
    if (!this.#edges.some(({ to }) => to === index))
      draft.edge(draft.add(`${name}in`, { run: value('in') }), first)
    if (shape === 'cycle') {
      draft.add(name, { run: rounds(`rounds ${name}`, count), any: true })
      draft.edge(first, first, { action: 'again' })
      this.#ends[index] = { first, last: first }
      return
    }
    draft.add(name, { any: true, run: repeatedly(name, count) })
    const loop = draft.add(`${name}loop`, { run: 'loop-controller', params: { condition: `again${name}` } })
    draft.edge(loop, first, { action: 'continue' })
    // Without an edge for it, `break` restarts the loop for ever, in memory too.
    draft.edge(loop, draft.add(`${name}end`, { run: value('ended') }), { action: 'break' })
    this.#ends[index] = { first, last: loop }
    if (shape === 'loopFan') {
      const join = draft.add(`${name}join`, { run: tally(`${name}join`) })
      for (const part of ['b', 'c']) {
        const id = draft.add(`${name}${part}`, { run: tally(`${name}${part}`) })
        draft.edge(first, id)
        draft.edge(id, join)
      }
      draft.edge(join, loop)
      return
    }
    const isRescued = shape === 'loopFallback'
    const spare = isRescued ? draft.add(`${name}plan`, { run: tally(`${name}plan`) }) : undefined
    const run = isRescued ? failing(`${name}b broke`) : tally(`${name}b`)
    const body = draft.add(`${name}b`, { run, ...(spare !== undefined && { fallback: spare }) })
    draft.edge(first, body)
    draft.edge(body, loop)
  }

  #joinCount(index: number): number | undefined {
    if (this.#isAlways(index)) return undefined
    return joinCountOf(this.#plan, index, this.#sources(index).length)
  }

  #isAlways(index: number): boolean {
    return runsAlways(this.#plan, index) && this.#edges.some(({ to }) => to === index)
  }

  #plainNode(planned: NodePlan, index: number): NodeSpec {
    const { any, throws } = planned
    const sources = this.#sources(index)
    const entries = this.#edges.filter(({ to }) => to === index)
    const isBehindLoop = entries.some(({ from }) => isLoop(this.#plan.nodes[from]))
    const id = this.#draft.id(`${this.#draft.prefix}${index}`)
    const inputs = inputsOf(planned.inputs, sources, id)
    // An input that an edge transformed takes the place of `inputs`.
    const isOwn = !!inputs && !entries.some(({ transform }) => transform !== undefined)
    if (this.#isAlways(index)) return alwaysNode(planned, index, { id, inputs })
    const does = sources.length > 1 ? ofJoin(planned.does, isOwn, isBehindLoop) : planned.does
    const joinCount = this.#joinCount(index)
    const isTold = joinCount !== undefined && inputs === undefined && planned.does === 'echo'
    return {
      run: isTold ? howManyArrived : behaviour(does, index, { id, throws }),
      ...(any ? { any } : {}),
      ...(joinCount === undefined ? {} : { joinCount }),
      ...(inputs === undefined ? {} : { inputs }),
      ...this.#standIn(index),
    }
  }

  #standIn(index: number): { fallback?: string } {
    const standIn = this.#standInOf(index)
    return standIn === undefined ? {} : { fallback: this.#draft.id(`${this.#draft.prefix}${standIn}`) }
  }

  /** The number of the node that stands in for one. */
  #standInOf(index: number): number | undefined {
    const { fallback, shape } = this.#plan.nodes[index] as NodePlan
    if (shape !== 'node' && shapeOf(this.#plan.nodes[index]) !== 'subflow') return undefined
    const standIn = fallback === undefined ? undefined : fallback % this.#plan.nodes.length
    if (standIn === undefined || standIn <= index || this.#plan.nodes[standIn]?.shape !== 'node')
      return undefined
    if (runsAlways(this.#plan, standIn) || runsAlways(this.#plan, index)) return undefined
    return standIn
  }
}

/** What a plan means: its blueprint for the kit, and one for memory that must come to the same. */
import { type Expectation, failing, type NodeSpec, rounds, type Setup, tally, value } from './case.ts'
import { Draft, type Side } from './draft.ts'
import { comparedInputs, type Outcome } from './outcome.ts'
import { type Ends, Parts } from './parts.ts'
import { behaviour, inputsOf, ofJoin, repeatedly } from './plain-nodes.ts'
import type { EdgePlan, NodePlan, Plan } from './plan.ts'

const INPUT = { yes: true, no: false, path: { deep: 'given' } }

export function setupOf(plan: Plan): Setup {
  return made(plan, 'kit').toSetup('case', { input: INPUT })
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
    setup: draft.toSetup('case', { input: INPUT }),
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
  const draft = new Draft(side, plan.ids)
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

const shapeOf = (node: NodePlan | undefined) =>
  typeof node?.shape === 'object' ? node.shape.kind : (node?.shape ?? 'node')

/** Whether the engine itself goes round in it. */
function isLoop(node: NodePlan | undefined): boolean {
  const shape = node?.shape
  return typeof shape === 'string' && shape !== 'node'
}

function edgesOf(plan: Plan): EdgePlan[] {
  const count = plan.nodes.length
  const kept: EdgePlan[] = []
  for (const { from: one, to: other, kind } of plan.edges) {
    const [from, to] = [Math.min(one, other) % count, Math.max(one, other) % count]
    const entries = kept.filter((edge) => edge.to === to)
    if (from >= to || entries.some((edge) => edge.from === from && edge.kind === kind)) continue
    if (isEnteredOnce(plan, to, [from, ...entries.map((edge) => edge.from)]) && entries.length > 0) continue
    kept.push({ from, to, kind })
  }
  return kept
}

/**
 * What begins a cycle is entered once; so is what a raw cycle leads to, else it is due with each round. And a
 * controller that goes on counts as completed, so that what joins behind it, and may fail, is due once or twice.
 */
function isEnteredOnce(plan: Plan, to: number, sources: readonly number[]): boolean {
  const target = plan.nodes[to]
  if (isLoop(target)) return true
  const before = sources.map((index) => plan.nodes[index])
  return before.some((node) => node?.shape === 'cycle' || (shapeOf(target) !== 'node' && isLoop(node)))
}

class Filler {
  readonly #draft: Draft
  readonly #plan: Plan
  readonly #edges: readonly EdgePlan[]
  readonly #parts: Parts
  readonly #ends: Ends[] = []

  constructor(draft: Draft, plan: Plan, edges: readonly EdgePlan[]) {
    this.#draft = draft
    this.#plan = plan
    this.#edges = edges
    this.#parts = new Parts(draft, fill)
  }

  addNode(index: number): void {
    const planned = this.#plan.nodes[index] as NodePlan
    const name = `${this.#draft.prefix}${index}`
    if (typeof planned.shape === 'object') {
      const sources = this.#sources(index)
      // What a join without inputs gets is documented to differ.
      const inputs =
        sources.length > 1 ? Object.fromEntries(sources.map((id, at) => [`from${at}`, id])) : undefined
      const fallback = planned.shape.kind === 'subflow' ? this.#standIn(planned, index) : {}
      const entry = { ...(planned.any && { any: true }), ...(inputs && { inputs }), ...fallback }
      this.#ends[index] = this.#parts.add(name, planned.shape, entry)
    } else if (planned.shape === 'node') {
      const id = this.#draft.add(name, this.#plainNode(planned, index))
      this.#ends[index] = { first: id, last: id }
    } else {
      this.#addLoop(name, planned.shape, index)
    }
  }

  addEdge({ from, to, kind }: EdgePlan): void {
    const draft = this.#draft
    const source = (this.#ends[from] as Ends).last
    const target = (this.#ends[to] as Ends).first
    const shape = this.#plan.nodes[from]?.shape
    if (shape === 'cycle') return draft.edge(source, target, { action: 'done' })
    if (isLoop(this.#plan.nodes[from])) return draft.edge(source, target, { action: 'break' })
    switch (kind) {
      case 'plain':
        return draft.edge(source, target)
      case 'left':
      case 'right':
        return draft.edge(source, target, { action: kind })
      case 'condition':
        return draft.edge(source, target, { condition: 'result.output.yes' })
      case 'no':
        return draft.edge(source, target, { condition: 'result.output.no' })
      case 'transform': {
        // Where a join has no inputs, the engine applies a transform to what the edge applied before it brought.
        const isJoin = this.#edges.filter((other) => other.to === to).length > 1
        return draft.edge(source, target, isJoin ? {} : { transform: 'input.from' })
      }
      default: {
        const never: never = kind
        return never
      }
    }
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

  #plainNode(planned: NodePlan, index: number): NodeSpec {
    const { does, any } = planned
    const sources = this.#sources(index)
    const entries = this.#edges.filter(({ to }) => to === index)
    const isBehindLoop = entries.some(({ from }) => isLoop(this.#plan.nodes[from]))
    const inputs = inputsOf(planned.inputs, sources)
    return {
      run: behaviour(sources.length > 1 ? ofJoin(does, inputs !== undefined, isBehindLoop) : does, index),
      ...(any ? { any } : {}),
      ...(inputs === undefined ? {} : { inputs }),
      ...this.#standIn(planned, index),
    }
  }

  #standIn({ fallback }: NodePlan, index: number): { fallback?: string } {
    const standIn = fallback === undefined ? undefined : fallback % this.#plan.nodes.length
    if (standIn === undefined || standIn <= index || this.#plan.nodes[standIn]?.shape !== 'node') return {}
    return { fallback: this.#draft.id(`${this.#draft.prefix}${standIn}`) }
  }
}

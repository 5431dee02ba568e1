/** The parts of a random blueprint: each adds its nodes to a draft and tells where it begins and where it ends. */
import type { EdgeDefinition, NodeContext } from 'flowcraft'
import { echo, failing, type NodeSpec, tally, trail, value } from './case.ts'
import { Draft } from './draft.ts'
import { answerOf, breaking, counting, failingFirst, triesOf, workerOf } from './part-nodes.ts'
import type { LinkPlan, PartPlan, Plan } from './plan.ts'

/** How the first node of a part is entered. */
export type Entry = Pick<NodeSpec, 'any' | 'inputs' | 'fallback'>

export interface Ends {
  readonly first: string
  readonly last: string
}

/** Makes a plan's nodes in a draft; given by `planned.ts`, which makes parts. */
export type Fill = (draft: Draft, plan: Plan) => void

export class Parts {
  readonly #draft: Draft
  readonly #fill: Fill

  constructor(draft: Draft, fill: Fill) {
    this.#draft = draft
    this.#fill = fill
  }

  add(name: string, part: PartPlan, entry: Entry = {}): Ends {
    const draft = this.#draft
    const node = (spec: NodeSpec) => one(draft.add(name, { ...entry, ...spec }))
    const either = (kit: NodeSpec, memory: NodeSpec['run']) =>
      one(draft.addEither(name, { ...entry, ...kit }, memory))
    switch (part.kind) {
      case 'trail':
        return node({ run: trail(name) })
      case 'aside':
        return this.#aside(name, entry)
      case 'fan':
        return this.#fan(name, entry)
      case 'rescued':
        return this.#rescued(name, entry)
      case 'wait': {
        const { output, action } = answerOf(name, part.answer)
        draft.shared.answers[draft.id(name)] = { output, ...(action && { action }) }
        return either({ run: 'wait' }, value(output, action))
      }
      case 'sleep':
        return either({ run: 'sleep', params: { duration: part.duration } }, echo)
      case 'batch':
        return this.#batch(name, part, entry)
      case 'made':
        return node({ run: this.#making(name, part.count, part.fails) })
      case 'flaky':
        return this.#flaky(name, part, entry)
      case 'breaks':
        return node({ run: breaking(name, part.round) })
      case 'bulky':
        return node({ run: value({ yes: true, text: 'lorem '.repeat((part.kilobytes * 1024) / 6) }) })
      case 'subflow':
        return this.#subflow(name, part, entry)
      case 'rounds':
        return this.#rounds(name, part, entry)
      default: {
        const never: never = part
        return never
      }
    }
  }

  /** With a branch that ends beside it. */
  #aside(name: string, entry: Entry): Ends {
    const draft = this.#draft
    const first = draft.add(name, { ...entry, run: value({ yes: true }) })
    draft.edge(first, draft.add(`${name}leaf`, { run: tally(`${name}leaf`) }))
    return one(first)
  }

  #fan(name: string, entry: Entry): Ends {
    const draft = this.#draft
    const first = draft.add(name, { ...entry, run: value({ yes: true, fan: name }) })
    const last = draft.add(`${name}join`, { run: tally(`${name}join`) })
    for (const branch of ['b', 'c']) {
      const id = draft.add(`${name}${branch}`, { run: tally(`${name}${branch}`) })
      draft.edge(first, id)
      draft.edge(id, last)
    }
    return { first, last }
  }

  /** Always fails, and is stood in for by a node with the same way on. */
  #rescued(name: string, entry: Entry): Ends {
    const draft = this.#draft
    const spare = draft.add(`${name}spare`, { run: tally(`${name}spare`) })
    const first = draft.add(name, { ...entry, run: failing(`${name} broke`), fallback: spare })
    const last = draft.add(`${name}after`, { run: trail(`${name}after`) })
    draft.edge(first, last)
    return { first, last }
  }

  #batch(
    name: string,
    { items, worker, chunk, perMessage }: PartPlan & { kind: 'batch' },
    entry: Entry,
  ): Ends {
    const draft = this.#draft
    const first = draft.add(name, { ...entry, run: value(Array.from({ length: items }, (_, n) => ({ n }))) })
    const [scatter, gather] = [draft.id(`${name}_scatter`), draft.id(`${name}_gather`)]
    const workerUsesKey = `${name}worker`
    draft.shared.builtIn[workerUsesKey] = workerOf(name, worker)
    const outputKey = `results ${name}`
    const params: Record<string, unknown> = { workerUsesKey, outputKey, gatherNodeId: gather }
    // Where an item fails, nobody promises whether the rounds after it run.
    if (draft.side === 'kit' && chunk > 0 && worker !== 'fail') params['chunkSize'] = chunk
    if (perMessage > 0) params['itemsPerMessage'] = perMessage
    const retry = worker === 'flaky' ? { retry: { delay: 1 } } : {}
    draft.add(`${name}_scatter`, { run: 'batch-scatter', inputs: first, params, ...retry })
    draft.add(`${name}_gather`, { run: 'batch-gather', params: { outputKey, gatherNodeId: gather } })
    draft.edge(first, scatter)
    draft.edge(scatter, gather)
    return { first, last: gather }
  }

  #making(name: string, count: number, fails: boolean): NodeSpec['run'] {
    const uses = `${name}made`
    const { builtIn } = this.#draft.shared
    builtIn[uses] = async ({ input, params }: NodeContext) => {
      if (fails && params['at'] === 1) throw new Error(`${name} made something bad`)
      return { output: [params['at'], input ?? null] }
    }
    const ids = Array.from({ length: count }, (_, at) => this.#draft.id(`${name}made${at}`))
    const dynamicNodes = ids.map((id, at) => ({
      id,
      uses,
      params: { at },
      ...(at === 0 && { inputs: 'path' }),
    }))
    return async () => ({ output: { yes: true }, dynamicNodes })
  }

  #flaky(name: string, part: PartPlan & { kind: 'flaky' }, entry: Entry): Ends {
    const draft = this.#draft
    // The calls of a subflow's nodes are not counted, so nobody could tell how many executions to expect.
    const byQueue = part.byQueue && !draft.isChild
    const run = failingFirst(name, part.failures)
    const id = draft.add(name, { ...entry, run, ...triesOf(part, byQueue, draft.side) })
    if (byQueue) draft.shared.triesApart.add(id)
    return one(id)
  }

  #subflow(name: string, part: PartPlan & { kind: 'subflow' }, entry: Entry): Ends {
    const draft = this.#draft
    const blueprintId = `child ${name}`
    const { shared } = draft
    // In a loop it is the same in each round.
    if (!shared.blueprints.some(({ id }) => id === blueprintId)) {
      const child = new Draft(draft.side, part.child, { shared, prefix: `${name}m` })
      this.#fill(child, part.child)
      child.toChild(blueprintId)
    }
    const inputs = { path: 'path', yes: 'yes', absent: 'nobody', key: 'no' }
    const outputs = { [`from ${name}`]: `${name}m0`, [`key of ${name}`]: 'yes' }
    const params = { blueprintId, ...(part.explicit && { inputs }), ...(part.outputs && { outputs }) }
    return one(draft.add(name, { ...entry, run: 'subflow', params }))
  }

  #rounds(name: string, part: PartPlan & { kind: 'rounds' }, entry: Entry): Ends {
    const draft = this.#draft
    const first = draft.add(name, { ...entry, run: value({ yes: true }) })
    const ends = draft.side === 'kit' ? this.#loop(name, part) : this.#unrolled(name, part)
    if (part.entered === undefined) draft.edge(first, ends.first)
    else this.#enterBy(name, part.entered, first, ends.first)
    return { first, last: ends.last }
  }

  /** Two ways lead into the loop, of which one is taken. */
  #enterBy(name: string, way: 'left' | 'right', from: string, to: string): void {
    const draft = this.#draft
    const turn = draft.add(`${name}turn`, { run: value({ yes: true }, way) })
    draft.edge(from, turn)
    for (const action of ['left', 'right']) {
      const id = draft.add(`${name}${action}`, { run: trail(`${name}${action}`) })
      draft.edge(turn, id, { action })
      draft.edge(id, to)
    }
  }

  /** A head that counts, the parts, a controller, and a node behind it. */
  #loop(name: string, part: PartPlan & { kind: 'rounds' }): Ends {
    const draft = this.#draft
    const { rounds } = part
    const first = draft.add(`${name}head`, { any: true, run: counting(name, rounds) })
    const loop = draft.add(`${name}loop`, {
      run: 'loop-controller',
      params: { condition: `again${name}` },
    })
    draft.edge(this.#row(name, first, part), loop)
    draft.edge(loop, first, { action: 'continue' })
    const last = draft.add(`${name}end`, { run: value('ended') })
    draft.edge(loop, last, { action: 'break' })
    return { first, last }
  }

  /** What that loop comes to, one round after the other. */
  #unrolled(name: string, part: PartPlan & { kind: 'rounds' }): Ends {
    const draft = this.#draft
    const { rounds } = part
    const last = draft.add(`${name}end`, { run: value('ended') })
    const all = Array.from({ length: rounds }, (_, at) =>
      draft.inRound(at + 1, () => {
        // The first one may be entered by one of two ways.
        const first = draft.add(`${name}head`, { any: true, run: counting(name, rounds) })
        const result = at + 1 < rounds ? async () => ({ action: 'continue' }) : value(null, 'break')
        const loop = draft.addEither(`${name}loop`, { run: 'loop-controller' }, result)
        draft.edge(this.#row(name, first, part), loop)
        return { first, loop }
      }),
    )
    all.forEach(({ loop }, at) => draft.edge(loop, all[at + 1]?.first ?? last))
    return { first: (all[0] as { first: string }).first, last }
  }

  #row(name: string, first: string, { parts, links = [] }: PartPlan & { kind: 'rounds' }): string {
    return parts.reduce((before, part, at) => {
      const ends = this.add(`${name}p${at}`, part)
      for (const more of linkOf(links[at])) this.#draft.edge(before, ends.first, more)
      return ends.last
    }, first)
  }
}

/** The edges to a part of a loop, of which one at least is taken. */
function linkOf(link: LinkPlan | undefined): Omit<EdgeDefinition, 'source' | 'target'>[] {
  switch (link) {
    case 'transform':
      return [{ transform: 'input.round' }]
    case 'both':
      return [{}, { condition: 'yes', transform: 'input.round' }]
    case 'first':
      return [{}, { condition: 'no', transform: 'input.round' }]
    default:
      return [{}]
  }
}

function one(id: string): Ends {
  return { first: id, last: id }
}

/**
 * Reads the context of a run as one snapshot of its header shows it: keys as flowcraft names them (`_outputs.X`,
 * `X`, `_inputs.X`, and what user code set), wherever their values are (`stored-texts.ts`). Reads only; caches what it read.
 */
import { names, parseInlineValue } from '../protocol/inline-value.ts'
import type { Giver } from '../protocol/input-rules.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import {
  type ActivationKey,
  activationKey,
  isDone,
  parseActivationKey,
  type RunState,
} from '../protocol/run-state.ts'
import type { RunStore } from '../store/run-store.ts'
import type { ErrorRecord } from './error-record.ts'
import { type LostValue, unlessLost } from './lost.ts'
import { type Found, StoredTexts } from './stored-texts.ts'
import type { ValueStore } from './value-store.ts'

export interface RunReaderOptions {
  readonly graph: RunGraph
  readonly run: RunState
  readonly store: Pick<RunStore, 'readPage' | 'readAll'>
  readonly values: ValueStore
}

/** For a run that has none yet, or has lost it: only its input and values by their stored names can be read. */
export const NO_GRAPH = { find: () => undefined, blueprint: { nodes: [] } } as unknown as RunGraph

export class RunReader {
  readonly #graph: RunGraph
  readonly #run: RunState
  readonly #store: Pick<RunStore, 'readPage' | 'readAll'>
  readonly #values: ValueStore
  readonly #texts: StoredTexts
  readonly #found = new Map<string, Promise<Found>>()
  #all: Promise<Record<string, unknown>> | undefined
  #active: ReadonlySet<number> | undefined

  constructor(options: RunReaderOptions) {
    this.#graph = options.graph
    this.#run = options.run
    this.#store = options.store
    this.#values = options.values
    this.#texts = new StoredTexts(options)
  }

  /** Number of commits that this snapshot shows. */
  get seq(): number {
    return this.#run.seq
  }

  /** A reader of another state of the same run. */
  at(run: RunState): RunReader {
    return new RunReader({ graph: this.#graph, run, store: this.#store, values: this.#values })
  }

  /** Whether a key that is not in the header may be elsewhere. */
  get hasMore(): boolean {
    return this.#texts.hasMore
  }

  /** The stored text of a key that user code set; no request where its value was read before. */
  textOf(key: string): Promise<string | undefined> {
    return this.#texts.text(names.user(key))
  }

  /** The value of one context key. `source` names the node whose edge feeds the node that `_inputs.` asks for. */
  find(key: string, source?: number): Promise<Found> {
    const id = `${source ?? ''} ${key}`
    let found = this.#found.get(id)
    if (!found) this.#found.set(id, (found = this.#find(key, source)))
    return found
  }

  /** The whole context. */
  all(): Promise<Record<string, unknown>> {
    this.#all ??= this.#readAll()
    return this.#all
  }

  /** The context as far as it is there, for whoever looks at the run: what is lost is added to `lost`. */
  allBut(lost: LostValue[]): Promise<Record<string, unknown>> {
    return this.#readAll(lost)
  }

  /** The errors of a run's nodes and of their items. Of those that are lost `lost` tells, where it is given. */
  async errors(lost?: LostValue[], isWanted?: (name: string) => boolean): Promise<ErrorRecord[]> {
    return [...(await this.#errorsByName(lost, isWanted)).values()]
  }

  /** The errors of nodes, without those of items. */
  async errorsByActivation(lost: LostValue[]): Promise<ReadonlyMap<ActivationKey, ErrorRecord>> {
    const found = [...(await this.#errorsByName(lost))]
    return new Map(
      found.flatMap(([name, error]) => {
        const key = /^x(\d+\.\d+)$/.exec(name)?.[1]
        return key === undefined ? [] : [[key as ActivationKey, error]]
      }),
    )
  }

  async #errorsByName(
    lost: LostValue[] | undefined,
    isWanted = (name: string) => name.startsWith('x'),
  ): Promise<Map<string, ErrorRecord>> {
    const stored = await unlessLost('_errors', lost, () => this.#texts.texts(false))
    const texts = stored ?? this.#run.inlineValues
    const decode = (encoded: string) => this.#values.decodeError(encoded)
    const found = new Map<string, ErrorRecord>()
    const reads = [...texts].map(async ([name, text]) => {
      if (!isWanted(name)) return
      const error = await unlessLost(`_errors.${name.slice(1)}`, lost, () => this.#texts.decode(text, decode))
      if (error) found.set(name, error.value as ErrorRecord)
    })
    await Promise.all(reads)
    // In the order of the names, whichever was read first.
    return new Map(
      [...texts.keys()].flatMap((name) => (found.has(name) ? [[name, found.get(name) as ErrorRecord]] : [])),
    )
  }

  /** The value under a stored name: an output that its node has not completed with, say. */
  async stored(name: string): Promise<Found> {
    return this.#texts.decode(await this.#texts.text(name))
  }

  /** Whether an edge to the node, or the one from `by`, has transformed its input. */
  async isTransformed(node: number, by?: number): Promise<boolean> {
    for (const giver of this.#graph.inputs.of(node).givers) {
      if (giver.transforms === 'none' || (by !== undefined && giver.node !== by)) continue
      if ((await this.#texts.text(names.input(node, giver.node))) !== undefined) return true
    }
    return false
  }

  /**
   * What the new output of `source` leaves to be said about the input of `node`, to which it may lead: `text` to be
   * kept under `names.kept`, where `source` gave its last output and does not give the new one; `isKept` where such a
   * text stands.
   */
  async keptFor(node: number, source: number): Promise<{ isKept: boolean; text?: string }> {
    // What never ran was given nothing, unless it waits for others.
    if (!this.#graph.isCountedJoin(node) && !(await this.#hasBegun(node))) return { isKept: false }
    const kept = await this.#texts.text(names.kept(node, source))
    if (kept !== undefined && parseInlineValue(kept).kind !== '-') return { isKept: true }
    const given = await this.#texts.text(names.input(node, source))
    const isTransformed = given !== undefined && parseInlineValue(given).kind !== '-'
    if (isTransformed || (await this.#giver(node)) !== source) return { isKept: false }
    return { isKept: false, text: await this.#texts.text(names.output(source)) }
  }

  async #find(key: string, source: number | undefined): Promise<Found> {
    if (key.startsWith('_outputs.')) {
      const node = this.#graph.find(key.slice('_outputs.'.length))
      const output = node === undefined ? undefined : await this.#output(node)
      if (output) return output
    } else if (key.startsWith('_inputs.')) {
      const node = this.#graph.find(key.slice('_inputs.'.length))
      const input = node === undefined ? undefined : await this.#input(node, source)
      if (input) return input
    } else {
      const node = this.#graph.find(key)
      const output = node === undefined ? undefined : await this.#output(node)
      if (output) return output
    }
    return this.#texts.decode(await this.#texts.text(names.user(key)))
  }

  async #output(node: number): Promise<Found> {
    const done = isDone(this.#run.done, node)
    // A node of a loop keeps the output of its last round while the next one is under way.
    if (!done && !this.#graph.repeatable.has(node)) return undefined
    const text = await this.#texts.text(names.output(node))
    // What runs once and gives an undefined output leaves no text.
    if (text === undefined)
      return done && !this.#graph.repeatable.has(node) ? { value: undefined } : undefined
    return this.#texts.decode(text)
  }

  async #input(node: number, given: number | undefined): Promise<Found> {
    if (given !== undefined) return this.#given(node, given)
    const { givers, by } = this.#graph.inputs.of(node)
    if (by !== 'completion') {
      const giver = await this.#giver(node)
      return giver === undefined ? undefined : ((await this.#kept(node, giver)) ?? this.#given(node, giver))
    }
    const last = givers.toReversed()
    // Those that have completed in this round of a loop come before those that did in an earlier one.
    const present = last.filter((giver) => isDone(this.#run.done, giver.node))
    return this.#firstGiven([...present, ...last.filter((giver) => !present.includes(giver))], node)
  }

  async #firstGiven(givers: readonly Giver[], node: number): Promise<Found> {
    for (const giver of givers) {
      if (!isDone(this.#run.done, giver.node) && !this.#graph.repeatable.has(giver.node)) continue
      const found = await this.#given(node, giver.node)
      if (found) return found
    }
    return undefined
  }

  /** What the edge from `source` that was taken last gave. */
  async #given(node: number, source: number): Promise<Found> {
    const transforms = this.#graph.inputs.giver(source, node)?.transforms ?? 'none'
    if (transforms === 'none') return this.#output(source)
    const found = await this.#texts.decode(await this.#texts.text(names.input(node, source)))
    // No such value, or one that was taken back: then the edge without a transform was taken.
    return found ?? (transforms === 'some' ? this.#output(source) : undefined)
  }

  /** Who gave a node its input last, where the completed nodes do not tell. */
  async #giver(node: number): Promise<number | undefined> {
    const { givers, by } = this.#graph.inputs.of(node)
    if (by === 'activation') return (await this.#hasBegun(node)) ? givers[0]?.node : undefined
    const text = await this.#texts.text(names.source(node))
    if (text !== undefined) return Number(parseInlineValue(text).body)
    // Earlier versions of this package noted nothing where all edges to a join are plain.
    if (!givers.every(({ isPlain }) => isPlain) || !(await this.#hasBegun(node))) return undefined
    return givers.findLast((giver) => isDone(this.#run.done, giver.node))?.node
  }

  async #kept(node: number, source: number): Promise<Found> {
    if (!this.#graph.repeatable.has(source)) return undefined
    return this.#texts.decode(await this.#texts.text(names.kept(node, source)))
  }

  /** Whether the node was ever scheduled. */
  async #hasBegun(node: number): Promise<boolean> {
    const run = this.#run
    if (isDone(run.done, node) || run.iterations.has(node)) return true
    this.#active ??= new Set([...run.active.keys()].map((key) => parseActivationKey(key).node))
    if (this.#active.has(node)) return true
    return (await this.#texts.text(names.error(activationKey(node, 1)))) !== undefined
  }

  async #readAll(lost?: LostValue[]): Promise<Record<string, unknown>> {
    const whole = await unlessLost('_keysSetTogether', lost, () => this.#texts.texts(true))
    const rest = whole ?? (await unlessLost('_forked', lost, () => this.#texts.texts(false)))
    const texts = rest ?? this.#run.inlineValues
    const reader = new RunReader({
      graph: this.#graph,
      run: { ...this.#run, inlineValues: texts, offloaded: false },
      store: this.#store,
      values: this.#values,
    })
    const wanted = this.#graph.blueprint.nodes.flatMap(({ id }) => [`_inputs.${id}`, `_outputs.${id}`, id])
    const user = [...texts.keys()].filter((name) => name.startsWith(':')).map((name) => name.slice(1))
    const context = new Map<string, unknown>()
    await Promise.all(
      [...new Set([...user, ...wanted])].map(async (key) => {
        const found = await unlessLost(key, lost, () => reader.find(key))
        if (found) context.set(key, found.value)
      }),
    )
    // Own properties, '__proto__' too.
    return Object.fromEntries(context)
  }
}

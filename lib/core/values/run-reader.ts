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
  readonly store: Pick<RunStore, 'readPage' | 'readAll' | 'readPacks'>
  readonly values: ValueStore
}

/** Where a value is; without a text it is undefined, and stored nowhere. */
interface Located {
  readonly name: string
  readonly text?: string
}

/** For a run that has none yet, or has lost it: only its input and values by their stored names can be read. */
export const NO_GRAPH = { find: () => undefined, blueprint: { nodes: [] } } as unknown as RunGraph

export class RunReader {
  readonly #graph: RunGraph
  readonly #run: RunState
  readonly #store: Pick<RunStore, 'readPage' | 'readAll' | 'readPacks'>
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
    const texts = new Map([...(stored ?? this.#run.inlineValues)].filter(([name]) => isWanted(name)))
    await this.#texts.fetch(texts)
    const found = new Map<string, ErrorRecord>()
    for (const [name, text] of texts) {
      const error = await unlessLost(`_errors.${name.slice(1)}`, lost, () => this.#texts.value(name, text))
      if (error) found.set(name, error.value as ErrorRecord)
    }
    return found
  }

  /** The value under a stored name: an output that its node has not completed with, say. */
  async stored(name: string): Promise<Found> {
    return this.#value(await this.#there(name))
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
    return this.#value(await this.#locate(key, source))
  }

  async #value(located: Located | undefined): Promise<Found> {
    return located?.text === undefined
      ? located && { value: undefined }
      : this.#texts.value(located.name, located.text)
  }

  /** What is stored under a name, unless it was deleted. */
  async #there(name: string): Promise<Located | undefined> {
    const text = await this.#texts.text(name)
    return text === undefined || parseInlineValue(text).kind === '-' ? undefined : { name, text }
  }

  async #locate(key: string, source?: number): Promise<Located | undefined> {
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
    return this.#there(names.user(key))
  }

  async #output(node: number): Promise<Located | undefined> {
    const done = isDone(this.#run.done, node)
    // A node of a loop keeps the output of its last round while the next one is under way.
    if (!done && !this.#graph.repeatable.has(node)) return undefined
    const name = names.output(node)
    if ((await this.#texts.text(name)) !== undefined) return this.#there(name)
    // What runs once and gives an undefined output leaves no text.
    return done && !this.#graph.repeatable.has(node) ? { name } : undefined
  }

  async #input(node: number, given: number | undefined): Promise<Located | undefined> {
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

  async #firstGiven(givers: readonly Giver[], node: number): Promise<Located | undefined> {
    for (const giver of givers) {
      if (!isDone(this.#run.done, giver.node) && !this.#graph.repeatable.has(giver.node)) continue
      const found = await this.#given(node, giver.node)
      if (found) return found
    }
    return undefined
  }

  /** What the edge from `source` that was taken last gave. */
  async #given(node: number, source: number): Promise<Located | undefined> {
    const transforms = this.#graph.inputs.giver(source, node)?.transforms ?? 'none'
    if (transforms === 'none') return this.#output(source)
    const found = await this.#there(names.input(node, source))
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

  async #kept(node: number, source: number): Promise<Located | undefined> {
    if (!this.#graph.repeatable.has(source)) return undefined
    return this.#there(names.kept(node, source))
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
    const located = new Map<string, Located>()
    for (const key of new Set([...user, ...wanted])) {
      const place = await reader.#locate(key)
      if (place) located.set(key, place)
    }
    await reader.#texts.fetch(
      new Map([...located.values()].flatMap(({ name, text }) => (text === undefined ? [] : [[name, text]]))),
    )
    const context = new Map<string, unknown>()
    for (const [key, place] of located) {
      const found = await unlessLost(key, lost, () => reader.#value(place))
      if (found) context.set(key, found.value)
    }
    // Own properties, '__proto__' too.
    return Object.fromEntries(context)
  }
}

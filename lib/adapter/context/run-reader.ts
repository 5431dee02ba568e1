/**
 * Reads the context of a run as one snapshot of its header shows it: keys as flowcraft names them (`_outputs.X`,
 * `X`, `_inputs.X`, and what user code set), wherever their values are. Reads only; caches what it read.
 */
import type { RunGraph } from '../graph.ts'
import { isDone, type RunState } from '../run-state.ts'
import type { RunStore } from '../store/run-store.ts'
import { names, pageOf, parseRider } from '../values/rider.ts'
import type { ValueStore } from '../values/value-store.ts'

/** A key's value; `undefined` as a whole where the context has no such key. */
export type Found = { readonly value: unknown } | undefined

export interface RunReaderOptions {
  readonly graph: RunGraph
  readonly run: RunState
  readonly store: Pick<RunStore, 'readPage' | 'readAll'>
  readonly values: ValueStore
}

export class RunReader {
  readonly #graph: RunGraph
  readonly #run: RunState
  readonly #store: Pick<RunStore, 'readPage' | 'readAll'>
  readonly #values: ValueStore
  readonly #pages = new Map<string, Promise<ReadonlyMap<string, string>>>()
  readonly #found = new Map<string, Promise<Found>>()
  #all: Promise<Record<string, unknown>> | undefined

  constructor(options: RunReaderOptions) {
    this.#graph = options.graph
    this.#run = options.run
    this.#store = options.store
    this.#values = options.values
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

  /** The values of all names that begin with `prefix`: the errors of a run, say. */
  async named(prefix: string): Promise<unknown[]> {
    const texts = await this.#texts()
    const values = [...texts]
      .filter(([name]) => name.startsWith(prefix))
      .map(([, text]) => this.#decode(text))
    return (await Promise.all(values)).flatMap((found) => (found ? [found.value] : []))
  }

  /** The value under a stored name: an output that its node has not completed with, say. */
  async stored(name: string): Promise<Found> {
    return this.#decode(await this.#text(name))
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
    return this.#decode(await this.#text(names.user(key)))
  }

  async #output(node: number): Promise<Found> {
    const done = isDone(this.#run.done, node)
    // A node of a loop keeps the output of its last round while the next one is under way.
    if (!done && !this.#graph.repeatable.has(node)) return undefined
    const text = await this.#text(names.output(node))
    if (text === undefined) return done ? { value: undefined } : undefined
    return this.#decode(text)
  }

  async #input(node: number, given: number | undefined): Promise<Found> {
    const source = given ?? (await this.#sourceOf(node))
    if (source === undefined) return undefined
    if (!this.#graph.transforms(source, node)) return this.#output(source)
    return this.#decode(await this.#text(names.input(node, source)))
  }

  async #sourceOf(node: number): Promise<number | undefined> {
    const fixed = this.#graph.staticSource(node)
    if (fixed !== undefined) return fixed
    const text = await this.#text(names.source(node))
    return text === undefined ? undefined : Number(parseRider(text).body)
  }

  async #text(name: string): Promise<string | undefined> {
    const rider = this.#run.riders.get(name)
    if (rider !== undefined || !this.#run.spilled) return rider
    const page = pageOf(name)
    let entries = this.#pages.get(page)
    if (!entries) this.#pages.set(page, (entries = this.#store.readPage(this.#run.runId, page)))
    return (await entries).get(name)
  }

  async #decode(text: string | undefined): Promise<Found> {
    if (text === undefined) return undefined
    const { writer, kind, body } = parseRider(text)
    if (kind === '-') return undefined
    if (kind === 'u') return { value: undefined }
    if (kind === '=') return { value: this.#values.decode(body) }
    const [, slot, reference] = /^([\d.]+)(.*)$/.exec(body) as unknown as [string, string, string]
    const stored = await this.#values.read(this.#run.runId, `${writer}#${slot}`, reference)
    return { value: this.#values.decode(stored) }
  }

  async #texts(): Promise<ReadonlyMap<string, string>> {
    if (!this.#run.spilled) return this.#run.riders
    const all = await this.#store.readAll(this.#run.runId)
    // The header of this snapshot wins over its pages; pages may be newer, which any reader may see.
    return new Map([...(all?.pages ?? []), ...this.#run.riders])
  }

  async #readAll(): Promise<Record<string, unknown>> {
    const texts = await this.#texts()
    const reader = new RunReader({
      graph: this.#graph,
      run: { ...this.#run, riders: texts, spilled: false },
      store: this.#store,
      values: this.#values,
    })
    const wanted = this.#graph.blueprint.nodes.flatMap(({ id }) => [`_inputs.${id}`, `_outputs.${id}`, id])
    const user = [...texts.keys()].filter((name) => name.startsWith(':')).map((name) => name.slice(1))
    const context: Record<string, unknown> = {}
    await Promise.all(
      [...new Set([...user, ...wanted])].map(async (key) => {
        const found = await reader.find(key)
        if (found) context[key] = found.value
      }),
    )
    return context
  }
}

/**
 * The stored texts of a run as one snapshot of its header shows them, by name: in the header, in the page that they were
 * moved to, or in a bundle of keys. Knows nothing of what the names mean (`run-reader.ts`). Reads only, each place once.
 */
import { isUserName, names, pageOf, parseInlineValue, parsePointer } from '../protocol/inline-value.ts'
import type { RunState } from '../protocol/run-state.ts'
import type { MovedEntries, RunStore } from '../store/run-store.ts'
import { type Bundle, bucketOf, bundlesIn, newestOf, readBucket, readBundle } from './bundle.ts'
import type { ValueStore } from './value-store.ts'

/** A value; `undefined` as a whole where there is none. */
export type Found = { readonly value: unknown } | undefined

export interface StoredTextsOptions {
  readonly run: RunState
  readonly store: Pick<RunStore, 'readPage' | 'readAll'>
  readonly values: ValueStore
}

export class StoredTexts {
  readonly #run: RunState
  readonly #store: Pick<RunStore, 'readPage' | 'readAll'>
  readonly #values: ValueStore
  readonly #bundles: readonly Bundle[]
  /** What a run began with that was forked, where its header had no room for it: names of all kinds. */
  readonly #base: Bundle | undefined
  readonly #pages = new Map<string, Promise<MovedEntries>>()
  readonly #buckets = new Map<string, Promise<ReadonlyMap<string, string>>>()
  #everything: Promise<ReadonlyMap<string, string>> | undefined

  constructor({ run, store, values }: StoredTextsOptions) {
    this.#run = run
    this.#store = store
    this.#values = values
    this.#bundles = bundlesIn(run.inlineValues)
    const isFork = run.forkedFrom !== undefined
    this.#base = isFork ? this.#bundles.find(({ name }) => name === names.bundle('')) : undefined
  }

  /** Whether a name that is not in the header may be elsewhere. */
  get hasMore(): boolean {
    return this.#run.offloaded || this.#bundles.length > 0
  }

  /** The text under a name, wherever it is. */
  async text(name: string): Promise<string | undefined> {
    const inlineValue = this.#run.inlineValues.get(name)
    if (inlineValue !== undefined) return inlineValue
    // Read as a whole before: what is asked for now must be of the same time.
    if (this.#everything && isUserName(name)) return (await this.#everything).get(name)
    const moved = this.#run.offloaded ? (await this.#page(pageOf(name))).get(name) : undefined
    const isUser = isUserName(name)
    for (const bundle of isUser ? this.#bundles : this.#base ? [this.#base] : []) {
      if (moved && moved.seq >= bundle.seq) break
      const text = (await this.#bucket(bundle, bucketOf(bundle, name))).get(name)
      if (text !== undefined) return text
    }
    return moved?.text
  }

  #page(page: string): Promise<MovedEntries> {
    let entries = this.#pages.get(page)
    if (!entries) this.#pages.set(page, (entries = this.#store.readPage(this.#run.runId, page)))
    return entries
  }

  #bucket(bundle: Bundle, at: number): Promise<ReadonlyMap<string, string>> {
    const id = `${bundle.name} ${at}`
    let entries = this.#buckets.get(id)
    if (!entries) this.#buckets.set(id, (entries = readBucket(this.#values, this.#run.runId, bundle, at)))
    return entries
  }

  /** The value that a text holds or points to. */
  async decode(
    text: string | undefined,
    decode = (encoded: string) => this.#values.decode(encoded),
  ): Promise<Found> {
    if (text === undefined) return undefined
    const { writer, kind, body } = parseInlineValue(text)
    if (kind === '-') return undefined
    if (kind === 'u') return { value: undefined }
    if (kind === '=') return { value: decode(body) }
    const { slot, reference, of = this.#run.runId } = parsePointer(body)
    const owner = of === '' ? (this.#run.forkedFrom ?? '') : of
    const stored = await this.#values.read(owner, `${writer}#${slot}`, reference)
    return { value: decode(stored) }
  }

  /** All that is stored by name; the keys of bundles where they are asked for, of any bundle. */
  texts(withBundles: boolean): Promise<ReadonlyMap<string, string>> {
    if (!withBundles) return this.#readTexts(false)
    this.#everything ??= this.#readTexts(true)
    return this.#everything
  }

  async #readTexts(withBundles: boolean): Promise<ReadonlyMap<string, string>> {
    const bundles = withBundles ? this.#bundles : this.#base ? [this.#base] : []
    if (!this.#run.offloaded && bundles.length === 0) return this.#run.inlineValues
    const all = this.#run.offloaded ? await this.#store.readAll(this.#run.runId) : undefined
    const read: [Bundle, ReadonlyMap<string, string>][] = []
    for (const bundle of bundles) {
      const entries = await readBundle(this.#values, this.#run.runId, bundle)
      read.push([bundle, withBundles ? entries : withoutUserNames(entries)])
    }
    // The header of this snapshot wins over its pages; pages may be newer, which any reader may see.
    const texts = new Map([...newestOf(all?.pages ?? new Map(), read), ...this.#run.inlineValues])
    for (const { name } of bundles) texts.delete(name)
    return texts
  }
}

function withoutUserNames(entries: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...entries].filter(([name]) => !isUserName(name)))
}

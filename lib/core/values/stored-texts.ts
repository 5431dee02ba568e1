/**
 * The stored texts of a run as one snapshot of its header shows them, by name: in the header, in the pack or page that they
 * were moved to, or in a bundle of keys. Knows nothing of what the names mean (`run-reader.ts`). Reads only, each place once.
 */
import {
  errorNamed,
  isUserName,
  names,
  pageOf,
  parseInlineValue,
  parsePointer,
} from '../protocol/inline-value.ts'
import { isOver, type RunState } from '../protocol/run-state.ts'
import type { MovedEntries, RunStore } from '../store/run-store.ts'
import { type Bundle, bucketOf, bundlesIn, newestOf, readBucket, readBundle } from './bundle.ts'
import type { ValuePlace, ValueStore } from './value-store.ts'

/** A value; `undefined` as a whole where there is none. */
export type Found = { readonly value: unknown } | undefined

interface NamedPlace extends ValuePlace {
  readonly name: string
}

export interface StoredTextsOptions {
  readonly run: RunState
  readonly store: Pick<RunStore, 'readPage' | 'readAll' | 'readPacks'>
  readonly values: ValueStore
}

export class StoredTexts {
  readonly #run: RunState
  readonly #store: Pick<RunStore, 'readPage' | 'readAll' | 'readPacks'>
  readonly #values: ValueStore
  readonly #bundles: readonly Bundle[]
  /** What a run began with that was forked, where its header had no room for it: names of all kinds. */
  readonly #base: Bundle | undefined
  readonly #pages = new Map<string, Promise<MovedEntries>>()
  readonly #buckets = new Map<string, Promise<ReadonlyMap<string, string>>>()
  readonly #found = new Map<string, Promise<Found>>()
  #all: ReturnType<RunStore['readAll']> | undefined
  #packs: Promise<MovedEntries> | undefined
  #everything: Promise<ReadonlyMap<string, string>> | undefined

  constructor({ run, store, values }: StoredTextsOptions) {
    this.#run = run
    this.#store = store
    this.#values = isOver(run) ? values.uncached : values
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
    const moved = (await this.#movedWith(name)).get(name)
    const isUser = isUserName(name)
    for (const bundle of isUser ? this.#bundles : this.#base ? [this.#base] : []) {
      if (moved && moved.seq >= bundle.seq) break
      const text = (await this.#bucket(bundle, bucketOf(bundle, name))).get(name)
      if (text !== undefined) return text
    }
    return moved?.text
  }

  /** What was moved out and may have this name: all of it, or one page. */
  async #movedWith(name: string): Promise<MovedEntries> {
    if (!this.#run.offloaded) return NOTHING
    return this.#run.format === 1 ? this.#page(pageOf(name)) : this.#inPacks()
  }

  #inPacks(): Promise<MovedEntries> {
    const { runId, packs = 0 } = this.#run
    this.#packs ??= this.#values.packs?.read(this.#store, this.#run) ?? this.#store.readPacks(runId, 1, packs)
    return this.#packs
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

  /** The value under a name whose text is this one; decoded once, whoever asks for it. */
  value(name: string, text: string): Promise<Found> {
    let found = this.#found.get(name)
    if (!found) this.#found.set(name, (found = this.#decode(name, text)))
    return found
  }

  /** Reads what these texts point to, many at a time. What cannot be read is told to whoever asks for the value. */
  async fetch(texts: ReadonlyMap<string, string>): Promise<void> {
    const [own, others]: [NamedPlace[], NamedPlace[]] = [[], []]
    for (const [name, text] of texts) {
      const place = this.#placeOf(text)
      if (place && !this.#found.has(name))
        (place.runId === this.#run.runId ? own : others).push({ ...place, name })
    }
    const take = async ({ name }: NamedPlace, read: () => Promise<string>) => {
      const found = read().then((stored) => ({ value: this.#decoded(name, stored) }))
      this.#found.set(name, found)
      await found.catch(() => {})
    }
    await this.#values.readMany(own, take)
    await this.#values.uncached.readMany(others, take)
  }

  async #decode(name: string, text: string): Promise<Found> {
    const { kind, body } = parseInlineValue(text)
    if (kind === '-') return undefined
    if (kind === 'u') return { value: undefined }
    if (kind === '=') return { value: this.#decoded(name, body) }
    const { runId, key, reference } = this.#placeOf(text) as ValuePlace
    // Those of a run that has ended are not for the cache.
    const values = runId === this.#run.runId ? this.#values : this.#values.uncached
    return { value: this.#decoded(name, await values.read(runId, key, reference)) }
  }

  #decoded(name: string, stored: string): unknown {
    return errorNamed(name) ? this.#values.decodeError(stored) : this.#values.decode(stored)
  }

  /** Where the value is that a text points to; undefined of one that holds it. */
  #placeOf(text: string): ValuePlace | undefined {
    const { writer, kind, body } = parseInlineValue(text)
    if (kind !== '@') return undefined
    const { slot, reference, of = this.#run.runId } = parsePointer(body)
    const runId = of === '' ? (this.#run.forkedFrom ?? '') : of
    return { runId, key: `${writer}#${slot}`, reference }
  }

  /** All that is stored by name; the keys of bundles where they are asked for, of any bundle. */
  texts(withBundles: boolean): Promise<ReadonlyMap<string, string>> {
    if (!withBundles) return this.#readTexts(false)
    this.#everything ??= this.#readTexts(true)
    return this.#everything
  }

  async #allMoved(): Promise<MovedEntries> {
    if (!this.#run.offloaded) return NOTHING
    if (this.#run.format !== 1) return this.#inPacks()
    this.#all ??= this.#store.readAll(this.#run.runId)
    return (await this.#all)?.pages ?? NOTHING
  }

  async #readTexts(withBundles: boolean): Promise<ReadonlyMap<string, string>> {
    const bundles = withBundles ? this.#bundles : this.#base ? [this.#base] : []
    if (!this.#run.offloaded && bundles.length === 0) return this.#run.inlineValues
    const moved = await this.#allMoved()
    const read: [Bundle, ReadonlyMap<string, string>][] = []
    for (const bundle of bundles) {
      const entries = await readBundle(this.#values, this.#run.runId, bundle)
      read.push([bundle, withBundles ? entries : withoutUserNames(entries)])
    }
    // The header of this snapshot wins over what was moved out, which may be newer, as any reader may see.
    const texts = new Map([...newestOf(moved, read), ...this.#run.inlineValues])
    for (const { name } of bundles) texts.delete(name)
    return texts
  }
}

const NOTHING: MovedEntries = new Map()

function withoutUserNames(entries: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...entries].filter(([name]) => !isUserName(name)))
}

/**
 * Values of any size: text by the user's serializer, compressed where that pays, then in the header (by the
 * caller), in an item of its own, in S3 where there is a bucket, or in several items where there is none.
 * Written before the commit that makes them visible and never changed, so a dead attempt's are never seen.
 */
import { type ISerializer, JsonSerializer } from 'flowcraft'
import pMap from 'p-map'
import type { CostCounter } from '../common/cost-counter.ts'
import { FlowcraftAwsError, messageOf, requestFailed } from '../common/errors.ts'
import { VALUE_ITEM_BYTES } from '../common/size-limits.ts'
import { isWellFormed } from '../common/texts.ts'
import type { RunStore, StoredValue } from '../store/run-store.ts'
import { compress, deflate, expand, notSerializable } from './compression.ts'
import type { ErrorRecord } from './error-record.ts'
import type { PackCache } from './pack-cache.ts'
import type { ValueCache } from './value-cache.ts'

/** Where values go that do not fit into an item; S3 in production. Objects are immutable. */
export interface BlobStore {
  /** Puts an object. A key is written by one attempt only. */
  put(key: string, bytes: Uint8Array): Promise<void>
  /** The bytes of an object; undefined where there is none. */
  get(key: string): Promise<Uint8Array | undefined>
}

/** One whose requests can be counted. */
export interface CountedBlobStore extends BlobStore {
  countedBy(counter: CostCounter): BlobStore
}

/** Marks a text that says where the value is: no serializer's text begins so. */
const REFERENCE = '\u0000'
/** The engine's JSON serializer drops what it cannot carry, or puts a note in its place, instead of failing. */
const NOT_CARRIED = /^\{(\}$|"_circularReference":)/

const NO_BUCKET = new Error('it is in a bucket, and this process was given none (bucketName)')

/** A value that is stored on its own. */
export interface ValuePlace {
  readonly runId: string
  /** Names writer, attempt and slot. */
  readonly key: string
  /** What `write` gave. */
  readonly reference: string
}

export interface ValueStoreOptions {
  readonly store: ItemStore
  /** @default - large values are kept in several items */
  readonly blobs?: BlobStore | CountedBlobStore
  /** What has more is no item: in bytes. @default VALUE_ITEM_BYTES */
  readonly itemBytes?: number
  readonly serializer: ISerializer
  /** Texts that are in this process, for whoever works on runs. @default - each is read when it is asked for */
  readonly cache?: ValueCache
  /** What was moved out of headers, likewise. @default - it is read by each who asks for some of it */
  readonly packs?: PackCache
  /** Whether many values are asked for in one request, which wants the permission for it. @default - one by one */
  readonly readsTogether?: boolean
}

type ItemStore = Pick<RunStore, 'putValue' | 'getValue'> & Partial<Pick<RunStore, 'getValues'>>

/** Values read at a time. */
const CONCURRENCY = 20

export class ValueStore {
  readonly #options: ValueStoreOptions
  readonly #store: ItemStore
  readonly #blobs: BlobStore | CountedBlobStore | undefined
  readonly #serializer: ISerializer
  readonly #cache: ValueCache | undefined
  /** Texts that are being read. */
  readonly #reading = new Map<string, Promise<string>>()

  constructor(options: ValueStoreOptions) {
    this.#options = options
    this.#store = options.store
    this.#blobs = options.blobs
    this.#serializer = options.serializer
    this.#cache = options.cache
  }

  /** The same values, over a store whose requests are counted, as those for objects are. */
  countedBy(store: ItemStore, counter: CostCounter): ValueStore {
    const blobs = this.#blobs && 'countedBy' in this.#blobs ? this.#blobs.countedBy(counter) : this.#blobs
    return new ValueStore({ ...this.#options, store, blobs })
  }

  /** The same values, each request for an object of which is made by `ask`, which may make it again. */
  askingBy(ask: <T>(request: () => Promise<T>) => Promise<T>): ValueStore {
    const blobs = this.#blobs
    if (!blobs) return this
    const asking: BlobStore = {
      put: (key, bytes) => ask(() => blobs.put(key, bytes)),
      get: (key) => ask(() => blobs.get(key)),
    }
    return new ValueStore({ ...this.#options, store: this.#store, blobs: asking })
  }

  /** The same values as they are in the table: of a run that is over the id may be another's before the cache forgets it. */
  get uncached(): ValueStore {
    return this.#cache ? new ValueStore({ ...this.#options, cache: undefined, packs: undefined }) : this
  }

  get packs(): PackCache | undefined {
    return this.#options.packs
  }

  /** The serializer's text of one value. @throws FlowcraftAwsError VALUE_NOT_SERIALIZABLE */
  encode(value: unknown, what: string): string {
    let text: unknown
    try {
      text = this.#serializer.serialize({ v: value })
    } catch (cause) {
      throw notSerializable(what, messageOf(cause), cause)
    }
    if (typeof text !== 'string') throw notSerializable(what, `the serializer gave ${typeof text}`)
    if (this.#serializer instanceof JsonSerializer && NOT_CARRIED.test(text)) {
      throw notSerializable(what, whyNot(value))
    }
    if (!isWellFormed(text)) throw notSerializable(what, 'its text holds half a character')
    return text
  }

  decode(text: string): unknown {
    return this.#serializer.deserialize(text)['v']
  }

  /** The text of an error, which a node's failure needs even where the serializer is what failed. */
  encodeError(error: ErrorRecord): string {
    try {
      return this.encode(error, 'the error of a node')
    } catch {
      return JSON.stringify({ v: error })
    }
  }

  decodeError(text: string): unknown {
    try {
      return this.decode(text)
    } catch {
      return (JSON.parse(text) as { v: unknown }).v
    }
  }

  /** Stores a text and returns the reference that `read` takes. `key` names writer, attempt and slot. */
  async write(runId: string, key: string, text: string): Promise<string> {
    const reference = await this.#write(runId, key, text)
    this.#cache?.put(runId, key, text)
    return reference
  }

  async #write(runId: string, key: string, text: string): Promise<string> {
    const value = await compress(text)
    const bytes = value.bytes ?? Buffer.from(text)
    if (bytes.byteLength <= (this.#options.itemBytes ?? VALUE_ITEM_BYTES)) {
      await this.#store.putValue(runId, key, value)
      return ''
    }
    if (this.#blobs) {
      await this.#blobs.put(blobKey(runId, key), value.bytes ?? (await deflate(text)))
      return '$'
    }
    const packed = value.bytes ?? (await deflate(text))
    const parts = Math.ceil(packed.byteLength / VALUE_ITEM_BYTES)
    for (let part = 0; part < parts; part++) {
      const slice = packed.subarray(part * VALUE_ITEM_BYTES, (part + 1) * VALUE_ITEM_BYTES)
      await this.#store.putValue(runId, `${key}#${part}`, { bytes: slice })
    }
    return `*${parts}`
  }

  /** As `write`, for whoever keeps no reference: `readNamed` finds it by its key. `isRead`: whether somebody soon will. */
  async writeNamed(runId: string, key: string, text: string, isRead = true): Promise<void> {
    const reference = await (isRead ? this.write(runId, key, text) : this.#write(runId, key, text))
    if (reference !== '') await this.#store.putValue(runId, key, { text: `${REFERENCE}${reference}` })
  }

  /** Whether it only says where a value is that `writeNamed` was given. */
  isReference({ text }: StoredValue): boolean {
    return text?.startsWith(REFERENCE) ?? false
  }

  async readNamed(runId: string, key: string): Promise<string> {
    return this.#known(runId, key, async () => {
      const value = await this.#part(runId, key)
      const { text } = value
      return text?.startsWith(REFERENCE)
        ? this.#read(runId, key, text.slice(REFERENCE.length))
        : expand(value)
    })
  }

  async read(runId: string, key: string, reference: string): Promise<string> {
    return this.#known(runId, key, () => this.#read(runId, key, reference))
  }

  /** Reads many, a few at a time: `take` is given each, and reads it. */
  async readMany<P extends ValuePlace>(
    places: readonly P[],
    take: (place: P, read: () => Promise<string>) => Promise<void>,
  ): Promise<void> {
    const found = await this.#together(places)
    const each = (place: P) => {
      const { runId, key, reference } = place
      const value = found.get(runId)?.get(key)
      return take(place, () => (value ? expand(value) : this.read(runId, key, reference)))
    }
    await pMap(places, each, { concurrency: CONCURRENCY })
  }

  /** Those that are items of their own, by run and key, as far as they are there. */
  async #together(places: readonly ValuePlace[]): Promise<Map<string, ReadonlyMap<string, StoredValue>>> {
    const found = new Map<string, ReadonlyMap<string, StoredValue>>()
    if (!this.#options.readsTogether || !this.#store.getValues || places.length < 2) return found
    for (const runId of new Set(places.map((place) => place.runId))) {
      const items = places.filter((place) => place.runId === runId && place.reference === '')
      found.set(runId, await this.#store.getValues(runId, new Set(items.map(({ key }) => key))))
    }
    return found
  }

  async #known(runId: string, key: string, read: () => Promise<string>): Promise<string> {
    const known = this.#cache?.get(runId, key)
    if (known !== undefined) return known
    // Items of one message ask for the same side by side.
    const id = `${runId}\n${key}`
    const reading = this.#reading.get(id) ?? read().finally(() => this.#reading.delete(id))
    this.#reading.set(id, reading)
    const text = await reading
    this.#cache?.put(runId, key, text)
    return text
  }

  async #read(runId: string, key: string, reference: string): Promise<string> {
    if (reference === '') return expand(await this.#part(runId, key))
    if (reference === '$') {
      // The value is there for those that have the bucket's name.
      if (!this.#blobs) throw requestFailed(`reading value '${key}' of run '${runId}'`, NO_BUCKET)
      const bytes = await this.#blobs.get(blobKey(runId, key))
      if (!bytes) throw lost(runId, key, 'the bucket has no such object')
      return expand({ bytes })
    }
    const parts = Array.from({ length: Number(reference.slice(1)) }, (_, part) =>
      this.#part(runId, `${key}#${part}`),
    )
    return expand({
      bytes: Buffer.concat((await Promise.all(parts)).map(({ bytes }) => bytes ?? Buffer.alloc(0))),
    })
  }

  async #part(runId: string, key: string): Promise<StoredValue> {
    const value = await this.#store.getValue(runId, key)
    if (!value) throw lost(runId, key, 'the table has no such item')
    return value
  }
}

function blobKey(runId: string, key: string): string {
  return `runs/${encodeURIComponent(runId)}/${encodeURIComponent(key)}`
}

/** The reason that the JSON serializer keeps to itself. */
function whyNot(value: unknown): string {
  try {
    JSON.stringify(value)
    return `it is a ${typeof value}`
  } catch (error) {
    return messageOf(error).split('\n', 1)[0] as string
  }
}

function lost(runId: string, key: string, why: string): FlowcraftAwsError {
  return new FlowcraftAwsError('VALUE_LOST', `value '${key}' of run '${runId}' is gone: ${why}`, { runId })
}

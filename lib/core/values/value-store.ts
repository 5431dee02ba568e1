/**
 * Values of any size: text by the user's serializer, compressed where that pays, then in the header (by the
 * caller), in an item of its own, in S3 where there is a bucket, or in several items where there is none.
 * Written before the commit that makes them visible and never changed, so a dead attempt's are never seen.
 */
import { promisify } from 'node:util'
import { deflateRaw, deflateRawSync, inflateRaw, inflateRawSync } from 'node:zlib'
import { type ISerializer, JsonSerializer } from 'flowcraft'
import type { CostCounter } from '../common/cost-counter.ts'
import { FlowcraftAwsError, messageOf, requestFailed } from '../common/errors.ts'
import { COMPRESS_FROM_BYTES, VALUE_ITEM_BYTES, VALUE_TEXT_BYTES } from '../common/size-limits.ts'
import { isWellFormed } from '../common/texts.ts'
import type { RunStore, StoredValue } from '../store/run-store.ts'
import type { ErrorRecord } from './error-record.ts'

const deflateLarge = promisify(deflateRaw)
const inflateLarge = promisify(inflateRaw)
/** Fewer bytes take less time here than on the way to another thread and back. */
const AT_ONCE_BYTES = 4_096

export async function deflate(text: string): Promise<Buffer> {
  return text.length <= AT_ONCE_BYTES ? deflateRawSync(text) : deflateLarge(text)
}

async function inflate(bytes: Uint8Array): Promise<Buffer> {
  const bound = { maxOutputLength: VALUE_TEXT_BYTES }
  return bytes.byteLength <= AT_ONCE_BYTES ? inflateRawSync(bytes, bound) : inflateLarge(bytes, bound)
}

/** Where values go that do not fit into an item; S3 in production. Objects are immutable. */
export interface BlobStore {
  put(key: string, bytes: Uint8Array): Promise<void>
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

export class ValueStore {
  readonly #store: Pick<RunStore, 'putValue' | 'getValue'>
  readonly #blobs: BlobStore | CountedBlobStore | undefined
  readonly #serializer: ISerializer

  constructor(options: {
    store: Pick<RunStore, 'putValue' | 'getValue'>
    blobs?: BlobStore | CountedBlobStore
    serializer: ISerializer
  }) {
    this.#store = options.store
    this.#blobs = options.blobs
    this.#serializer = options.serializer
  }

  /** The same values, over a store whose requests are counted, as those for objects are. */
  countedBy(store: Pick<RunStore, 'putValue' | 'getValue'>, counter: CostCounter): ValueStore {
    const blobs = this.#blobs && 'countedBy' in this.#blobs ? this.#blobs.countedBy(counter) : this.#blobs
    return new ValueStore({ store, blobs, serializer: this.#serializer })
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
    const value = await compress(text)
    const bytes = value.bytes ?? Buffer.from(text)
    if (bytes.byteLength <= VALUE_ITEM_BYTES) {
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

  /** As `write`, for whoever keeps no reference: `readNamed` finds it by its key. */
  async writeNamed(runId: string, key: string, text: string): Promise<void> {
    const reference = await this.write(runId, key, text)
    if (reference !== '') await this.#store.putValue(runId, key, { text: `${REFERENCE}${reference}` })
  }

  /** Whether it only says where a value is that `writeNamed` was given. */
  isReference({ text }: StoredValue): boolean {
    return text?.startsWith(REFERENCE) ?? false
  }

  async readNamed(runId: string, key: string): Promise<string> {
    const value = await this.#part(runId, key)
    const { text } = value
    return text?.startsWith(REFERENCE) ? this.read(runId, key, text.slice(REFERENCE.length)) : expand(value)
  }

  async read(runId: string, key: string, reference: string): Promise<string> {
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

/** A text as it is stored: compressed where that saves at least a tenth. */
export async function compress(text: string): Promise<StoredValue> {
  const plain = Buffer.byteLength(text)
  if (plain < COMPRESS_FROM_BYTES) return { text }
  if (plain > VALUE_TEXT_BYTES)
    throw notSerializable('a value', `its text has ${plain} bytes; at most ${VALUE_TEXT_BYTES}`)
  const bytes = await deflate(text)
  return bytes.byteLength < plain * 0.9 ? { bytes } : { text }
}

/**
 * The text that `compress` was given.
 * @throws FlowcraftAwsError VALUE_LOST where the bytes are no such text, or make more than any text has
 */
export async function expand(value: StoredValue): Promise<string> {
  if (value.text !== undefined) return value.text
  try {
    return (await inflate(value.bytes ?? Buffer.alloc(0))).toString('utf8')
  } catch (cause) {
    const why = `its bytes cannot be inflated: ${messageOf(cause)}`
    throw new FlowcraftAwsError('VALUE_LOST', `a stored value is lost: ${why}`, { cause })
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

function notSerializable(what: string, why: string, cause?: unknown): FlowcraftAwsError {
  return new FlowcraftAwsError('VALUE_NOT_SERIALIZABLE', `the serializer cannot carry ${what}: ${why}`, {
    cause,
  })
}

function lost(runId: string, key: string, why: string): FlowcraftAwsError {
  return new FlowcraftAwsError('VALUE_LOST', `value '${key}' of run '${runId}' is gone: ${why}`, { runId })
}

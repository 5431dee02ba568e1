/**
 * Writes the values that one activation, or a run's start, leaves. Small values become inline values of the commit; larger ones
 * are written here, before it, under names of their writer. A crash after such a write leaves a value that no committed
 * pointer names.
 */
import { createHash } from 'node:crypto'
import pMap from 'p-map'
import { FlowcraftAwsError } from '../common/errors.ts'
import {
  BUNDLED_VALUE_BYTES,
  COMMIT_BYTES,
  INLINE_VALUE_BYTES,
  INLINE_VALUES_BYTES,
} from '../common/size-limits.ts'
import { formatInlineValue, isUserName, names } from '../protocol/inline-value.ts'
import type { ActivationKey } from '../protocol/run-state.ts'
import { writeBundle } from './bundle.ts'
import { checkKey } from './context-key.ts'
import type { ErrorRecord } from './error-record.ts'
import type { ValueStore } from './value-store.ts'

/** What a commit puts into the header. */
export interface Flushed {
  readonly inlineValues: ReadonlyMap<string, string>
  /** Names that are in a bundle among them; the header must have no inline values of these. */
  readonly bundled: ReadonlySet<string>
}

/**
 * The inline values of a run's initial context. Large values are named by their content, as starts of one run id may come
 * with different inputs: only one of them becomes the run, and the others must not change its values.
 */
export async function inlineInput(
  values: ValueStore,
  runId: string,
  input: Readonly<Record<string, unknown>>,
): Promise<ReadonlyMap<string, string>> {
  return (await writeInput(values, runId, input)).inlineValues
}

/** The same, with the names of what is in a bundle. */
export async function writeInput(
  values: ValueStore,
  runId: string,
  input: Readonly<Record<string, unknown>>,
): Promise<Flushed> {
  const inlineValues = new ValueWriter(values, runId, '', contentNumber)
  for (const [name, value] of Object.entries(input)) {
    checkKey(name, ' of the input')
    inlineValues.set(names.user(name), value, `input '${name}'`)
  }
  return inlineValues.write()
}

/** As `writeInput`, where each key has a text of its own; `notes` are values by stored names. */
export async function inputTexts(
  values: ValueStore,
  runId: string,
  input: Readonly<Record<string, unknown>>,
  notes: ReadonlyMap<string, unknown>,
): Promise<Map<string, string>> {
  const writer = new ValueWriter(values, runId, '', contentNumber)
  for (const [name, value] of Object.entries(input)) writer.set(names.user(name), value, `input '${name}'`)
  for (const [name, value] of notes) writer.set(name, value, `value '${name}'`)
  return writer.texts()
}

/** A text as a number, since that is what names a value behind its writer. */
export function contentNumber(text: string): string {
  return BigInt(`0x${createHash('sha256').update(text).digest('hex').slice(0, 32)}`).toString()
}

/** Keys of user code beyond this number, or beyond so many bytes of names and values, go into a bundle. */
const RIDING_KEYS = 150
/** A pointer behind its writer: attempt and slot, or, for a value of the input, a hash; and how many parts. */
const POINTER_BYTES = { slot: 20, hash: 45 } as const
/** Values written at a time. */
const CONCURRENCY = 25

/** A value that is to be left: its text by the serializer, or none. */
interface Entry {
  readonly kind: '=' | 'u' | '-'
  readonly text: string
  readonly bytes: number
}

export class ValueWriter {
  readonly #entries = new Map<string, Entry>()
  readonly #copied = new Map<string, string>()
  readonly #values: ValueStore
  readonly #runId: string
  readonly #writer: ActivationKey | ''
  readonly #nameOf: (text: string, slot: number) => string
  #slots = 0

  constructor(
    values: ValueStore,
    runId: string,
    writer: ActivationKey | '',
    nameOf: (text: string, slot: number) => string,
  ) {
    this.#values = values
    this.#runId = runId
    this.#writer = writer
    this.#nameOf = nameOf
  }

  set(name: string, value: unknown, what: string): void {
    if (value === undefined) this.#leave(name, 'u', '')
    else this.#leave(name, '=', this.#values.encode(value, what))
  }

  setError(name: string, error: ErrorRecord): void {
    this.#leave(name, '=', this.#values.encodeError(error))
  }

  delete(name: string): void {
    this.#leave(name, '-', '')
  }

  /** The same value under another name, as its writer wrote it. */
  copy(name: string, text: string): void {
    this.#copied.set(name, text)
  }

  note(name: string, text: string): void {
    this.#leave(name, '=', text)
  }

  async write(): Promise<Flushed> {
    const bundled = this.#isBundled() ? [...this.#entries].filter(([name]) => isUserName(name)) : []
    for (const [name] of bundled) this.#entries.delete(name)
    const { inline, large } = this.#divided()
    const header = this.#headerBytes(inline, large)
    if (header > COMMIT_BYTES) {
      const what = `${this.#entries.size} of them need ${header} bytes; at most ${COMMIT_BYTES}`
      throw new FlowcraftAwsError(
        'VALUE_NOT_SERIALIZABLE',
        `too many values that one node gives others: ${what}`,
      )
    }
    const pointers = await this.#store(large)
    const inlineValues = new Map(this.#copied)
    for (const [name, text] of pointers) inlineValues.set(name, text)
    for (const [name, entry] of inline) inlineValues.set(name, this.#format(entry))
    if (bundled.length > 0) inlineValues.set(...(await this.#bundle(new Map(bundled))))
    return { inlineValues, bundled: new Set(bundled.map(([name]) => name)) }
  }

  /** Each on its own: what they are put into has room for all. */
  async texts(): Promise<Map<string, string>> {
    const large = [...this.#entries].filter(([, { bytes }]) => bytes > INLINE_VALUE_BYTES)
    const texts = await this.#store(new Map(large))
    for (const [name, entry] of this.#entries) {
      if (!texts.has(name)) texts.set(name, this.#format(entry))
    }
    return texts
  }

  #leave(name: string, kind: Entry['kind'], text: string): void {
    this.#entries.set(name, { kind, text, bytes: Buffer.byteLength(text) })
  }

  #isBundled(): boolean {
    const keys = [...this.#entries].filter(([name]) => isUserName(name))
    if (keys.length > RIDING_KEYS) return true
    const inline = keys.filter(([, { bytes }]) => bytes <= INLINE_VALUE_BYTES)
    return (
      inline.reduce((sum, [name, { bytes }]) => sum + Buffer.byteLength(name) + bytes, 0) >
      INLINE_VALUES_BYTES
    )
  }

  #divided(): { inline: Map<string, Entry>; large: Map<string, Entry> } {
    const inline = new Map<string, Entry>()
    const large = new Map<string, Entry>()
    let sum = 0
    for (const [name, entry] of this.#entries) {
      if (entry.bytes > INLINE_VALUE_BYTES || sum + entry.bytes > INLINE_VALUES_BYTES) {
        large.set(name, entry)
      } else {
        sum += entry.bytes
        inline.set(name, entry)
      }
    }
    return { inline, large }
  }

  #headerBytes(inline: ReadonlyMap<string, Entry>, large: ReadonlyMap<string, Entry>): number {
    const pointer = this.#writer === '' ? POINTER_BYTES.hash : POINTER_BYTES.slot
    let sum = 0
    for (const [name, text] of this.#copied) sum += Buffer.byteLength(name) + Buffer.byteLength(text)
    for (const [name, { bytes }] of inline) sum += Buffer.byteLength(name) + this.#writer.length + 1 + bytes
    for (const name of large.keys()) sum += Buffer.byteLength(name) + this.#writer.length + 1 + pointer
    return sum
  }

  #format({ kind, text }: Entry): string {
    return formatInlineValue({ writer: this.#writer, kind, body: text })
  }

  /** Stores each on its own, and gives the inline values that point to them. */
  async #store(large: ReadonlyMap<string, Entry>): Promise<Map<string, string>> {
    const all = [...large].map(([name, { text }]) => [name, text, this.#nameOf(text, this.#slots++)] as const)
    const pointers = new Map<string, string>()
    const store = async ([name, text, key]: (typeof all)[number]) => {
      const reference = await this.#values.write(this.#runId, `${this.#writer}#${key}`, text)
      const body = `${key}${reference}`
      pointers.set(name, formatInlineValue({ writer: this.#writer, kind: '@', body }))
    }
    await pMap(all, store, { concurrency: CONCURRENCY })
    return pointers
  }

  async #bundle(entries: ReadonlyMap<string, Entry>): Promise<[name: string, text: string]> {
    const large = new Map([...entries].filter(([, { bytes }]) => bytes > BUNDLED_VALUE_BYTES))
    const pointers = await this.#store(large)
    const texts = new Map<string, string>()
    for (const [name, entry] of entries) texts.set(name, pointers.get(name) ?? this.#format(entry))
    const base = this.#nameOf(JSON.stringify([...texts]), this.#slots++)
    return writeBundle(this.#values, this.#runId, { writer: this.#writer, base }, texts)
  }
}

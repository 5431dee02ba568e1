/**
 * The context a node sees: the run as one snapshot shows it, under the node's own writes, which stay in memory
 * until the activation commits. A failing store is remembered, so that it is never taken for the node's failure.
 */
import type { IAsyncContext, PatchOperation } from 'flowcraft'
import { isTrouble } from '../common/errors.ts'
import { contextKey, type Write } from '../values/context-key.ts'
import type { ErrorRecord } from '../values/error-record.ts'
import type { RunReader } from '../values/run-reader.ts'

export class ActivationContext implements IAsyncContext<Record<string, unknown>> {
  readonly type = 'async'
  /** Keys written so far, as `contextKey` has them: one that is no text cannot be stored. */
  readonly writes = new Map<unknown, Write>()
  /** Set when a read failed for reasons that are not the node's. */
  infrastructureError: unknown
  /** Keys whose value in the run the node asked for; `undefined` among them: all. */
  readonly #read = new Set<string | undefined>()
  readonly #reader: RunReader
  readonly #inputKey: string | undefined
  readonly #source: number | undefined
  readonly #given: Readonly<Record<string, unknown>>
  #only: ReadonlySet<string> | undefined
  #completion: Map<string, unknown> | undefined

  /**
   * `source` is the node whose edge gives `input.key`, where the graph alone does not tell. `given` are keys that the
   * run's context does not have.
   */
  constructor(
    reader: RunReader,
    input?: { key: string; source: number | undefined },
    given: Readonly<Record<string, unknown>> = {},
  ) {
    this.#reader = reader
    this.#inputKey = input?.key
    this.#source = input?.source
    this.#given = given
  }

  async get(key: string): Promise<unknown> {
    this.#note(contextKey(key))
    return (await this.#find(key))?.value
  }

  async has(key: string): Promise<boolean> {
    this.#note(contextKey(key))
    return (await this.#find(key)) !== undefined
  }

  async set(key: string, value: unknown): Promise<void> {
    if (this.#completion) this.#completion.set(key, value)
    else this.writes.set(contextKey(key), { value })
  }

  async delete(key: string): Promise<boolean> {
    const had = (await this.#find(key)) !== undefined
    if (had) this.#delete(contextKey(key))
    return had
  }

  async patch(operations: PatchOperation[]): Promise<void> {
    for (const operation of operations) {
      const key = contextKey(operation.key)
      if (operation.op === 'set') this.writes.set(key, { value: operation.value as unknown })
      else this.#delete(key)
    }
  }

  #delete(key: unknown): void {
    if (typeof key === 'string') this.writes.set(key, 'deleted')
    else this.writes.delete(key)
  }

  async toJSON(): Promise<Record<string, unknown>> {
    if (this.#only) return this.#pick(this.#only)
    this.#note(undefined)
    const context = new Map<unknown, unknown>(Object.entries(await this.guard(() => this.#reader.all())))
    for (const [key, write] of this.writes) {
      if (write === 'deleted') context.delete(key)
      else context.set(key, write.value)
    }
    for (const [key, value] of this.#completion ?? []) context.set(key, value)
    return Object.fromEntries(context as Map<string, unknown>)
  }

  /** Keys that the node asked for before it wrote them. */
  readAndWritten(): string[] {
    const keys = [...this.writes.keys()].filter((key) => typeof key === 'string')
    return this.#read.has(undefined) ? keys : keys.filter((key) => this.#read.has(key))
  }

  #note(key: unknown): void {
    if (key !== undefined && typeof key !== 'string') return
    if (!this.#completion && (key === undefined || !this.writes.has(key))) this.#read.add(key)
  }

  /**
   * From now on writes are the engine's own (the output and the inputs of what follows): seen by expressions, not
   * the user's keys. Returns where they go.
   */
  beginCompletion(): ReadonlyMap<string, unknown> {
    this.#completion = new Map()
    return this.#completion
  }

  /** While `run` lasts, `toJSON` gives these keys only: an expression that names one key costs one read. */
  async limitedTo<T>(only: ReadonlySet<string> | undefined, run: () => Promise<T>): Promise<T> {
    this.#only = only
    try {
      return await run()
    } finally {
      this.#only = undefined
    }
  }

  /** Whether an edge to this node has transformed its input: then that is its input, whatever its `inputs` says. */
  async isTransformed(node: number, by?: number): Promise<boolean> {
    return this.guard(() => this.#reader.isTransformed(node, by))
  }

  /** Errors of the run, by their stored names. */
  async errors(isWanted: (name: string) => boolean): Promise<ErrorRecord[]> {
    return this.guard(() => this.#reader.errors(undefined, isWanted))
  }

  async #pick(only: ReadonlySet<string>): Promise<Record<string, unknown>> {
    const context = new Map<string, unknown>()
    for (const key of only) {
      const found = await this.#find(key)
      if (found) context.set(key, found.value)
    }
    return Object.fromEntries(context)
  }

  async #find(given: unknown): Promise<{ readonly value: unknown } | undefined> {
    const key = contextKey(given)
    if (typeof key !== 'string') return this.writes.get(key) as { readonly value: unknown } | undefined
    if (this.#completion?.has(key)) return { value: this.#completion.get(key) }
    if (Object.hasOwn(this.#given, key)) return { value: this.#given[key] }
    const write = this.writes.get(key)
    if (write) return write === 'deleted' ? undefined : write
    return this.guard(() => this.#reader.find(key, key === this.#inputKey ? this.#source : undefined))
  }

  /** Reads what the run's store holds; trouble there is remembered, and passed on. All else is the node's to catch. */
  async guard<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (error) {
      if (isTrouble(error)) this.infrastructureError ??= error
      throw error
    }
  }
}

/**
 * The context a node sees: the run as one snapshot shows it, under the node's own writes, which stay in memory
 * until the activation commits. A failing store is remembered, so that it is never taken for the node's failure.
 */
import type { IAsyncContext, PatchOperation } from 'flowcraft'
import type { RunReader } from './run-reader.ts'

/** What a node wrote under a key. */
export type Write = { readonly value: unknown } | 'deleted'

export class ActivationContext implements IAsyncContext<Record<string, unknown>> {
  readonly type = 'async'
  /** Keys written so far. */
  readonly writes = new Map<string, Write>()
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
    this.#note(key)
    return (await this.#find(key))?.value
  }

  async has(key: string): Promise<boolean> {
    this.#note(key)
    return (await this.#find(key)) !== undefined
  }

  async set(key: string, value: unknown): Promise<void> {
    if (this.#completion) this.#completion.set(key, value)
    else this.writes.set(key, { value })
  }

  async delete(key: string): Promise<boolean> {
    const had = (await this.#find(key)) !== undefined
    if (had) this.writes.set(key, 'deleted')
    return had
  }

  async patch(operations: PatchOperation[]): Promise<void> {
    for (const operation of operations) {
      if (operation.op === 'set') this.writes.set(operation.key, { value: operation.value as unknown })
      else this.writes.set(operation.key, 'deleted')
    }
  }

  async toJSON(): Promise<Record<string, unknown>> {
    if (this.#only) return this.#pick(this.#only)
    this.#note(undefined)
    const context = { ...(await this.guard(() => this.#reader.all())) }
    for (const [key, write] of this.writes) {
      if (write === 'deleted') delete context[key]
      else context[key] = write.value
    }
    for (const [key, value] of this.#completion ?? []) context[key] = value
    return context
  }

  /** Keys that the node asked for before it wrote them. */
  readAndWritten(): string[] {
    const keys = [...this.writes.keys()]
    return this.#read.has(undefined) ? keys : keys.filter((key) => this.#read.has(key))
  }

  #note(key: string | undefined): void {
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

  async #pick(only: ReadonlySet<string>): Promise<Record<string, unknown>> {
    const context: Record<string, unknown> = {}
    for (const key of only) {
      const found = await this.#find(key)
      if (found) context[key] = found.value
    }
    return context
  }

  async #find(key: string): Promise<{ readonly value: unknown } | undefined> {
    if (this.#completion?.has(key)) return { value: this.#completion.get(key) }
    if (Object.hasOwn(this.#given, key)) return { value: this.#given[key] }
    const write = this.writes.get(key)
    if (write) return write === 'deleted' ? undefined : write
    return this.guard(() => this.#reader.find(key, key === this.#inputKey ? this.#source : undefined))
  }

  /** Reads what the run's store holds; trouble there is remembered, and passed on. */
  async guard<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (error) {
      this.infrastructureError ??= error
      throw error
    }
  }
}

/** The committed context of a run, read from outside, as it is at each call. */
import type { IAsyncContext } from 'flowcraft'
import { FlowcraftAwsError } from '../core/common/errors.ts'
import type { Services } from '../core/execution/services.ts'
import { RunReader } from '../core/values/run-reader.ts'

export class RunContext implements IAsyncContext<Record<string, unknown>> {
  readonly type = 'async'
  readonly #services: Services
  readonly #runId: string

  constructor(services: Services, runId: string) {
    this.#services = services
    this.#runId = runId
  }

  async get(key: string): Promise<unknown> {
    return (await (await this.#reader())?.find(key))?.value
  }

  async has(key: string): Promise<boolean> {
    return (await (await this.#reader())?.find(key)) !== undefined
  }

  async toJSON(): Promise<Record<string, unknown>> {
    return (await (await this.#reader())?.all()) ?? {}
  }

  async set(): Promise<void> {
    throw this.#readOnly()
  }

  async delete(): Promise<boolean> {
    throw this.#readOnly()
  }

  async patch(): Promise<void> {
    throw this.#readOnly()
  }

  async #reader(): Promise<RunReader | undefined> {
    const { store, values, graphs } = this.#services
    const run = await store.read(this.#runId)
    if (run?.graph === undefined) return undefined
    return new RunReader({ graph: await graphs.of(run.blueprintId, run.graph), run, store, values })
  }

  #readOnly(): FlowcraftAwsError {
    const why = 'only its nodes write the context of a run, each with its own commit'
    return new FlowcraftAwsError('INVALID_INPUT', `cannot write the context of run '${this.#runId}': ${why}`)
  }
}

/** What runs cost, asked for those in view only. */
import { signal, type ReadonlySignal } from '@preact/signals'
import type { CostsView, RunRow } from '../../../../lib/console/views.ts'

export type LoadCosts = (runIds: readonly string[]) => Promise<CostsView>

/** As many as the server takes. */
const AT_ONCE = 100

/** Costs of runs by id; null: nothing was counted. */
export class RunCosts {
  readonly #costs = signal<ReadonlyMap<string, number | null>>(new Map())
  /** Of which state of a run the cost is known: what ended costs no more. */
  readonly #asked = new Map<string, string>()
  readonly #load: LoadCosts

  constructor(load: LoadCosts) {
    this.#load = load
  }

  get costs(): ReadonlySignal<ReadonlyMap<string, number | null>> {
    return this.#costs
  }

  /** `round` changes where runs under way are to be asked for again. */
  async show(runs: readonly RunRow[], round: number): Promise<void> {
    const wanted = runs.filter((run) => this.#asked.get(run.runId) !== stateOf(run, round))
    for (const run of wanted) this.#asked.set(run.runId, stateOf(run, round))
    for (let at = 0; at < wanted.length; at += AT_ONCE)
      await this.#ask(wanted.slice(at, at + AT_ONCE).map(({ runId }) => runId))
  }

  async #ask(runIds: readonly string[]): Promise<void> {
    try {
      const { usd } = await this.#load(runIds)
      this.#costs.value = new Map([
        ...this.#costs.value,
        ...runIds.map((runId) => [runId, usd[runId] ?? null] as const),
      ])
    } catch {
      // A list without costs is still a list; they are asked for again when these rows come into view again.
      for (const runId of runIds) this.#asked.delete(runId)
    }
  }
}

const stateOf = ({ endedAt, status }: RunRow, round: number): string =>
  endedAt === undefined ? `${status} ${round}` : `ended ${endedAt}`

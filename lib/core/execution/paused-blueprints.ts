/** What a worker knows of the blueprints that are paused: a look at one small item, and not for each message. */
import type { BlueprintPause, Pauses, PauseStore } from '../store/pause-store.ts'

/** A look costs half a read unit, so a worker that is never idle pays 0.97 units a minute, and one that is idle nothing. */
const LOOK_EVERY_MS = 31_000

export interface PausedBlueprintsOptions {
  readonly store: Pick<PauseStore, 'readPauses'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** @default 31000 */
  readonly everyMs?: number | undefined
}

/** One for a process. */
export class PausedBlueprints {
  readonly #options: Required<PausedBlueprintsOptions>
  #seen: Pauses['paused'] = new Map()
  #nextLook = -Infinity
  /** Under way: what begins to work meanwhile waits for it. */
  #look: Promise<void> | undefined

  constructor({ everyMs = LOOK_EVERY_MS, ...options }: PausedBlueprintsOptions) {
    this.#options = { ...options, everyMs }
  }

  /** The pause of a blueprint, as it was seen at most `everyMs` ago. */
  async asSeen(blueprintId: string): Promise<BlueprintPause | undefined> {
    if (this.#options.now() >= this.#nextLook) {
      this.#look ??= this.#lookAt(false).finally(() => (this.#look = undefined))
      await this.#look
    }
    return this.#seen.get(blueprintId)
  }

  /** As it is now: for decisions that nobody would take back. A read unit. */
  async asItIs(blueprintId: string): Promise<BlueprintPause | undefined> {
    await this.#lookAt(true)
    return this.#seen.get(blueprintId)
  }

  async #lookAt(consistent: boolean): Promise<void> {
    const { store, now, everyMs } = this.#options
    const { paused } = await store.readPauses({ consistent })
    this.#seen = paused
    this.#nextLook = now() + everyMs
  }
}

/** How runs are steered in memory, and what is paused: as `dynamodb-pauses.ts` and `steer-expressions.ts` have it. */
import type { RunState } from '../protocol/run-state.ts'
import { fitsItem } from './header.ts'
import { pausedState, redrivenState, unpausedState } from './memory-steering.ts'
import {
  type BlueprintPause,
  HELD_SHARDS,
  type HeldPart,
  type HeldPlace,
  type Pauses,
  type PauseStore,
  type Release,
} from './pause-store.ts'
import { hashOf } from './run-list.ts'
import type { CommitResult, RedriveState } from './run-store.ts'

/** Which blueprints are paused, in memory. */
export class MemoryPauses implements PauseStore {
  protected readonly runs = new Map<string, RunState>()
  readonly #paused = new Map<string, BlueprintPause>()
  readonly #releases = new Map<string, Release>()
  /** Ids of runs by epoch. */
  readonly #held = new Map<string, Set<string>>()

  /** As the store on DynamoDB. */
  async redrive(seen: RunState, next: RedriveState): Promise<CommitResult> {
    const run = this.runs.get(seen.runId)
    if (!run || run.status !== seen.status || run.seq !== seen.seq || run.outbox) {
      return this.written(seen.runId, undefined)
    }
    const redriven = redrivenState(run, next)
    return this.written(seen.runId, fitsItem(redriven) ? redriven : undefined)
  }

  /** As the store on DynamoDB. */
  async pause(runId: string, now: number): Promise<CommitResult> {
    return this.written(runId, pausedState(this.runs.get(runId), now))
  }

  /** As the store on DynamoDB. */
  async unpause(runId: string, at: number): Promise<CommitResult> {
    return this.written(runId, unpausedState(this.runs.get(runId), at))
  }

  async readPauses(_read: { readonly consistent: boolean }): Promise<Pauses> {
    return { paused: new Map(this.#paused), releases: new Map(this.#releases) }
  }

  async pauseBlueprint(blueprintId: string, pause: BlueprintPause): Promise<boolean> {
    if (this.#paused.has(blueprintId)) return false
    this.#paused.set(blueprintId, pause)
    return true
  }

  async unpauseBlueprint(blueprintId: string, epoch: string): Promise<boolean> {
    if (this.#paused.get(blueprintId)?.epoch !== epoch) return false
    this.#paused.delete(blueprintId)
    this.#releases.set(epoch, { blueprintId, shard: 0 })
    return true
  }

  async moveRelease(epoch: string, from: HeldPlace, to: HeldPlace | undefined): Promise<boolean> {
    const there = this.#releases.get(epoch)
    if (there?.shard !== from.shard || there.after !== from.after) return false
    if (to) this.#releases.set(epoch, { blueprintId: there.blueprintId, ...to })
    else this.#releases.delete(epoch)
    return true
  }

  async putHeld(runId: string, epoch: string): Promise<void> {
    this.#held.set(epoch, (this.#held.get(epoch) ?? new Set()).add(runId))
  }

  async readHeld(epoch: string, { shard, after = '' }: HeldPlace, limit: number): Promise<HeldPart> {
    const ofShard = [...(this.#held.get(epoch) ?? [])]
      .filter((runId) => hashOf(runId) % HELD_SHARDS === shard && runId > after)
      .toSorted()
    const runIds = ofShard.slice(0, limit)
    const last = runIds.at(-1)
    const hasMore = last !== undefined && ofShard.length > limit
    return { runIds, ...(hasMore ? { next: { shard, after: last } } : {}) }
  }

  async hold(runId: string, epoch: string): Promise<CommitResult> {
    const run = this.runs.get(runId)
    const isFree = run?.status === 'running' && run.heldBy === undefined
    return this.written(runId, isFree ? { ...run, heldBy: epoch } : undefined)
  }

  async letGo(runId: string, epoch: string, at: number): Promise<CommitResult> {
    const run = this.runs.get(runId)
    const isHeld = run?.status === 'running' && run.heldBy === epoch
    return this.written(runId, isHeld ? { ...run, heldBy: undefined, dueAt: at, steered: true } : undefined)
  }

  /** The outcome of a write that makes this of a run; undefined where it is refused. */
  protected written(runId: string, next: RunState | undefined): CommitResult {
    if (!next) return { committed: false, run: this.runs.get(runId) }
    this.runs.set(runId, next)
    return { committed: true, run: next }
  }
}

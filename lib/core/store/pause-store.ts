/**
 * What the protocol asks of a store to pause blueprints. What is paused stands in one item of the service, small enough for
 * workers to look at it now and then. A run that is held by such a pause says so in its header, and is found by an entry that
 * was put before.
 */
import type { CommitResult } from './commit-result.ts'

/** Who paused a blueprint, when and why. */
export interface BlueprintPause {
  /** Tells this pause from others of the blueprint. */
  readonly epoch: string
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly by?: string
  readonly reason?: string
}

/** A place among the runs that one pause holds: behind this run of a shard. */
export interface HeldPlace {
  readonly shard: number
  /** @default - with the first */
  readonly after?: string
}

/** Runs that a pause held which is over, as far as they are not let go yet. */
export interface Release extends HeldPlace {
  readonly blueprintId: string
}

/** What is paused in a service. */
export interface Pauses {
  readonly paused: ReadonlyMap<string, BlueprintPause>
  /** By the epoch of the pause that is over. */
  readonly releases: ReadonlyMap<string, Release>
}

/** Where it is kept which blueprints are paused. */
export interface PauseStore {
  /** Of this service. One that is not consistent may be a moment old, at half the price. */
  readPauses(read: { readonly consistent: boolean }): Promise<Pauses>
  /** False where the blueprint is paused already. */
  pauseBlueprint(blueprintId: string, pause: BlueprintPause): Promise<boolean>
  /** Ends this pause, and leaves its release. False where the blueprint is not paused, or by another. */
  unpauseBlueprint(blueprintId: string, epoch: string): Promise<boolean>
  /** Notes how far a release has got, undefined for all; false where somebody else has. */
  moveRelease(epoch: string, from: HeldPlace, to: HeldPlace | undefined): Promise<boolean>
  /** Puts the entry by which a run is found that a pause is about to hold. Again is the same. */
  putHeld(runId: string, epoch: string): Promise<void>
  /** Runs that a pause may hold; consistent. `next`: where there are more of the shard. */
  readHeld(epoch: string, place: HeldPlace, limit: number): Promise<HeldPart>
  /** Lets nobody work on a run while this pause is on; refused where the run is over, or held already. */
  hold(runId: string, epoch: string): Promise<CommitResult>
  /** Takes that back, and has the sweep look at the run at a time; refused where this pause does not hold it. */
  letGo(runId: string, epoch: string, at: number): Promise<CommitResult>
}

/** Some of the runs that a pause of their blueprint may hold. */
export interface HeldPart {
  readonly runIds: readonly string[]
  readonly next?: HeldPlace
}

/** One key takes some 1,000 writes a second, and as many runs may come to be held. */
export const HELD_SHARDS = 16

/** What an operator does to all runs of a blueprint: pause, unpause, and see what is paused. */
import { randomUUID } from 'node:crypto'
import * as v from 'valibot'
import { FlowcraftAwsError, isTrouble } from '../core/common/errors.ts'
import { blueprintIdProblem } from '../core/common/identifiers.ts'
import { must } from '../core/common/schema.ts'
import { type ReleaseServices, releaseHeld } from '../core/run/release.ts'
import { known } from './list-request.ts'
import type { OperationRequest } from './steering.ts'

/** What became of a `pauseBlueprint`. */
export interface PauseBlueprintResult {
  /** Whether this call paused the blueprint; false where it was paused. */
  readonly paused: boolean
}

/** What became of an `unpauseBlueprint`. */
export interface UnpauseBlueprintResult {
  /** Whether this call unpaused the blueprint; false where it was not paused. */
  readonly unpaused: boolean
}

/** A blueprint of which nothing starts or goes on. */
export interface PausedBlueprint {
  readonly blueprintId: string
  readonly pausedAt: Date
  /** Who paused it, where that was said. */
  readonly by?: string
  /** Why, where that was said. */
  readonly reason?: string
}

/** Workers read them with each look, at half a unit for 4 KB. */
const [BY_AT_MOST, REASON_AT_MOST] = [100, 500]

const text = (name: string, atMost: number) =>
  v.optional(
    must(
      v.pipe(v.string(), v.nonEmpty(), v.maxLength(atMost)),
      `${name} must be a text of ${atMost} characters at most`,
    ),
  )

const pauseRequest = v.object({ by: text('by', BY_AT_MOST), reason: text('reason', REASON_AT_MOST) })

/** Runs that whoever unpauses a blueprint lets go itself; those beyond are the sweep's. */
const RELEASES_AT_MOST = 1_000

/**
 * `checks`: the flows are known here, so that a misspelt id is refused. Crash after the write: it is paused.
 * @throws FlowcraftAwsError INVALID_INPUT, UNKNOWN_BLUEPRINT
 */
export async function pauseBlueprintBy(
  { store, graphs, now }: ReleaseServices,
  blueprintId: string,
  request: OperationRequest,
  checks: boolean,
): Promise<PauseBlueprintResult> {
  checkBlueprintId(blueprintId)
  const given = known(pauseRequest, request, 'cannot pause a blueprint')
  if (checks) graphs.current(blueprintId)
  const at = now()
  const epoch = `${at.toString(36)}-${randomUUID().slice(0, 8)}`
  return { paused: await store.pauseBlueprint(blueprintId, { epoch, at, ...given }) }
}

/** Crash after the write: it is unpaused, and the sweep lets its runs go. */
export async function unpauseBlueprintBy(
  services: ReleaseServices,
  blueprintId: string,
): Promise<UnpauseBlueprintResult> {
  checkBlueprintId(blueprintId)
  const { paused } = await services.store.readPauses({ consistent: true })
  const pause = paused.get(blueprintId)
  const unpaused = pause !== undefined && (await services.store.unpauseBlueprint(blueprintId, pause.epoch))
  if (unpaused) await releaseSome(services, pause.epoch)
  return { unpaused }
}

/** What it has trouble with is the sweep's to do. */
async function releaseSome(services: ReleaseServices, epoch: string): Promise<void> {
  try {
    await releaseHeld(services, RELEASES_AT_MOST, epoch)
  } catch (error) {
    if (!isTrouble(error)) throw error
  }
}

/** By id. */
export async function pausedBlueprintsOf({
  store,
}: Pick<ReleaseServices, 'store'>): Promise<readonly PausedBlueprint[]> {
  const { paused } = await store.readPauses({ consistent: true })
  return [...paused]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([blueprintId, { at, by, reason }]) => ({
      blueprintId,
      pausedAt: new Date(at),
      ...(by === undefined ? {} : { by }),
      ...(reason === undefined ? {} : { reason }),
    }))
}

/** @throws FlowcraftAwsError INVALID_INPUT */
function checkBlueprintId(blueprintId: unknown): void {
  const problem = blueprintIdProblem(blueprintId)
  if (problem) throw new FlowcraftAwsError('INVALID_INPUT', problem)
}

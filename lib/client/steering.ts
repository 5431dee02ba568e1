/** What an operator does to a run: redrive, fork, skip, pause. Each is checked, noted with who asked and why, and done. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import * as v from 'valibot'
import { FlowcraftAwsError, isFlowcraftAwsError, problemsError } from '../core/common/errors.ts'
import { checkBudget } from './budget-request.ts'
import { budgetFields } from './start-request.ts'
import { checked, must } from '../core/common/schema.ts'
import { encodeEvent } from '../core/run/events.ts'
import { type Operation, noteOperation } from '../core/run/operations.ts'
import { cancelRun } from '../core/run/cancel.ts'
import { pauseRun, unpauseRun } from '../core/run/pause.ts'
import { redriveRun, type RedriveOfEnd, type SteerServices } from '../core/run/redrive.ts'
import { resumeRun } from '../core/run/resume.ts'
import { skipRetry } from '../core/run/skip.ts'

/** What became of a `cancel`. */
export interface CancelResult {
  /** Whether the run is cancelled; false where it had ended otherwise. */
  readonly cancelled: boolean
}

/** Who does something to a run, and why: kept with it, and shown by `get`. */
export interface OperationRequest {
  /** A person, or a program. @default - nobody is named */
  readonly by?: string
  /** @default - none is given */
  readonly reason?: string
}

export interface RedriveRequest extends OperationRequest {
  /**
   * Nodes to go on from, by id. A failed one runs again; of a completed one, all that follows from it runs again as well.
   * @default - all nodes that failed; of a cancelled run, what was active goes on too
   */
  readonly nodes?: readonly string[]
  /** Context keys that get other values before anything runs. @default - none */
  readonly set?: Readonly<Record<string, unknown>>
  /** Whether only to tell what would run again. @default false */
  readonly dryRun?: boolean
  /** As of `unpause`: a run that failed since it had cost more than it may needs it. @default - what it may so far */
  readonly maxUsd?: number
}

/** How a run goes on. */
export interface UnpauseRequest extends OperationRequest {
  /**
   * US dollars that the run may cost from now on, its child runs as much more: one that was paused since it had cost more
   * than it may needs it. @default - what it may so far
   */
  readonly maxUsd?: number
}

/** What became of a `redrive`. */
export interface RedriveResult {
  /** False with `dryRun`. */
  readonly redriven: boolean
  /** Ids of nodes that run again, those that follow from them not counted. */
  readonly again: readonly string[]
  /** Ids of nodes that were active when the run ended, and go on. */
  readonly goesOn: readonly string[]
  /** Child runs that are redriven with it. */
  readonly children: readonly string[]
}

export interface SkipRequest extends OperationRequest {
  /** The node, which failed, waits for its next try, for an event or for a time. */
  readonly nodeId: string
  /** Becomes the node's output. @default - what the node itself gave before it waited, else undefined */
  readonly output?: unknown
  /** Chooses the edges to take. @default - the edges without an action */
  readonly action?: string
}

/** What became of a `skip`. */
export interface SkipResult {
  /** Whether this call's output is the one that counts. */
  readonly skipped: boolean
}

/** What became of a `pause`. */
export interface PauseResult {
  /** Whether this call paused the run; false where it was paused. */
  readonly paused: boolean
}

/** What became of an `unpause`. */
export interface UnpauseResult {
  /** Whether this call let the run go on; false where it was not paused. */
  readonly unpaused: boolean
}

const text = (name: string) => v.optional(must(v.pipe(v.string(), v.nonEmpty()), `${name} must be a text`))
function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const operation = { by: text('by'), reason: text('reason') }

export const redriveRequest = v.object({
  ...operation,
  nodes: v.optional(
    must(v.pipe(v.array(v.pipe(v.string(), v.nonEmpty())), v.nonEmpty()), 'nodes must be a list of node ids'),
  ),
  set: v.optional(
    must(v.custom<Readonly<Record<string, unknown>>>(isObject), 'set must be an object of context keys'),
  ),
  dryRun: v.optional(must(v.boolean(), 'dryRun must be true or false')),
  maxUsd: budgetFields.maxUsd,
})

const skipRequest = v.object({
  ...operation,
  nodeId: must(v.pipe(v.string(), v.nonEmpty()), 'nodeId must be the id of a node'),
  output: v.unknown(),
  action: text('action'),
})

const operationRequest = v.object(operation)
const unpauseRequest = v.object({ ...operation, maxUsd: budgetFields.maxUsd })

/** The end of a run is published within seconds, by a worker. */
const ENDING_MS = 10_000
const PAUSE_MS = 250

export async function redriveBy(
  services: SteerServices,
  runId: string,
  request: RedriveRequest,
): Promise<RedriveResult> {
  const given = checked(redriveRequest, request, refusal('redrive'))
  const { nodes, set, dryRun = false, by, reason, maxUsd } = given
  const giveBudget = await checkBudget(services, runId, { what: 'redrive', maxUsd })
  const { ended, ...planned } = await onceEnded(() => redriveRun(services, runId, { nodes, set }, true))
  if (dryRun) return { ...planned, redriven: false }
  const operation = {
    kind: 'redrive',
    by,
    reason,
    nodes: planned.again,
    keys: Object.keys(set ?? {}),
  } as const
  const key = await noteOperation(services, runId, operation, ended)
  await giveBudget()
  const { ended: _, ...done } = await redriveRun(services, runId, { nodes, set, note: { key } }, false)
  return { ...done, redriven: true }
}

export async function skipBy(
  services: SteerServices,
  runId: string,
  request: SkipRequest,
): Promise<SkipResult> {
  const { nodeId, output, action, by, reason } = checked(skipRequest, request, refusal('skip a node of'))
  const skip = { nodeId, action }
  const event = { output, action, idempotencyKey: `skip ${randomUUID()}` }
  // Before the run goes on: one whose node waits for what cannot be stored would wait for good.
  encodeEvent(services, nodeId, event)
  const run = await services.store.read(runId)
  if (!run) throw new FlowcraftAwsError('RUN_NOT_FOUND', `there is no run '${runId}'`, { runId })
  const isEnded = run.status !== 'running' || run.pausedByFailure === true
  // Of a run that has ended, the node waits for the event from then on: crash after that, and the same call gives it.
  const planned = isEnded ? await onceEnded(() => redriveRun(services, runId, { skip }, true)) : undefined
  const operation = { kind: 'skip', by, reason, nodes: [nodeId] } as const
  const key = await noteOperation(services, runId, operation, planned?.ended)
  if (isEnded) await redriveRun(services, runId, { skip, note: { key } }, false)
  else await skipRetry(services, run, skip)
  return { skipped: await resumeRun(services, runId, nodeId, event) }
}

/** One that names nobody and no reason is not noted: the run itself says that it was cancelled. */
export async function cancelBy(
  services: SteerServices,
  runId: string,
  request: OperationRequest,
): Promise<CancelResult> {
  const given = checked(operationRequest, request, refusal('cancel'))
  if (Object.keys(given).length > 0) await noteOfRunning(services, runId, { kind: 'cancel', ...given })
  return { cancelled: await cancelRun(services, runId) }
}

export async function pauseBy(
  services: SteerServices,
  runId: string,
  request: OperationRequest,
): Promise<PauseResult> {
  const given = checked(operationRequest, request, refusal('pause'))
  await noteOfRunning(services, runId, { kind: 'pause', ...given })
  return { paused: await pauseRun(services, runId) }
}

export async function unpauseBy(
  services: SteerServices,
  runId: string,
  request: UnpauseRequest,
): Promise<UnpauseResult> {
  const { maxUsd, ...given } = checked(unpauseRequest, request, refusal('unpause'))
  const giveBudget = await checkBudget(services, runId, { what: 'unpause', maxUsd })
  await noteOfRunning(services, runId, { kind: 'unpause', ...given })
  await giveBudget()
  return { unpaused: await unpauseRun(services, runId) }
}

/** Nothing is noted of a run that is over, which cannot be paused. @throws FlowcraftAwsError RUN_NOT_FOUND */
async function noteOfRunning(
  services: SteerServices,
  runId: string,
  operation: Omit<Operation, 'at'>,
): Promise<void> {
  const run = await services.store.read(runId)
  if (!run) throw new FlowcraftAwsError('RUN_NOT_FOUND', `there is no run '${runId}'`, { runId })
  if (run.status === 'running') await noteOperation(services, runId, operation)
}

async function onceEnded(work: () => Promise<RedriveOfEnd>): Promise<RedriveOfEnd> {
  for (let left = ENDING_MS; ; left -= PAUSE_MS) {
    try {
      return await work()
    } catch (error) {
      if (left <= 0 || !isFlowcraftAwsError(error, 'RUN_ENDING')) throw error
      await sleep(PAUSE_MS)
    }
  }
}

function refusal(what: string) {
  return (problems: readonly string[]) => problemsError('INVALID_INPUT', `cannot ${what} a run`, problems)
}

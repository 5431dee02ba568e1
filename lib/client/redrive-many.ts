/** Many runs redriven by one call: each on its own, and told of on its own. */
import { isDeepStrictEqual } from 'node:util'
import { pMapIterable } from 'p-map'
import * as v from 'valibot'
import {
  type FlowcraftAwsError,
  isFlowcraftAwsError,
  problemsError,
  requestFailed,
} from '../core/common/errors.ts'
import { checked, must } from '../core/common/schema.ts'
import { FailedRuns } from '../core/run/failed-runs.ts'
import type { FailureGroup } from '../core/run/failures.ts'
import { eachRun, type ListRunsQuery } from '../core/run/list.ts'
import type { SteerServices } from '../core/run/redrive.ts'
import { checkFailures, checkList, known } from './list-request.ts'
import { redriveBy, redriveRequest, type RedriveRequest, type RedriveResult } from './steering.ts'

/** Failed runs by when they failed, and with what. */
export interface FailedRunsSelection {
  /** Runs that failed at this time or after it. */
  readonly since: Date
  /** Runs that failed before this time. @default - until now */
  readonly until?: Date
  /** @default - of all blueprints */
  readonly blueprintId?: string
  /** Only those of this group, as `failures` gives it. @default - whatever they failed with */
  readonly group?: Pick<FailureGroup, 'blueprintId' | 'nodeId' | 'error' | 'message'>
}

/** Which runs to redrive, and how: `failures` or `runs`, one of them. `nodes`, `set` and `dryRun` are for each of the runs. */
export interface RedriveManyRequest extends RedriveRequest {
  /** Failed runs, on every table. */
  readonly failures?: FailedRunsSelection
  /** Runs of a list; of one that names no `status` those that failed. It needs the index of runs, as `list` does. */
  readonly runs?: ListRunsQuery
  /** Runs at most: try one or ten first. @default - all */
  readonly limit?: number
}

/** A run that could not be redriven. */
export interface RedriveFailure {
  readonly runId: string
  /** What `redrive` would have thrown; its `retryable` says whether the same call may succeed later. */
  readonly error: FlowcraftAwsError
}

/** What became of one run. */
export type RedriveOutcome = ({ readonly runId: string } & RedriveResult) | RedriveFailure

const WHAT = 'cannot redrive runs'
/** Runs at a time. */
const CONCURRENCY = 10

const redriveManyRequest = v.object({
  ...redriveRequest.entries,
  failures: v.optional(must(v.looseObject({}), 'failures must be an object, such as { since }')),
  runs: v.optional(must(v.looseObject({}), 'runs must be an object, such as { blueprintId }')),
  limit: v.optional(
    must(v.pipe(v.number(), v.integer(), v.minValue(1)), 'limit must be a whole number of 1 or more'),
  ),
})

const groupRequest = v.object({
  blueprintId: must(v.string(), 'group.blueprintId must be a string'),
  nodeId: v.optional(must(v.string(), 'group.nodeId must be a string')),
  error: must(v.string(), 'group.error must be a string'),
  message: must(v.string(), 'group.message must be a string'),
})

/**
 * Crash anywhere: the runs before stand as `redrive` leaves them, and the same call goes on with those that are left.
 * @throws FlowcraftAwsError INVALID_INPUT at the first step, with nothing changed
 */
export async function* redriveMany(
  services: SteerServices,
  request: RedriveManyRequest,
): AsyncGenerator<RedriveOutcome, void, undefined> {
  const { failures: _, runs: __, limit = Infinity, ...each } = known(redriveManyRequest, request, WHAT)
  const runIds = firstOf(selectedRuns(services, request), limit)
  yield* pMapIterable(runIds, (runId) => outcomeOf(services, runId, each), { concurrency: CONCURRENCY })
}

async function outcomeOf(
  services: SteerServices,
  runId: string,
  request: RedriveRequest,
): Promise<RedriveOutcome> {
  try {
    return { runId, ...(await redriveBy(services, runId, request)) }
  } catch (error) {
    return { runId, error: isFlowcraftAwsError(error) ? error : requestFailed('redriving a run', error) }
  }
}

/** @throws FlowcraftAwsError INVALID_INPUT */
function selectedRuns(
  services: SteerServices,
  { failures, runs }: RedriveManyRequest,
): AsyncIterable<string> {
  const inside = Object.keys({ ...failures, ...runs }).find((name) => name === 'limit' || name === 'cursor')
  // Taken for the size of a page, it would limit nothing.
  if (inside)
    throw refusal(`${inside} is nothing that selects runs; the limit stands beside failures or runs`)
  if (failures && !runs) return failedRuns(services, failures)
  if (runs && !failures) return listedRuns(services, runs)
  throw refusal('give failures or runs, one of them: it selects the runs')
}

function failedRuns(
  services: SteerServices,
  { group, ...query }: FailedRunsSelection,
): AsyncIterable<string> {
  const failed = new FailedRuns(services, checkFailures(query))
  const wanted = group && {
    nodeId: undefined,
    ...checked(groupRequest, group, (problems) => refusal(...problems)),
  }
  return idsOf(failed, wanted)
}

async function* idsOf(
  failed: FailedRuns,
  wanted: FailedRunsSelection['group'],
): AsyncGenerator<string, void, undefined> {
  while (failed.hasMore) {
    const { found } = await failed.next()
    for (const { run, kinds } of found) {
      const { runId, blueprintId } = run
      const groups = kinds.map((kind) => ({ nodeId: undefined, ...kind, blueprintId }))
      if (!wanted || groups.some((group) => isDeepStrictEqual(group, wanted))) yield runId
    }
  }
}

function listedRuns(services: SteerServices, given: ListRunsQuery): AsyncIterable<string> {
  const query = checkList({ ...given, status: given.status ?? 'failed' })
  const statuses = [query.status ?? []].flat()
  const other = statuses.find((status) => status !== 'failed' && status !== 'cancelled')
  if (other === undefined) return eachId(eachRun(services, query))
  throw refusal(`runs.status must be 'failed', 'cancelled' or both; got '${other}'`)
}

async function* eachId(
  runs: AsyncIterable<{ readonly runId: string }>,
): AsyncGenerator<string, void, undefined> {
  for await (const { runId } of runs) yield runId
}

async function* firstOf(ids: AsyncIterable<string>, limit: number): AsyncGenerator<string, void, undefined> {
  let left = limit
  for await (const id of ids) {
    yield id
    left--
    if (left <= 0) return
  }
}

function refusal(...problems: string[]): FlowcraftAwsError {
  return problemsError('INVALID_INPUT', WHAT, problems)
}

/** Many runs started by one call: each on its own, and their jobs sent together. */
import pMap from 'p-map'
import { FlowcraftAwsError, isFlowcraftAwsError, requestFailed } from '../core/common/errors.ts'
import { show } from '../core/common/thrown.ts'
import type { Job } from '../core/queue/job.ts'
import type { StartRunRequest, StartRunResult } from './start-request.ts'

/** A run that could not be started. */
export interface StartFailure {
  /** Its id, also where the request named none: the same request with it starts no second run. Undefined for what is no request. */
  readonly runId?: string
  /** What `start` would have thrown; its `retryable` says whether the same request may succeed later. */
  readonly error: FlowcraftAwsError
}

/** What became of a batch of starts. */
export interface StartManyResult {
  /** In the order of the requests: what `start` gives, or why the run could not be started. */
  readonly results: readonly (StartRunResult | StartFailure)[]
  /** The failures among them. */
  readonly failures: readonly StartFailure[]
}

const AT_MOST = 1_000
/** Whose jobs go in one request: SQS takes ten messages. */
const GROUP = 10
/** Groups at a time. */
const CONCURRENCY = 4

/** A run that stands, and what is to be sent for it. */
export interface AcceptedRun {
  readonly result: StartRunResult
  readonly jobs: readonly Job[]
}

export interface StartManyOptions {
  readonly accept: (request: StartRunRequest) => Promise<AcceptedRun>
  readonly send: (jobs: readonly Job[]) => Promise<void>
  readonly newRunId: () => string
}

/**
 * Crash anywhere: runs that stand without their jobs are made whole by the same call, as with `start`.
 * @throws FlowcraftAwsError INVALID_INPUT for what is no list, or too long a one
 */
export async function startMany(
  options: StartManyOptions,
  requests: readonly StartRunRequest[],
): Promise<StartManyResult> {
  if (!Array.isArray(requests) || requests.length > AT_MOST) {
    const got = Array.isArray(requests) ? `${requests.length}` : show(requests)
    const expected = `expected a list of at most ${AT_MOST} requests`
    throw new FlowcraftAwsError('INVALID_INPUT', `cannot start runs: ${expected}; got ${got}`)
  }
  const named = requests.map((request) => withRunId(request, options.newRunId))
  const groups = Array.from({ length: Math.ceil(named.length / GROUP) }, (_, at) =>
    named.slice(at * GROUP, (at + 1) * GROUP),
  )
  const groupResults = await pMap(groups, (group) => startGroup(options, group), { concurrency: CONCURRENCY })
  const results = groupResults.flat()
  return { results, failures: results.filter((result) => 'error' in result) }
}

async function startGroup(
  { accept, send }: StartManyOptions,
  requests: readonly StartRunRequest[],
): Promise<(StartRunResult | StartFailure)[]> {
  const accepted = await Promise.all(
    requests.map((request) => accept(request).catch((error: unknown) => failureOf(request, error))),
  )
  const jobs = accepted.flatMap((one) => ('jobs' in one ? one.jobs : []))
  try {
    if (jobs.length > 0) await send(jobs)
  } catch (error) {
    // Some may have been sent. Sending twice is harmless.
    return accepted.map((one, at) => {
      if (!('jobs' in one)) return one
      return one.jobs.length === 0 ? one.result : failureOf(requests[at], error)
    })
  }
  return accepted.map((one) => ('jobs' in one ? one.result : one))
}

function failureOf(request: StartRunRequest | undefined, error: unknown): StartFailure {
  const known = isFlowcraftAwsError(error) ? error : requestFailed('starting a run', error)
  const runId: unknown = isRecord(request) ? request.runId : undefined
  return { ...(typeof runId === 'string' ? { runId } : {}), error: known }
}

/** What is no request at all is left as it is, to be reported as a problem. */
function withRunId(request: StartRunRequest, newRunId: () => string): StartRunRequest {
  return isRecord(request) && request.runId === undefined ? { ...request, runId: newRunId() } : request
}

function isRecord(request: unknown): request is StartRunRequest {
  return typeof request === 'object' && request !== null && !Array.isArray(request)
}

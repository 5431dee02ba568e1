/** What forks a run, checked before anything is read, and done. */
import { randomUUID } from 'node:crypto'
import * as v from 'valibot'
import { problemsError } from '../core/common/errors.ts'
import { runIdProblem } from '../core/common/identifiers.ts'
import { labelsProblem, type RunLabels } from '../core/common/labels.ts'
import { checked, problem } from '../core/common/schema.ts'
import { forkRun, type ForkServices } from '../core/run/fork.ts'
import { refuseBudget } from './start-request.ts'
import { type OperationRequest, redriveRequest } from './steering.ts'

export interface ForkRequest extends OperationRequest {
  /**
   * Nodes to go on from, by id, which failed or completed. They run again, and so does all that follows from them.
   * @default - all nodes that failed; of a run that was cancelled, what was active
   */
  readonly nodes?: readonly string[]
  /** Context keys that have other values in the new run. @default - none */
  readonly set?: Readonly<Record<string, unknown>>
  /** Id of the new run. Forking twice with one id and request makes one run. @default - a random UUID */
  readonly runId?: string
  /** As of a run that is started. @default - those of the run that it is forked from */
  readonly labels?: RunLabels
  /** What the new run may cost, in US dollars, counted from its own start. @default - as much as the run that it is forked from */
  readonly maxUsd?: number
  /** Whether only to tell what would run again. @default false */
  readonly dryRun?: boolean
}

/** The run that `fork` began, or would begin. */
export interface ForkResult {
  /** The new run. */
  readonly runId: string
  /** False with `dryRun`. */
  readonly forked: boolean
  /** Ids of nodes that run again, those that follow from them not counted. */
  readonly again: readonly string[]
}

const { nodes, set, dryRun, maxUsd, by, reason } = redriveRequest.entries

const forkRequest = v.object({
  nodes,
  set,
  dryRun,
  maxUsd,
  by,
  reason,
  runId: v.optional(problem((runId) => runIdProblem(runId, 'new'), v.string())),
  labels: v.optional(
    problem(
      labelsProblem,
      v.custom<RunLabels>(() => true),
    ),
  ),
})

export async function forkBy(
  services: ForkServices,
  sourceId: string,
  request: ForkRequest,
): Promise<ForkResult> {
  const { dryRun = false, runId = randomUUID(), ...rest } = checked(forkRequest, request, refusal)
  if (rest.maxUsd !== undefined && !services.costs) refuseBudget('fork a run')
  const again = await forkRun(services, sourceId, { ...rest, runId }, dryRun)
  return { runId, forked: !dryRun, again }
}

function refusal(problems: readonly string[]) {
  return problemsError('INVALID_INPUT', 'cannot fork a run', problems)
}

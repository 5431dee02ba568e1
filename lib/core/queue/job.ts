/** What travels on the queue: a job names an activation. Parsing is strict, since anybody may send to a queue. */
import * as v from 'valibot'
import type { CostCounter } from '../common/cost-counter.ts'
import { FlowcraftAwsError, isFlowcraftAwsError } from '../common/errors.ts'
import { blueprintIdProblem, runIdProblem } from '../common/identifiers.ts'
import { labelsProblem, type RunLabels } from '../common/labels.ts'
import { parseJson } from '../common/parse-json.ts'
import { checked, index, must, problem } from '../common/schema.ts'
import { LONGEST_DELAY_MS } from '../common/sqs-limits.ts'
import { show } from '../common/thrown.ts'

/** The body of a message on the job queue: the activation that a worker is to work on. */
export interface Job {
  readonly runId: string
  readonly blueprintId: string
  /** Absent in the message that asks a worker to begin an accepted run, and in one that publishes an event. */
  readonly nodeId?: string
  /** Absent in the job of the Flowcraft guide's client, `{ runId, blueprintId, nodeId }`, which starts a run. */
  readonly iteration?: number
  /** Of the run that the job of the guide's client starts, as `RunClient.start` takes them. */
  readonly labels?: RunLabels
  /** In the jobs of a batch: an item, or the shards from `from` to before `to`. */
  readonly items?: {
    readonly round: number
    /** With it, those that share a message with it, where a message is for several. */
    readonly item?: number
    /** The item alone: its message was for several, and others of them are done, or one of them may kill its worker. */
    readonly alone?: true
    readonly from?: number
    readonly to?: number
  }
  /**
   * The time, in milliseconds since the epoch, for whose rest the queue holds this job back: when it comes, that is over by
   * the queue's clock, whatever that of whoever gets it says.
   */
  readonly due?: number
  /** How often the sweep took it out of the dead-letter queue. */
  readonly returns?: number
  /** The node to whose pool it was passed on, once; who gets it then runs it. */
  readonly passedOn?: string
  /** All that is to be done: this is published of the run, if the worker has a bus for it. */
  readonly publishes?: 'started' | 'redriven'
}

/** Where jobs are sent: SQS, or a queue in memory. */
export interface JobQueue {
  /**
   * Sends jobs, in as few requests as the queue allows, to come after `delaySeconds` (900 at most, SQS's limit).
   * Throws unless the queue took all.
   */
  send(jobs: readonly Job[], delaySeconds?: number): Promise<void>
  /** The same queue, whose requests are counted. @default - nothing is counted: it makes none */
  countedBy?(counter: CostCounter): JobQueue
}

/** Whole seconds from now, rounded up, so that a message does not come early. */
function delaySeconds(at: number, now: number): number {
  return Math.max(0, Math.ceil((at - now) / 1000))
}

/**
 * Sends the job of a timer, to come when its time is over, or as late before that as the queue can. `trusted`: whoever
 * gets it need not ask a clock again; for whoever set the time by the clock that says now how much of it is left, and for
 * the sweep, whose is the only other one then.
 */
export async function sendTimer(
  { queue, now }: { readonly queue: JobQueue; readonly now: () => number },
  job: Job,
  { at, trusted }: { readonly at: number; readonly trusted: boolean },
): Promise<void> {
  const seconds = delaySeconds(at, now())
  const longest = LONGEST_DELAY_MS / 1000
  const timed = trusted && seconds <= longest ? { ...job, due: at } : job
  await queue.send([timed], Math.min(seconds, longest))
}

/** ASCII only: some emulators and older proxies refuse or mangle characters beyond it. */
export function formatJob(job: Job): string {
  return JSON.stringify(job).replaceAll(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** @throws FlowcraftAwsError INVALID_JOB, with all that is wrong. */
export function parseJob(body: string): Job {
  let parsed: unknown
  try {
    parsed = parseJson(body)
  } catch (error) {
    const why = isFlowcraftAwsError(error) ? error.message : 'the message is not JSON'
    throw new FlowcraftAwsError('INVALID_JOB', `not a job: ${why}: ${show(body)}`)
  }
  return checkJob(parsed)
}

const items = v.union([
  v.object({ round: index, item: index, alone: v.optional(v.literal(true)) }),
  v.object({ round: index, from: index, to: index }),
])

const job = v.object({
  runId: problem((value) => runIdProblem(value), v.string()),
  blueprintId: problem(blueprintIdProblem, v.string()),
  nodeId: v.optional(must(v.pipe(v.string(), v.nonEmpty()), 'nodeId must be a non-empty string')),
  iteration: v.optional(
    must(v.pipe(v.number(), v.safeInteger(), v.minValue(1)), 'iteration must be an integer from 1'),
  ),
  labels: v.optional(
    problem(
      labelsProblem,
      v.custom<RunLabels>(() => true),
    ),
  ),
  items: v.optional(must(items, 'items must name a round and an item or a range')),
  due: v.optional(must(index, 'due must be a time in milliseconds')),
  returns: v.optional(must(index, 'returns must be an integer from 0')),
  passedOn: v.optional(must(v.string(), 'passedOn must be the id of a node')),
  publishes: v.optional(
    must(v.picklist(['started', 'redriven']), "publishes must be one of 'started', 'redriven'"),
  ),
})

/**
 * Nothing else of it stays: a job is written to logs and sent on.
 * @throws FlowcraftAwsError INVALID_JOB, with all that is wrong.
 */
export function checkJob(candidate: unknown): Job {
  if (typeof candidate !== 'object' || candidate === null || Array.isArray(candidate)) {
    throw new FlowcraftAwsError('INVALID_JOB', `not a job: expected an object; got ${show(candidate)}`)
  }
  return checked(
    job,
    candidate,
    (problems) => new FlowcraftAwsError('INVALID_JOB', `not a job: ${problems.join('; ')}`),
  )
}

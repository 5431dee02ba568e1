/** Schedules of EventBridge Scheduler that start runs. */
import { Duration, Stack, TimeZone, Token } from 'aws-cdk-lib'
import type { Schedule as RuleSchedule } from 'aws-cdk-lib/aws-events'
import { Grant, type IGrantable, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import {
  ContextAttribute,
  type IScheduleTarget,
  Schedule,
  ScheduleExpression,
  type ScheduleProps,
  ScheduleTargetInput,
} from 'aws-cdk-lib/aws-scheduler'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { blueprintIdProblem } from '../core/common/identifiers.ts'
import { labelsProblem, type RunLabels } from '../core/common/labels.ts'
import { inputProblem } from '../core/common/plain-object.ts'
import { grantKey, keyActions } from './keys.ts'
import { durationProblems, numberProblems, throwProblems } from './problems.ts'
import { uniqueName } from './unique-name.ts'

/** Options of `flows.schedule`. Those that are not described here are as of the CDK's `Schedule`. */
export interface StartScheduleOptions extends Pick<
  ScheduleProps,
  'description' | 'enabled' | 'timeWindow' | 'start' | 'end' | 'scheduleGroup' | 'scheduleName' | 'key'
> {
  /**
   * When runs start: a `ScheduleExpression` of `aws-scheduler`, or a `Schedule` of `aws-events`:
   * `Schedule.cron({ hour: '3', minute: '0' })`.
   */
  readonly schedule: ScheduleExpression | RuleSchedule
  /** In which `schedule` is meant, where it does not say one itself. @default - UTC */
  readonly timeZone?: TimeZone
  /** The blueprint whose runs start. */
  readonly blueprintId: string
  /**
   * The input of each run, which JSON must carry. `ContextAttribute.scheduledTime` in a text stands for the time of the
   * occurrence, ISO 8601 in UTC.
   * @default {}
   */
  readonly input?: Readonly<Record<string, unknown>>
  /** Labels of each run, by which it is found. @default - none */
  readonly labels?: RunLabels
  /** Where what Scheduler could not hand to Lambda goes. @default - nowhere */
  readonly deadLetterQueue?: IQueue
  /** How long Scheduler tries to hand an occurrence to Lambda, 1 minute to 24 hours. @default Duration.hours(24) */
  readonly maxEventAge?: Duration
  /** How often it tries again, 0 to 185. @default 185 */
  readonly retryAttempts?: number
}

/** A service whose runs are started. */
interface ScheduledService extends Construct {
  readonly startRunFunction: IFunction
}

/** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html */
const RETRY = {
  age: { min: Duration.minutes(1), max: Duration.hours(24) },
  attempts: { min: 0, max: 185 },
} as const
const ROLE = 'ScheduleRole'
/** Other ones, each time that the same occurrence is delivered. */
const OF_ATTEMPT = [ContextAttribute.executionId, ContextAttribute.attemptNumber]

/** @throws Error that lists all problems */
export function startSchedule(
  service: ScheduledService,
  id: string,
  options: StartScheduleOptions,
): Schedule {
  throwProblems(service, scheduleProblems(id, options))
  const { schedule, timeZone, blueprintId, input, labels, ...others } = options
  const { deadLetterQueue, maxEventAge, retryAttempts, ...props } = others
  const role = roleOf(service)
  if (deadLetterQueue) grantDeadLetters(deadLetterQueue, role)
  const target: IScheduleTarget = {
    bind: (made) => ({
      arn: service.startRunFunction.functionArn,
      role,
      // The same for each delivery of one occurrence, so that it starts one run.
      input: ScheduleTargetInput.fromObject({
        blueprintId,
        runId: `${uniqueName(made)}:${ContextAttribute.scheduledTime}`,
        input,
        labels,
      }),
      retryPolicy: {
        maximumEventAgeInSeconds: (maxEventAge ?? RETRY.age.max).toSeconds(),
        maximumRetryAttempts: retryAttempts ?? RETRY.attempts.max,
      },
      deadLetterConfig: deadLetterQueue && { arn: deadLetterQueue.queueArn },
    }),
  }
  return new Schedule(service, id, { ...props, target, schedule: expressionOf(schedule, timeZone) })
}

function expressionOf(schedule: StartScheduleOptions['schedule'], timeZone?: TimeZone): ScheduleExpression {
  const own = zoneOf(schedule)
  return ScheduleExpression.expression(schedule.expressionString, timeZone ?? own)
}

/** The CDK writes UTC into an expression that says nothing. */
function zoneOf(schedule: StartScheduleOptions['schedule']): TimeZone | undefined {
  const zone = 'timeZone' in schedule ? schedule.timeZone : undefined
  return zone?.timezoneName === TimeZone.ETC_UTC.timezoneName ? undefined : zone
}

/** Of all schedules of a service. The CDK's own target would let it invoke every version of the function too. */
function roleOf(service: ScheduledService): Role {
  const made = service.node.tryFindChild(ROLE)
  if (made) return made as Role
  const { account } = Stack.of(service)
  const role = new Role(service, ROLE, {
    // No schedule of another account, whoever tells it this role.
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': account } },
    }),
  })
  Grant.addToPrincipal({
    grantee: role,
    actions: ['lambda:InvokeFunction'],
    resourceArns: [service.startRunFunction.functionArn],
  })
  return role
}

function grantDeadLetters(queue: IQueue, grantee: IGrantable): void {
  queue.grant(grantee, 'sqs:SendMessage')
  grantKey(queue.encryptionMasterKey, grantee, keyActions.write)
}

function scheduleProblems(id: string, options: StartScheduleOptions): string[] {
  const {
    schedule,
    timeZone,
    blueprintId,
    input = {},
    labels,
    start,
    end,
    maxEventAge,
    retryAttempts,
  } = options
  const own = zoneOf(schedule)
  const problems = [
    id === ROLE
      ? `the id of a schedule must be another than ${ROLE}, which is the role of them all`
      : undefined,
    timeZone && own && timeZone.timezoneName !== own.timezoneName
      ? `timeZone must be given once, got ${timeZone.timezoneName} and ${own.timezoneName} of schedule`
      : undefined,
    Token.isUnresolved(blueprintId) ? undefined : blueprintIdProblem(blueprintId),
    inputProblem(input) ?? jsonProblem(input),
    labelsProblem(labels),
    start && end && start >= end
      ? `start must be before end, got ${start.toISOString()} and ${end.toISOString()}`
      : undefined,
  ]
  return [
    ...problems.filter((problem) => problem !== undefined),
    ...durationProblems('maxEventAge', maxEventAge, RETRY.age),
    ...numberProblems('retryAttempts', retryAttempts, RETRY.attempts),
  ]
}

/** What JSON would change or leave out without a word. */
function jsonProblem(input: unknown): string | undefined {
  const odd = oddIn(input, 'input')
  if (odd) return odd
  const [found] = OF_ATTEMPT.filter((attribute) => JSON.stringify(input).includes(attribute))
  if (found === undefined) return undefined
  return `input must be the same each time an occurrence is delivered, got ${found} in it`
}

function oddIn(value: unknown, path: string, above: readonly unknown[] = []): string | undefined {
  if (above.includes(value)) return `${path} must be what JSON can carry, got an object that holds itself`
  if (value === null || ['string', 'boolean'].includes(typeof value)) return undefined
  if (Token.isUnresolved(value) || (typeof value === 'number' && Number.isFinite(value))) return undefined
  if (Array.isArray(value))
    return firstOf(value.entries(), (n, one) => oddIn(one, `${path}[${n}]`, [...above, value]))
  if (typeof value === 'object' && inputProblem(value) === undefined) {
    // A key without a value is none.
    const entries = Object.entries(value).filter(([, one]) => one !== undefined)
    return firstOf(entries, (name, one) => oddIn(one, `${path}.${name}`, [...above, value]))
  }
  const got = typeof value === 'object' ? value.constructor.name : String(value)
  return `${path} must be what JSON can carry, got ${got}`
}

function firstOf<K>(
  entries: Iterable<[K, unknown]>,
  problemOf: (key: K, value: unknown) => string | undefined,
): string | undefined {
  for (const [key, value] of entries) {
    const problem = problemOf(key, value)
    if (problem) return problem
  }
  return undefined
}

/** CloudWatch alarms of a service. The description of each says what happened and what to do. */
import { Duration } from 'aws-cdk-lib'
import {
  Alarm,
  type AlarmBase,
  type AlarmProps,
  AlarmRule,
  ComparisonOperator,
  CompositeAlarm,
  type IAlarmAction,
  type IMetric,
  MathExpression,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import type { JobQueue } from './job-queue.ts'
import { durationProblems, throwProblems } from './problems.ts'
import type { StartRunFunction } from './start-run-function.ts'
import type { StateTable } from './state-table.ts'
import type { SweepFunction } from './sweep-function.ts'
import type { WebhookEndpoint } from './webhook-endpoint.ts'
import type { WorkerFunction } from './worker-function.ts'

/** Settings of the alarms. */
export interface AlarmOptions {
  /** SNS topic that the alarms notify. @default - none */
  readonly topic?: ITopic
  /** Alarm actions beside `topic`. @default - none */
  readonly actions?: readonly IAlarmAction[]
  /** What is done when an alarm is over. @default - nothing, also no message to `topic` */
  readonly okActions?: readonly IAlarmAction[]
  /**
   * Which alarms there are. 'essential' are those of dead letters, of jobs that wait long, and of a sweep that is missing:
   * what stands still. For accounts with many small services.
   * @default 'all'
   */
  readonly level?: 'all' | 'essential'
  /**
   * Whether the actions are those of one composite alarm over all others, at $0.50 a month: one message for an incident that
   * raises several.
   * @default false
   */
  readonly composite?: boolean
  /**
   * Age of the oldest waiting job that raises an alarm, from 1 minute to 14 days. Delayed jobs wait up to 15 minutes on
   * purpose.
   * @default Duration.minutes(30)
   */
  readonly maxJobAge?: Duration
}

/** A queue with the workers behind it; containers have no metrics of their own. */
export interface WatchedPool {
  readonly jobs: JobQueue
  /** Worker function of the queue. @default - none: containers poll the queue */
  readonly worker?: WorkerFunction
}

export interface AlarmsProps extends WatchedPool, AlarmOptions {
  /** Pools beside the default one, by name. @default - none */
  readonly pools?: Readonly<Record<string, WatchedPool>>
  /** The table whose throttled requests are watched. @default - none */
  readonly state?: StateTable
  /** The sweep to watch. @default - none */
  readonly sweep?: SweepFunction
  /** The StartRun function to watch. @default - none */
  readonly startRun?: StartRunFunction
  /** The webhook to watch. @default - none */
  readonly webhook?: WebhookEndpoint
}

type Settings = Pick<
  AlarmProps,
  'evaluationPeriods' | 'threshold' | 'treatMissingData' | 'comparisonOperator'
>

const FIVE_MINUTES = Duration.minutes(5)

/**
 * @example
 * new Alarms(this, 'Alarms', { jobs, worker, state, topic })
 */
export class Alarms extends Construct {
  /** All of them, the pools' included, without the composite one. */
  readonly all: Alarm[] = []
  /** The one over all others; undefined without `composite`. */
  readonly composite?: CompositeAlarm
  readonly #props: AlarmsProps

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id)
    throwProblems(this, alarmProblems(props))
    this.#props = props
    const { jobs, state, pools = {} } = props
    const deadLetters = jobs.metricDeadLetters({ period: FIVE_MINUTES })
    if (deadLetters) {
      this.#alarm(
        this,
        'DeadLetters',
        deadLetters,
        'Messages are in the dead-letter queue: their reason is in the attribute flowcraft-reason, or in the log of the worker.',
      )
    }
    this.#watch(new Construct(this, 'Worker'), props)
    const poolScope = new Construct(this, 'Pools')
    for (const [name, pool] of Object.entries(pools)) this.#watch(new Construct(poolScope, name), pool)
    if (state && !this.#isEssential) {
      this.#alarm(
        this,
        'TableThrottles',
        state.metricThrottles({ period: FIVE_MINUTES }),
        'DynamoDB throttles requests to the state table: runs go on, slower.',
      )
    }
    this.#watchFunctions(props)
    if (props.composite) this.composite = this.#compose()
  }

  get #isEssential(): boolean {
    return this.#props.level === 'essential'
  }

  #compose(): CompositeAlarm {
    const composite = new CompositeAlarm(this, 'Composite', {
      alarmRule: AlarmRule.anyOf(...this.all),
      alarmDescription: `Something is wrong with the workflows: see which of ${this.all.length} alarms it is.`,
    })
    this.#act(composite)
    return composite
  }

  #act(alarm: AlarmBase): void {
    const { topic, actions = [], okActions = [] } = this.#props
    alarm.addAlarmAction(...(topic ? [new SnsAction(topic)] : []), ...actions)
    alarm.addOkAction(...okActions)
  }

  #watch(scope: Construct, { jobs, worker }: WatchedPool): void {
    const { maxJobAge = Duration.minutes(30) } = this.#props
    this.#alarm(
      scope,
      'Age',
      worker ? jobs.metricAge({ period: FIVE_MINUTES }) : ageWhileWaiting(jobs),
      'Jobs wait long for a worker: it fails, is throttled, or there are too few.',
      {
        threshold: maxJobAge.toSeconds(),
      },
    )
    if (!worker || this.#isEssential) return
    this.#alarm(
      scope,
      'Errors',
      worker.metricErrors({ period: FIVE_MINUTES }),
      'A worker crashed, ran out of memory or out of time: its log says which. Failed nodes are not errors of the worker.',
    )
    this.#alarm(
      scope,
      'Throttles',
      worker.metricThrottles({ period: FIVE_MINUTES }),
      'Workers are throttled for a quarter of an hour: give them more concurrency, or set maxConcurrency below it.',
      {
        evaluationPeriods: 3,
      },
    )
  }

  #watchFunctions({ sweep, startRun, webhook }: AlarmsProps): void {
    if (sweep && !this.#isEssential) {
      this.#alarm(
        this,
        'SweepErrors',
        sweep.metricErrors({ period: FIVE_MINUTES }),
        'The sweep failed: timers may be late. Its log says why.',
        {
          // One failed sweep is made good by the next.
          evaluationPeriods: 2,
        },
      )
    }
    if (sweep) {
      this.#alarm(
        this,
        'SweepMissing',
        sweep.metricInvocations({ period: sweep.interval }),
        'The sweep was not invoked five times in a row: long timers stand still.',
        {
          evaluationPeriods: 5,
          threshold: 1,
          comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
          treatMissingData: TreatMissingData.BREACHING,
        },
      )
    }
    if (startRun && !this.#isEssential) {
      this.#alarm(
        this,
        'StartRunErrors',
        startRun.metricErrors({ period: FIVE_MINUTES }),
        'Starts of runs were refused or failed: the log of the StartRun function says why.',
      )
    }
    if (webhook && !this.#isEssential) {
      this.#alarm(
        this,
        'WebhookErrors',
        webhook.metricErrors({ period: FIVE_MINUTES }),
        'Webhooks could not be given to their runs: the log of the webhook function says why.',
      )
    }
  }

  #alarm(
    scope: Construct,
    id: string,
    metric: IMetric,
    alarmDescription: string,
    settings: Partial<Settings> = {},
  ): void {
    const alarm = new Alarm(scope, id, {
      metric,
      alarmDescription,
      threshold: 1,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      ...settings,
    })
    if (!this.#props.composite) this.#act(alarm)
    this.all.push(alarm)
  }
}

/**
 * SQS counts the age of a job that is worked on too, and containers work for hours: only while others wait all the time
 * does it tell anything. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
 */
function ageWhileWaiting(jobs: JobQueue): MathExpression {
  return new MathExpression({
    expression: 'IF(waiting > 0, age, 0)',
    usingMetrics: {
      waiting: jobs.metricDepth({ period: FIVE_MINUTES, statistic: 'Minimum' }),
      age: jobs.metricAge({ period: FIVE_MINUTES }),
    },
    period: FIVE_MINUTES,
  })
}

export function alarmProblems({ maxJobAge, level = 'all' }: AlarmOptions, path = ''): string[] {
  const limits = { min: Duration.minutes(1), max: Duration.days(14) }
  const problems = durationProblems(`${path}maxJobAge`, maxJobAge, limits)
  if (level === 'all' || level === 'essential') return problems
  return [...problems, `${path}level must be one of all, essential, got ${String(level)}`]
}

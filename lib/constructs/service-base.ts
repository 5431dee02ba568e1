/** What others do with a service: grants, metrics. Of one that is made here, and of one that is deployed elsewhere. */
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import type { IEventBus, Rule } from 'aws-cdk-lib/aws-events'
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { Schedule } from 'aws-cdk-lib/aws-scheduler'
import { Construct, type IConstruct } from 'constructs'
import { environmentVariables } from '../core/common/environment.ts'
import type { RunEventName } from '../core/telemetry/names.ts'
import type { RunStatusChange } from '../core/telemetry/run-event-details.ts'
import { setEnvironment } from './grant-environment.ts'
import { onRunEvent, type OnRunEventOptions, type OnRunWaitingOptions } from './run-events.ts'
import { type RunCostMetricOptions, RunMetrics } from './run-metrics.ts'
import { defined, environmentOf, grantSendJobs, type ServiceParts } from './service-parts.ts'
import { startSchedule, type StartScheduleOptions } from './start-schedule.ts'

/** A service, made in this app or imported. */
export interface IFlowcraftService extends IConstruct {
  /** Name of the service in logs and metrics. */
  readonly serviceName: string
  /** The bus with the events of its runs; undefined where there is none. */
  readonly eventBus?: IEventBus
  /** What is published of its runs there. */
  readonly runEvents: readonly RunEventName[]
  /** The function that starts runs, for targets and integrations of the CDK. */
  readonly startRunFunction: IFunction
  /** Environment variables by which a program finds the service: for stack outputs, a CLI, a program outside AWS. */
  readonly environment: Readonly<Record<string, string>>

  /** Lets somebody start runs; a function is told which service to start them in. */
  grantStartRun(grantee: IGrantable): Grant
  /** Lets somebody get, list and watch runs, and read their history. */
  grantReadRuns(grantee: IGrantable): Grant
  /**
   * Lets somebody do all that `RunClient` does: start, resume, cancel, pause, redrive, skip and fork, too.
   */
  grantManageRuns(grantee: IGrantable): Grant

  /** Starts a run at the times of a schedule. */
  schedule(id: string, options: StartScheduleOptions): Schedule

  /** A rule for each run that has completed. */
  onRunCompleted(id: string, options?: OnRunEventOptions): Rule
  /** A rule for each run that has failed. */
  onRunFailed(id: string, options?: OnRunEventOptions): Rule
  /** A rule for each run that was cancelled. */
  onRunCancelled(id: string, options?: OnRunEventOptions): Rule
  /** A rule for each run that has ended. */
  onRunStatusChange(id: string, options?: OnRunEventOptions): Rule
  /** A rule for each run that has started. Needs 'started' in `runEvents`. */
  onRunStarted(id: string, options?: OnRunEventOptions): Rule
  /** A rule for each node that waits for an event. Needs 'waiting' in `runEvents`. */
  onRunWaiting(id: string, options?: OnRunWaitingOptions): Rule
  /** A rule for each run that goes on after its end. Needs 'redriven' in `runEvents`. */
  onRunRedriven(id: string, options?: OnRunEventOptions): Rule

  /** How many runs have started. */
  metricRunsStarted(options?: MetricOptions): Metric
  /** How many runs have completed. */
  metricRunsCompleted(options?: MetricOptions): Metric
  /** How many runs have failed. */
  metricRunsFailed(options?: MetricOptions): Metric
  /** How many runs were cancelled. */
  metricRunsCancelled(options?: MetricOptions): Metric
  /** How many runs were paused in place of their end as failed. */
  metricRunsPaused(options?: MetricOptions): Metric
  /** How many nodes have failed. */
  metricNodesFailed(options?: MetricOptions): Metric
  /** How long nodes take, in milliseconds. */
  metricNodeDuration(options?: MetricOptions): Metric
  /** What runs that have ended cost, in US dollars. */
  metricRunCost(options?: RunCostMetricOptions): Metric
}

/** What a service that is made here and an imported one have in common. */
export abstract class FlowcraftServiceBase extends Construct implements IFlowcraftService {
  abstract readonly serviceName: string
  abstract readonly environment: Readonly<Record<string, string>>
  abstract readonly eventBus?: IEventBus
  abstract readonly runEvents: readonly RunEventName[]
  abstract readonly startRunFunction: IFunction
  protected abstract readonly metricsNamespace: string | undefined

  /**
   * Grants starting runs, and nothing else. Sets the environment of a function, so that `new StartRunInvoker()` needs no
   * options there. A grantee of another account (`new AccountPrincipal('111122223333')`) is let in by the policy of the
   * StartRun function; its own account must allow it too, as `FlowcraftService.fromAttributes(...)` there does.
   *
   * @throws Error if the function has the environment of another service
   */
  abstract grantStartRun(grantee: IGrantable): Grant

  /** The table, queues and bucket. @throws Error that says what is not known, and that `action` needs it */
  protected abstract partsFor(action: string): ServiceParts

  /**
   * Grants reading runs: `RunClient.get`, `waitFor`, `list`, `runs` and `failures`. Sets the environment of a function.
   * @throws Error if the function has the environment of another service
   */
  grantReadRuns(grantee: IGrantable): Grant {
    const { state, values, ...parts } = this.partsFor('grantReadRuns')
    setEnvironment(this, grantee, environmentOf(this, { ...parts, state, values, serviceName: undefined }))
    const grant = state.grantReadData(grantee)
    return values ? grant.combine(values.grantRead(grantee)) : grant
  }

  /**
   * Grants all of `RunClient` but `backfill`: start, read, list, resume, cancel and repair runs, and its dead letters. Sets the
   * environment of a function.
   * @throws Error if the function has the environment of another service
   */
  grantManageRuns(grantee: IGrantable): Grant {
    const parts = this.partsFor('grantManageRuns')
    const { state, jobs } = parts
    setEnvironment(this, grantee, {
      ...environmentOf(this, { ...parts, serviceName: undefined }),
      ...defined({ [environmentVariables.deadLetterQueueUrl]: jobs.deadLetterQueue?.queueUrl }),
    })
    let grant = grantSendJobs(parts, grantee)
      .combine(state.grantReadWriteData(grantee))
      .combine(state.grantListRuns(grantee))
    if (jobs.deadLetterQueue) grant = grant.combine(jobs.grantReceiveDeadLetters(grantee))
    return parts.values ? grant.combine(parts.values.grantReadWrite(grantee)) : grant
  }

  /**
   * Starts a run at each occurrence of a schedule of EventBridge Scheduler, once for each, however often it is delivered:
   * the run's id is the name of the stack, the path of the schedule and the time of the occurrence,
   * `Shop-Flows-Nightly-1a2b3c4d:2026-03-22T03:00:00Z`. All schedules of a service share a role, which may invoke StartRun.
   *
   * @throws Error that lists all problems of the options
   * @example
   * flows.schedule('Nightly', { schedule: Schedule.cron({ hour: '3', minute: '0' }), blueprintId: 'report' })
   */
  schedule(id: string, options: StartScheduleOptions): Schedule {
    return startSchedule(this, id, options)
  }

  /**
   * A rule for runs that completed, on the service's event bus.
   * @throws Error that lists all problems: `events: false`, `runEvents` without it, an `eventPattern` against the rule's own
   */
  onRunCompleted(id: string, options: OnRunEventOptions = {}): Rule {
    return this.#onEnd('onRunCompleted', id, 'completed', options)
  }

  /** As `onRunCompleted`, for runs that failed. */
  onRunFailed(id: string, options: OnRunEventOptions = {}): Rule {
    return this.#onEnd('onRunFailed', id, 'failed', options)
  }

  /** As `onRunCompleted`, for runs that were cancelled. */
  onRunCancelled(id: string, options: OnRunEventOptions = {}): Rule {
    return this.#onEnd('onRunCancelled', id, 'cancelled', options)
  }

  /** As `onRunCompleted`, for every end; `eventPattern: { detail: { status: [...] } }` says which. */
  onRunStatusChange(id: string, options: OnRunEventOptions = {}): Rule {
    return this.#onEnd('onRunStatusChange', id, undefined, options)
  }

  /** As `onRunCompleted`, for runs that start. Needs `runEvents` with 'started'. */
  onRunStarted(id: string, options: OnRunEventOptions = {}): Rule {
    return onRunEvent(this, id, { method: 'onRunStarted', event: 'started' }, options)
  }

  /** As `onRunCompleted`, for nodes that wait for an event from outside. Needs `runEvents` with 'waiting'. */
  onRunWaiting(id: string, { nodeId, ...options }: OnRunWaitingOptions = {}): Rule {
    return onRunEvent(this, id, { method: 'onRunWaiting', event: 'waiting', detail: { nodeId } }, options)
  }

  /** As `onRunCompleted`, for runs that are redriven. Needs `runEvents` with 'redriven'. */
  onRunRedriven(id: string, options: OnRunEventOptions = {}): Rule {
    return onRunEvent(this, id, { method: 'onRunRedriven', event: 'redriven' }, options)
  }

  #onEnd(
    method: string,
    id: string,
    status: RunStatusChange['status'] | undefined,
    options: OnRunEventOptions,
  ): Rule {
    return onRunEvent(this, id, { method, event: 'ended', detail: { status } }, options)
  }

  /** @default - the sum over 5 minutes */
  metricRunsStarted(options?: MetricOptions): Metric {
    return this.#metrics.metric('runsStarted', options)
  }

  /** @default - the sum over 5 minutes */
  metricRunsCompleted(options?: MetricOptions): Metric {
    return this.#metrics.metric('runsCompleted', options)
  }

  /** @default - the sum over 5 minutes */
  metricRunsFailed(options?: MetricOptions): Metric {
    return this.#metrics.metric('runsFailed', options)
  }

  /** @default - the sum over 5 minutes */
  metricRunsCancelled(options?: MetricOptions): Metric {
    return this.#metrics.metric('runsCancelled', options)
  }

  /** Runs that were paused since nodes of them failed (`onFailure: 'pause'`). @default - the sum over 5 minutes */
  metricRunsPaused(options?: MetricOptions): Metric {
    return this.#metrics.metric('runsPaused', options)
  }

  /** @default - the sum over 5 minutes */
  metricNodesFailed(options?: MetricOptions): Metric {
    return this.#metrics.metric('nodesFailed', options)
  }

  /** Milliseconds. @default - the average over 5 minutes */
  metricNodeDuration(options?: MetricOptions): Metric {
    return this.#metrics.metric('nodeDuration', options)
  }

  /** US dollars of runs that ended, those of one blueprint or all. @default - the sum over 5 minutes */
  metricRunCost(options?: RunCostMetricOptions): Metric {
    return this.#metrics.runCost(options)
  }

  get #metrics(): RunMetrics {
    return new RunMetrics({ serviceName: this.serviceName, metricsNamespace: this.metricsNamespace })
  }
}

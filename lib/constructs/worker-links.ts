/** What a worker has to do with the rest of its service, function or container: its environment and its permissions. */
import { isDeepStrictEqual } from 'node:util'
import type { IEventBus } from 'aws-cdk-lib/aws-events'
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'
import { environmentVariables } from '../core/common/environment.ts'
import type { HistoryMode } from '../core/common/history-mode.ts'
import { type LeaseMode, leasesProblems } from '../core/common/lease-mode.ts'
import {
  defaultRunEvents,
  metricNames,
  type RunEventName,
  runEventsProblems,
} from '../core/telemetry/names.ts'
import { type DeploymentOptions, deployGraceOf } from './safe-deployment.ts'
import {
  defined,
  environmentOf,
  grantSendJobs,
  ownQueueOf,
  type PoolChoice,
  type ServiceParts,
} from './service-parts.ts'

/** Where a worker sends events and metrics, and where its webhooks are received. */
export interface WorkerLinks extends PoolChoice {
  /** Event bus that receives what is published of runs. @default - none */
  readonly eventBus?: IEventBus
  /** What is published there. @default ['ended'] */
  readonly runEvents?: readonly RunEventName[]
  /** URL of the webhook endpoint. @default - no webhooks */
  readonly webhookUrl?: string
  /** CloudWatch namespace of the metrics; an empty string disables them. @default 'Flowcraft' */
  readonly metricsNamespace?: string
  /**
   * What workers write down of their runs, for `RunClient.history`: 'timings', for a write unit for each message; 'full',
   * also inputs, outputs and context keys; or 'none'.
   * @default 'timings'
   */
  readonly history?: HistoryMode
  /**
   * Which messages workers lease before they work on them, for a write unit each: 'always', or 'redeliveries', those that SQS
   * has delivered before. Then a node runs twice where two messages for it are there at once, which SQS's rare double is; one
   * of them commits. See docs/costs.md.
   * @default 'always'
   */
  readonly leases?: LeaseMode
  /**
   * Deploys new code of functions step by step, by versions and an alias; `{}` for 10 percent of the messages in the first
   * five minutes. Containers are only told how long that takes.
   * @default false: new code has all messages at once
   */
  readonly deployment?: false | DeploymentOptions
}

/** The environment of a worker, function or container. */
export function workerEnvironment(
  scope: Construct,
  props: ServiceParts & WorkerLinks,
): Record<string, string> {
  const {
    eventBus,
    runEvents,
    webhookUrl,
    pool,
    metricsNamespace = metricNames.namespace,
    deployment,
  } = props
  const { history = 'timings', leases = 'always' } = props
  return {
    ...environmentOf(scope, props),
    ...defined({
      [environmentVariables.deadLetterQueueUrl]: ownQueueOf(props).deadLetterQueue?.queueUrl,
      [environmentVariables.eventBusName]: eventBus?.eventBusName,
      [environmentVariables.runEvents]: eventBus && chosenOf(runEvents),
      [environmentVariables.webhookUrl]: webhookUrl,
      [environmentVariables.metricsNamespace]: metricsNamespace || undefined,
      [environmentVariables.history]: history,
      [environmentVariables.leases]: leases === 'always' ? undefined : leases,
      [environmentVariables.pool]: pool,
      [environmentVariables.deployGraceMs]: deployGraceOf(deployment)?.toMilliseconds().toString(),
    }),
  }
}

/** What is wrong with what a worker is to publish, and with what it leases. */
export function linkProblems({ eventBus, runEvents = [], leases = 'always' }: WorkerLinks): string[] {
  const problems = leasesProblems(leases)
  if (runEvents.length === 0) return problems
  return [...problems, ...(eventBus ? [] : ['runEvents needs eventBus']), ...runEventsProblems(runEvents)]
}

/** Undefined where a worker chooses the same by itself. */
function chosenOf(runEvents: readonly RunEventName[] = defaultRunEvents): string | undefined {
  return isDeepStrictEqual(runEvents, defaultRunEvents) ? undefined : runEvents.join(',')
}

/** Grants what a worker needs, function or container, except receiving jobs. */
export function grantWork(props: ServiceParts & WorkerLinks, grantee: IGrantable): void {
  props.state.grantReadWriteData(grantee)
  props.values?.grantReadWrite(grantee)
  grantSendJobs(props, grantee)
  const jobs = ownQueueOf(props)
  if (jobs.deadLetterQueue) jobs.grantReject(grantee)
  if (!props.eventBus) return
  const { eventBusArn } = props.eventBus
  Grant.addToPrincipal({ grantee, actions: ['events:PutEvents'], resourceArns: [eventBusArn] })
}

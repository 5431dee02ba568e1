/**
 * The package's `./constructs` entry: the only part that knows the CDK. Never imported by what runs in Lambda.
 * @module flowcraft-aws/constructs
 */
export { type AlarmOptions, Alarms, type AlarmsProps, type WatchedPool } from './alarms.ts'
export { type ContainerOptions, ContainerWorker, type ContainerWorkerProps } from './container-worker.ts'
export { Dashboard, type DashboardOptions, type DashboardProps } from './dashboard.ts'
export type { FeedOptions } from './feed-options.ts'
export { FlowcraftService } from './flowcraft-service.ts'
export type { FunctionOptions, FunctionSize, OverridableFunction } from './function-options.ts'
export type { FunctionOverrides } from './function-overrides.ts'
export type { FlowcraftServiceAttributes, ImportedPool } from './imported-service.ts'
export { JobQueue, type JobQueueProps } from './job-queue.ts'
export type { PoolOptions } from './pool-options.ts'
export type { OnRunEventOptions, OnRunWaitingOptions, RunEventOptions } from './run-events.ts'
export {
  RunEventFields,
  RunRedrivenEvent,
  RunStartedEvent,
  RunStatusEvent,
  RunWaitingEvent,
} from './run-event-fields.ts'
export {
  type RunCostMetricOptions,
  type RunMetricName,
  RunMetrics,
  type RunMetricsProps,
} from './run-metrics.ts'
export { type DeploymentOptions, SafeDeployment, type SafeDeploymentProps } from './safe-deployment.ts'
export { FlowcraftServiceBase, type IFlowcraftService } from './service-base.ts'
export type { Costed, PoolRoute, ServiceParts, Traced } from './service-parts.ts'
export type { FlowcraftServiceProps } from './service-props.ts'
export { StartRunFunction, type StartRunFunctionProps } from './start-run-function.ts'
export { StartRunTarget, type StartRunTargetProps } from './start-run-target.ts'
export type { StartScheduleOptions } from './start-schedule.ts'
export { StateTable, type StateTableProps } from './state-table.ts'
export { SweepFunction, type SweepFunctionProps } from './sweep-function.ts'
export type { UserCode } from './user-code.ts'
export { ValueBucket, type ValueBucketOptions, type ValueBucketProps } from './value-bucket.ts'
export { WebhookEndpoint, type WebhookEndpointProps, type WebhookOptions } from './webhook-endpoint.ts'
export { WorkerFunction, type WorkerFunctionProps } from './worker-function.ts'
export type { WorkerLinks } from './worker-links.ts'
export type { WorkerPool } from './worker-pool.ts'
export type { ExistingFunction } from './worker-function.ts'
export type { PoolChoice } from './service-parts.ts'

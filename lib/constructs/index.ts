/** The package's `./constructs` entry: the only part that knows the CDK. Never imported by what runs in Lambda. */
export { type AlarmOptions, Alarms, type AlarmsProps, type WatchedPool } from './alarms.ts'
export { type ContainerOptions, ContainerWorker, type ContainerWorkerProps } from './container-worker.ts'
export { Dashboard, type DashboardOptions, type DashboardProps } from './dashboard.ts'
export { FlowcraftService } from './flowcraft-service.ts'
export type { FunctionOptions, FunctionSize } from './function-options.ts'
export { JobQueue, type JobQueueProps } from './job-queue.ts'
export type { PoolOptions } from './pool-options.ts'
export { type RunMetricName, RunMetrics, type RunMetricsProps } from './run-metrics.ts'
export type { PoolRoute, ServiceParts } from './service-parts.ts'
export type { FlowcraftServiceProps, RunEventOptions } from './service-props.ts'
export { StartRunFunction, type StartRunFunctionProps } from './start-run-function.ts'
export { StateTable, type StateTableProps } from './state-table.ts'
export { SweepFunction, type SweepFunctionProps } from './sweep-function.ts'
export type { UserCode } from './user-code.ts'
export { ValueBucket, type ValueBucketOptions, type ValueBucketProps } from './value-bucket.ts'
export { WebhookEndpoint, type WebhookEndpointProps, type WebhookOptions } from './webhook-endpoint.ts'
export {
  type FeedOptions,
  WorkerFunction,
  type WorkerLinks,
  type WorkerFunctionProps,
} from './worker-function.ts'
export type { WorkerPool } from './worker-pool.ts'

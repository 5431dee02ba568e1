/** The package's main entry: what runs workflows on AWS, and what starts and watches them. Never imports the CDK. */
export type { MaxActivations } from './adapter/bounds.ts'
export type { ContextConflicts } from './adapter/context-conflicts.ts'
export { type AwsOptions, environmentVariables } from './adapter/config.ts'
export { DynamoDbContext, type DynamoDbContextOptions } from './adapter/context/dynamodb-context.ts'
export {
  DynamoDbCoordinationStore,
  type DynamoDbCoordinationStoreOptions,
} from './adapter/coordination/dynamodb-coordination-store.ts'
export { FlowcraftAwsError, type FlowcraftAwsErrorCode, isFlowcraftAwsError } from './adapter/errors.ts'
export type { RunDescription, RunNodes, WaitingNode } from './adapter/outcome.ts'
export type { LostValue } from './adapter/values/lost.ts'
export type { Job } from './adapter/queue/job.ts'
export type { Pool } from './adapter/queue/pools.ts'
export type { Flow } from './adapter/registration.ts'
export type { RunEvent } from './adapter/run-events.ts'
export type { RunStatus } from './adapter/run-state.ts'
export type { Disposition, Invocation } from './adapter/services.ts'
export { SqsAdapter, type SqsAdapterOptions } from './adapter/sqs-adapter.ts'
export type { SweepResult } from './adapter/sweep.ts'
export { telemetry } from './adapter/telemetry/names.ts'
export type { RunStatusChange } from './adapter/telemetry/status-events.ts'
export type { Telemetry } from './adapter/telemetry/telemetry.ts'
export type { WebhookEndpoint } from './adapter/webhook.ts'
export type { WebhookEvent } from './adapter/webhook-request.ts'
export { stateTable } from './adapter/store/schema.ts'
export type { ErrorCause, ErrorRecord } from './adapter/values/flush.ts'
export {
  createWorkerHandler,
  type WorkerHandler,
  workerHandlerOf,
  type WorkerHandlerOptions,
} from './adapter/worker-handler.ts'
export {
  type ResumeRequest,
  RunClient,
  type RunClientOptions,
  type WaitOptions,
} from './client/run-client.ts'
export type { StartRunRequest, StartRunResult } from './client/start-request.ts'
export { createSweepHandler, createWebhookHandler } from './client/operation-handlers.ts'
export {
  createStartRunHandler,
  type StartRunHandler,
  type StartRunHandlerOptions,
} from './client/start-run-handler.ts'
export { StartRunInvoker, type StartRunInvokerOptions } from './client/start-run-invoker.ts'

/**
 * The package's main entry: what runs workflows on AWS, and what starts and watches them. Never imports the CDK.
 * @module flowcraft-aws
 */
export type { MaxActivations } from './core/protocol/bounds.ts'
export { addCost } from './core/common/add-cost.ts'
export { type PriceOverrides, PRICES, type Prices } from './core/common/prices.ts'
export type { Budget, OnBudget } from './core/protocol/budget.ts'
export type { RunCost } from './core/common/run-cost.ts'
export { type AwsOptions, environmentVariables } from './core/config/config.ts'
export { DynamoDbContext, type DynamoDbContextOptions } from './adapter/dynamodb-context.ts'
export {
  DynamoDbCoordinationStore,
  type DynamoDbCoordinationStoreOptions,
} from './adapter/dynamodb-coordination-store.ts'
export type { RetryCondition, RetryPolicy } from './core/common/retry-config.ts'
export { extendRuntime, type ExtendRuntimeOptions, type ExtensibleRuntime } from './adapter/extend-runtime.ts'
export { NonRetryableError, RetryAfterError, type RetryAfterOptions } from './core/common/node-errors.ts'
export {
  errorCodes,
  FlowcraftAwsError,
  type FlowcraftAwsErrorCode,
  type FlowcraftAwsErrorOptions,
  isFlowcraftAwsError,
} from './core/common/errors.ts'
export type { DeadLetterNote, PausedBy, RunDescription } from './core/run/describe.ts'
export type { RunNodes, WaitingNode } from './core/run/nodes.ts'
export type { ItemsProgress, NodeProgress, NodeState } from './core/run/progress.ts'
export type { BackfillRequest, BackfillResult } from './core/run/backfill.ts'
export type { FailureGroup, Failures, FailuresRequest } from './core/run/failures.ts'
export type { ListRunsQuery, ListRunsRequest, RunPage, RunSummary } from './core/run/list.ts'
export type { RunLabels } from './core/common/labels.ts'
export type { LostValue } from './core/values/lost.ts'
export type { Job } from './core/queue/job.ts'
export type { Pool } from './core/queue/pools.ts'
export type { RunStatus } from './core/protocol/run-state.ts'
export type { Invocation } from './core/execution/services.ts'
export { SqsAdapter, type SqsAdapterOptions } from './adapter/sqs-adapter.ts'
export type { MessageSource } from './adapter/sqs-adapter-options.ts'
export type { SweepResult } from './core/run/sweep.ts'
export { metricNames, type RunEventName, runEventNames } from './core/telemetry/names.ts'
export type { RunEvent } from './core/telemetry/run-events.ts'
export type {
  RunEventDetail,
  RunRedriven,
  RunStarted,
  RunStatusChange,
  RunWaiting,
} from './core/telemetry/run-event-details.ts'
export type { Telemetry } from './core/telemetry/telemetry.ts'
export type { WebhookEndpoint } from './core/run/webhook.ts'
export type { WebhookEvent } from './core/run/webhook-request.ts'
export { stateTable } from './core/store/schema.ts'
export {
  createWorkerHandler,
  type WorkerAdapter,
  type WorkerHandler,
  type WorkerHandlerOptions,
} from './adapter/worker-handler.ts'
export type { DescribedBlueprint, DescribeRequest, WorkerDescription } from './core/blueprints/described.ts'
export { RunClient, type TypedRuns } from './client/run-client.ts'
export type { ForkRequest, ForkResult } from './client/fork-request.ts'
export type {
  FailedRunsSelection,
  RedriveFailure,
  RedriveManyRequest,
  RedriveOutcome,
} from './client/redrive-many.ts'
export type { GetOptions, ResumeRequest, ResumeResult, Runs, WaitOptions } from './client/runs.ts'
export type { WatchOptions } from './client/watch.ts'
export type {
  CancelResult,
  OperationRequest,
  PauseResult,
  RedriveRequest,
  RedriveResult,
  SkipRequest,
  SkipResult,
  UnpauseRequest,
  UnpauseResult,
} from './client/steering.ts'
export { HistoryEventStore } from './client/history-event-store.ts'
export type { HistoryEntry, NodeEnd, NodeEntry, TimedEntry } from './core/run/history-entries.ts'
export type { HistoryMode } from './core/common/history-mode.ts'
export type { LeaseMode } from './core/common/lease-mode.ts'
export type { NotedError } from './core/history/notes.ts'
export type { HistoryWriter } from './core/history/recorder.ts'
export type {
  PauseBlueprintResult,
  PausedBlueprint,
  UnpauseBlueprintResult,
} from './client/blueprint-pauses.ts'
export type { Operation } from './core/run/operations.ts'
export type {
  DeadLetterBox,
  DropRequest,
  ListDeadLettersRequest,
  SendBackRequest,
} from './client/dead-letter-requests.ts'
export type { DeadLetterFilter, DeadLetterSummary } from './core/run/dead-letters.ts'
export type { StartFailure, StartManyResult } from './client/start-many.ts'
export type { StartRunRequest, StartRunResult } from './client/start-request.ts'
export type {
  BlueprintIdOf,
  ForkResultOf,
  ListOf,
  ResumeRequestOf,
  RunDescriptionOf,
  RunIdOf,
  RunPageOf,
  RunSummaryOf,
  StartRunRequestOf,
  StartRunResultOf,
} from './client/typed-runs.ts'
export { createSweepHandler, createWebhookHandler } from './client/operation-handlers.ts'
export {
  createStartRunHandler,
  type StartRunHandler,
  type StartRunHandlerOptions,
} from './client/start-run-handler.ts'
export { StartRunInvoker, type StartRunInvokerOptions } from './client/start-run-invoker.ts'
export type { AlwaysError, AlwaysInput } from './core/protocol/always-nodes.ts'
export type { JoinInput } from './core/protocol/quorum.ts'
export type { Checkpoint } from './core/protocol/checkpoints.ts'
export type { ContextConflicts } from './core/protocol/context-conflicts.ts'
export type { OnFailure } from './core/protocol/on-failure.ts'
export { defineFlows } from './core/blueprints/define-flows.ts'
export type {
  AnyFlows,
  DefinedFlows,
  FittingDefinition,
  FittingDefinitions,
  FlowContext,
  FlowDefinitions,
  FlowInput,
  FlowType,
  FlowTypeOf,
  FlowTypes,
  FlowWithInput,
  NamedKeys,
  RecordOf,
  TypesOf,
  TypesOfDefinitions,
  UntypedFlow,
  UntypedFlows,
} from './core/blueprints/flow-types.ts'
export type {
  SchemaInput,
  SchemaOutput,
  StandardIssue,
  StandardResult,
  StandardSchema,
} from './core/common/standard-schema.ts'
export type { Flow, Registry } from './core/blueprints/registry.ts'
export type { ErrorCause, ErrorRecord } from './core/values/error-record.ts'
export type { Disposition } from './core/execution/disposition.ts'
export type { FinalResult } from './core/run/final-result.ts'
export type { ClientOptions, RunClientOptions } from './client/client-services.ts'
export type { ArrivalOptions, Isolation, Place, State } from './core/execution/isolation.ts'
export { currentTraceHeader, withTraceHeader } from './core/common/trace-context.ts'
export type { BlobStore } from './core/values/value-store.ts'
export type { WithContainer } from './core/config/container.ts'
export type { StopOptions } from './adapter/sqs-poller.ts'

/**
 * The package's `./local` entry: AWS on this computer. Only re-exports, by explicit names.
 * Never imported by the other entries: it starts servers and child processes.
 * @module flowcraft-aws/local
 */

export { startLocalAws } from './local-aws.ts'
export type {
  Endpoints,
  Engines,
  LocalAws,
  LocalAwsOptions,
  LocalEndpoints,
  LocalQueue,
  LocalQueueOptions,
  StopOptions,
} from './types.ts'
export type { LocalClientConfigs, LocalClients, LocalConnection, LocalPool } from './connection.ts'
export { Meter } from './meter.ts'
export type { DynamoDBUsage, EventBridgeUsage, S3Usage, SqsUsage, Usage } from './meter.ts'
export type { LocalEvent } from './event-buses.ts'
export type {
  LocalPermissions,
  LocalRole,
  LocalRoleOptions,
  PermissionUse,
  PolicyDocument,
  PolicyStatement,
  RefusedRequest,
} from './iam/types.ts'
export { PRICES, priceOf } from './prices.ts'
export type { LambdaUsage, Price } from './prices.ts'
export type { BatchLimits } from './proxy/dynamodb-batches.ts'
export type { TableLimits } from './proxy/dynamodb-ramp.ts'
export type { PrefixLimits } from './proxy/s3-slow-down.ts'
export type { PartitionLimits } from './proxy/dynamodb-throttle.ts'
export type { InterceptFunction, InterceptedRequest, Outcome, ServiceName } from './proxy/intercept.ts'
export { FunctionError, type FunctionErrorPayload, ThrottledError } from './lambda/errors.ts'
export type { LocalSchedule, ScheduleOptions } from './lambda/schedule.ts'
export type {
  AliasRouting,
  FunctionCode,
  FunctionStats,
  Invocable,
  LocalAlias,
  LocalFunction,
  LocalFunctionOptions,
  LocalVersion,
} from './lambda/types.ts'
export { bundleHandler, bundlingOptions } from './lambda/bundle.ts'
export type { Bundle, BundleHandlerOptions, BundleMetafile } from './lambda/bundle.ts'
export type {
  EventSourceMappingOptions,
  LocalEventSourceMapping,
  MappingStats,
} from './event-source/types.ts'
export type { DeployOptions, LocalResource, LocalStack } from './stack/types.ts'

// The package's `./local` entry: AWS on this computer. Only re-exports, by explicit names.
// Never imported by the other entries: it starts servers and child processes.

export { startLocalAws } from './local-aws.ts'
export type {
  Endpoints,
  Engines,
  LocalAws,
  LocalAwsOptions,
  LocalClientConfigs,
  LocalClients,
  LocalQueue,
  LocalQueueOptions,
  StopOptions,
} from './types.ts'
export { LocalAwsError } from './errors.ts'
export { Meter } from './meter.ts'
export type { DynamoDBUsage, S3Usage, SqsUsage, Usage } from './meter.ts'
export { PRICES, priceOf } from './prices.ts'
export type { LambdaUsage, Price } from './prices.ts'
export type { InterceptFunction, InterceptedRequest, Outcome, ServiceName } from './proxy/intercept.ts'
export { FunctionError, ThrottledError } from './lambda/errors.ts'
export type { FunctionStats, LocalFunction, LocalFunctionOptions } from './lambda/types.ts'
export { bundleHandler, bundlingOptions } from './lambda/bundle.ts'
export type { Bundle, BundleHandlerOptions, BundleMetafile } from './lambda/bundle.ts'
export type {
  EventSourceMappingOptions,
  LocalEventSourceMapping,
  MappingStats,
} from './event-source/types.ts'

/**
 * The package's `./testing` entry: what users test their flows with.
 * @module flowcraft-aws/testing
 */
export type { FinalResult } from '../core/run/final-result.ts'
export type { CostCounter, CostCounterOptions } from '../core/common/cost-counter.ts'
export type { CountName, Counts } from '../core/common/run-counts.ts'
export type { Change, Final, Requirement } from '../core/protocol/change.ts'
export type {
  ActivationKey,
  ActiveEntry,
  Outbox,
  Parent,
  RedriveNote,
  RunState,
  START,
  Wait,
} from '../core/protocol/run-state.ts'
export type { Redriven } from '../core/protocol/redrive.ts'
export type { DeadLetter, DeadLetterQueue, DeadLetters } from '../core/queue/dead-letter-queue.ts'
export type { JobQueue } from '../core/queue/job.ts'
export type { WithContainer } from '../core/config/container.ts'
export type {
  Arrivals,
  CommitResult,
  EndOfBegun,
  FailedEnd,
  FirstState,
  Lease,
  LeasedRun,
  LeaseEnd,
  LeaseRequest,
  Moved,
  MovedEntries,
  NewRun,
  PageEntries,
  RedriveState,
  ReleaseRequest,
  Reschedule,
  RunStore,
  StoredGraph,
  StoredValue,
  TablePlace,
  Unlisted,
  UnlistedRead,
} from '../core/store/run-store.ts'
export type {
  BlueprintPause,
  HeldPart,
  HeldPlace,
  Pauses,
  PauseStore,
  Release,
} from '../core/store/pause-store.ts'
export type {
  ListedRun,
  ListEntry,
  ListFilter,
  ListPart,
  ListPlace,
  ListRead,
  RunList,
} from '../core/store/run-list.ts'
export type { WebhookOutcome } from '../core/run/webhook.ts'
export type { WebhookAnswer } from '../core/run/webhook-request.ts'
export type { RunEventName } from '../core/telemetry/names.ts'
export type { RunEvent } from '../core/telemetry/run-events.ts'
export type { WorkOptions } from './memory-worker.ts'
export { MemoryPauses } from '../core/store/memory-pauses.ts'
export { MemoryRunStore } from '../core/store/memory-run-store.ts'
export { inAnyOrder, type Orders, type OrdersOptions } from './any-order.ts'
export { MemoryDeadLetters } from './memory-dead-letters.ts'
export { type MemoryMessage, MemoryQueue } from './memory-queue.ts'
export { TestService } from './test-service.ts'
export type { PostOptions, TestServiceOptions } from './test-service-options.ts'

/** What a `TestService` is given. */
import type { RuntimeOptions } from 'flowcraft'
import type { AnyFlows } from '../core/blueprints/flow-types.ts'
import type { HistoryMode } from '../core/common/history-mode.ts'
import type { WithContainer } from '../core/config/container.ts'
import type { MaxActivations } from '../core/protocol/bounds.ts'
import type { ContextConflicts } from '../core/protocol/context-conflicts.ts'
import type { OnFailure } from '../core/protocol/on-failure.ts'
import type { FinalResult } from '../core/run/final-result.ts'
import type { RunStore } from '../core/store/run-store.ts'
import type { RunEventName } from '../core/telemetry/names.ts'
import type { WorkOptions } from './memory-worker.ts'

/** Options of `TestService`. */
export interface TestServiceOptions<F extends AnyFlows = AnyFlows>
  extends RuntimeOptions, WithContainer, WorkOptions {
  /** What `createFlow()` builds, or `defineFlows` gives. @default - none */
  readonly flows?: F
  /** @default new MemoryRunStore() */
  readonly store?: RunStore
  /** As of `SqsAdapter`. @default { perNode: 10000, perRun: 1000000 } */
  readonly maxActivations?: MaxActivations
  /** As of `SqsAdapter`. @default 'warn' */
  readonly contextConflicts?: ContextConflicts
  /** As of `SqsAdapter`. @default 'end' */
  readonly onFailure?: OnFailure
  /** As of `SqsAdapter`. @default 'timings' */
  readonly history?: HistoryMode
  /** As `SqsAdapter` has it, in milliseconds by the test's clock. @default 120000 */
  readonly deployGraceMs?: number
  /** As the adapter's, in milliseconds of the process's own time. @default - as long as it takes */
  readonly nodeTimeoutMs?: number
  /** As the method that a subclass of `SqsAdapter` overrides: called at the end of each run, at least once. @default - none */
  readonly publishFinalResult?: (runId: string, result: FinalResult) => Promise<void>
  /** What of its runs stands in `runEvents`, as a worker with an `eventBusName` publishes it. @default - none */
  readonly runEvents?: readonly RunEventName[]
  /** Names runs that are started without an id. @default - random UUIDs */
  readonly newRunId?: () => string
}

/** Options of `post` and `request`. */
export interface PostOptions {
  /** @default 'POST' */
  readonly method?: string
  /** @default - `content-type: application/json` for what is sent as JSON */
  readonly headers?: Readonly<Record<string, string>>
}

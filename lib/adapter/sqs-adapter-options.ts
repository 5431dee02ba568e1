/** A worker's options: where its service is (`config.ts`), what it runs, and how it treats its runs. */
import type { SQSClient } from '@aws-sdk/client-sqs'
import type { ILogger, RuntimeOptions } from 'flowcraft'
import type { Flow } from '../core/blueprints/registry.ts'
import { throwProblems } from '../core/common/errors.ts'
import type { AwsOptions } from '../core/config/config.ts'
import type { WithContainer } from '../core/config/container.ts'
import type { Isolation } from '../core/execution/isolation.ts'
import type { MaxActivations } from '../core/protocol/bounds.ts'
import type { ContextConflicts } from '../core/protocol/context-conflicts.ts'
import type { OnFailure } from '../core/protocol/on-failure.ts'

/** What `FlowRuntime` takes stands beside the rest; blueprints and implementations are checked here. */
export interface SqsAdapterOptions extends RuntimeOptions, AwsOptions, WithContainer {
  /** What `createFlow()` builds: blueprints and functions together. @default - none */
  readonly flows?: readonly Flow[]
  /** Messages that `start()` works on at a time. @default 10 */
  readonly concurrency?: number
  /**
   * For so long after its start a run whose blueprint or node this worker does not have is left to a newer worker, in
   * milliseconds; after it, the run or the node fails. A deploy should take less.
   * @default - environment variable FLOWCRAFT_DEPLOY_GRACE_MS, else 120000
   */
  readonly deployGraceMs?: number
  /**
   * One execution of a node may take so long, in milliseconds: what takes longer fails as NODE_TIMEOUT, and its place is
   * free for others. For a node with a `timeout` of its own that counts for each try; 0 or Infinity there mean no limit.
   * A function's own timeout ends what runs in it before. @default 3600000, an hour
   */
  readonly nodeTimeoutMs?: number
  /**
   * A run that would have more ends 'failed', with that as its `reason`. A blueprint may have bounds of its own in
   * `metadata.maxActivations`. @default { perNode: 10000, perRun: 1000000 }
   */
  readonly maxActivations?: MaxActivations
  /**
   * What becomes of a node that would overwrite a context key which it has read and another node has changed since:
   * 'warn' (overwrite it, log a warning), 'retry' (run it again on the new context), 'fail'. A blueprint's
   * `metadata.contextConflicts` goes before it, and before both a node's `config.contextConflicts`. @default 'warn'
   */
  readonly contextConflicts?: ContextConflicts
  /**
   * What becomes of a run that would end 'failed' since nodes of it failed: 'end', or 'pause': it is paused in place of that, until
   * somebody redrives it, skips a node, or cancels it. A blueprint's `metadata.onFailure` goes before it. Child runs end, and
   * what started them decides. @default 'end'
   */
  readonly onFailure?: OnFailure
  /** For tests that need not wait until it looks again which blueprints are paused. In milliseconds. @default 31000 @internal */
  readonly lookForPausesEveryMs?: number
  /** For tests in which each adapter stands for a process. @default - one for all adapters of this process @internal */
  readonly isolation?: Isolation
}

/** The queue that a worker's messages come from, and where those go that nobody can work on. */
export interface MessageSource {
  readonly sqsClient: SQSClient
  readonly queueUrl: string
  readonly deadLetterQueueUrl: string | undefined
  readonly logger: ILogger
}

/** The engine's base adapter has them nested; here they would leave a worker without blueprints. */
export function refuseNested(options: object): void {
  if (!('runtimeOptions' in options)) return
  const problem = 'runtimeOptions is no option: give its members beside the others, such as flows or logger'
  throwProblems('INVALID_CONFIGURATION', 'cannot make a worker', [problem])
}

/**
 * What the engine's types promise of a node and its loop leaves out: the delay between tries and the time a try may
 * take. Wraps the implementation; the engine still counts the tries.
 */
import {
  type BaseNode,
  FlowcraftError,
  isNodeClass,
  type NodeClass,
  type NodeConfig,
  type NodeContext,
  type NodeDefinition,
  type NodeFunction,
} from 'flowcraft'
import { FlowcraftAwsError, messageOf } from '../common/errors.ts'
import { retryAfterMs } from '../common/node-errors.ts'
import { after, numbersOf, pause } from '../common/node-numbers.ts'

/** A longer delay is passed by the queue: nobody pays for a Lambda that sleeps. */
const LONGEST_SLEEP_MS = 1_000
/** What cannot be put off waits here at most: a longer wait could outlast its function, and take others along. */
const LONGEST_WAIT_HERE_MS = 10_000

/** Whether the tries of a node are executions of their own, with the queue between them. */
export function retriesByQueue(config: NodeConfig | undefined): boolean {
  const { maxRetries, retryDelay } = numbersOf(config)
  return maxRetries >= 2 && retryDelay > LONGEST_SLEEP_MS
}

export interface Policed {
  readonly implementation: NodeFunction | NodeClass
  /** Whether what may be tried again failed: of a class, `exec` only. */
  readonly failedInTry: () => boolean
  /** How this execution ended where its last try asked for a later one (`RetryAfterError`). */
  readonly postponed: () => Postponed | undefined
}

export interface Postponed {
  readonly error: unknown
  readonly delayMs: number
  /** Tries in this execution. */
  readonly tries: number
}

export interface PolicyOptions {
  /** Whether no further try comes after this execution. */
  readonly isLast: boolean
  /** Whether the queue is between the tries. */
  readonly byQueue: boolean
  /** Tries that are left, those of this execution included. */
  readonly triesLeft: number
  /** Whether a try that is to come later is waited for here: an item of a batch cannot be put off. */
  readonly inProcess: boolean
}

/**
 * The implementation with its `retryDelay` before each further try and its `timeout` around each (milliseconds). A try that
 * asks for a later one ends the execution: by an error that the engine takes as final.
 */
export function withPolicy(
  implementation: NodeFunction | NodeClass,
  { id, config }: NodeDefinition,
  { isLast, byQueue, triesLeft, inProcess }: PolicyOptions,
): Policed {
  const { retryDelay, timeout } = numbersOf(config)
  let tries = 0
  let failed = false
  let delayMs = retryDelay
  let postponed: Postponed | undefined
  /** What ended the tries although the engine counts more of them. */
  let last: { readonly error: unknown } | undefined
  const attempt = async <T>(context: NodeContext, run: (context: NodeContext) => Promise<T>): Promise<T> => {
    if (last) throw last.error
    failed = false
    if (tries++ > 0 && !byQueue && delayMs > 0) await pause(delayMs, context.signal)
    delayMs = retryDelay
    try {
      return await (timeout > 0 ? within(timeout, id, context, run) : run(context))
    } catch (error) {
      // Middleware around a node may hide that an error is fatal.
      failed = !isFatal(error)
      const asked = retryAfterMs(error)
      if (asked === undefined || tries >= triesLeft) throw error
      delayMs = Math.max(retryDelay, asked)
      if (inProcess) {
        if (asked > LONGEST_WAIT_HERE_MS) last = { error }
        throw error
      }
      postponed = { error, delayMs, tries }
      throw new FlowcraftError(messageOf(error), { isFatal: true, cause: error as Error, nodeId: id })
    }
  }
  const outcome = { failedInTry: () => failed, postponed: () => postponed }
  if (!isNodeClass(implementation)) {
    return { ...outcome, implementation: (context) => attempt(context, implementation as NodeFunction) }
  }
  return { ...outcome, implementation: policedClass(implementation as NodeClass, attempt, isLast) }
}

function isFatal(error: unknown): boolean {
  return error instanceof FlowcraftError && error.isFatal
}

type Attempt = <T>(context: NodeContext, run: (context: NodeContext) => Promise<T>) => Promise<T>

function policedClass(Class: NodeClass, attempt: Attempt, isLast: boolean): NodeClass {
  const { exec, fallback } = Class.prototype as BaseNode
  const Policed = class extends (Class as new () => object) {} as unknown as NodeClass
  Policed.prototype.exec = function (this: BaseNode, prepared: unknown, context: NodeContext) {
    return attempt(context, (limited) => exec.call(this, prepared, limited))
  }
  Policed.prototype.fallback = function (this: BaseNode, error: Error, context: NodeContext) {
    // The class's own safety net is for when all tries have failed.
    if (!isLast) throw error
    return fallback.call(this, error, context)
  }
  return Policed
}

async function within<T>(
  timeoutMs: number,
  nodeId: string,
  context: NodeContext,
  run: (context: NodeContext) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const timedOut = new FlowcraftAwsError('NODE_TIMEOUT', `node '${nodeId}' took longer than ${timeoutMs} ms`)
  let stop: (() => void) | undefined
  const limit = new Promise<never>((_, reject) => {
    stop = after(timeoutMs, () => {
      controller.abort(timedOut)
      reject(timedOut)
    })
  })
  const signal = context.signal ? AbortSignal.any([context.signal, controller.signal]) : controller.signal
  try {
    return await Promise.race([run({ ...context, signal }), limit])
  } finally {
    stop?.()
  }
}

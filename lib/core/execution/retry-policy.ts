/**
 * What the engine's types promise of a node and its loop leaves out: the delay between tries and the time a try may
 * take. Wraps the implementation; the engine still counts the tries.
 */
import {
  type BaseNode,
  isNodeClass,
  type NodeClass,
  type NodeConfig,
  type NodeContext,
  type NodeDefinition,
  type NodeFunction,
} from 'flowcraft'
import { FlowcraftAwsError } from '../common/errors.ts'
import { after, numbersOf, pause } from '../common/node-numbers.ts'

/** A longer delay is passed by the queue: nobody pays for a Lambda that sleeps. */
const LONGEST_SLEEP_MS = 1_000

/** Whether the tries of a node are executions of their own, with the queue between them. */
export function retriesByQueue(config: NodeConfig | undefined): boolean {
  const { maxRetries, retryDelay } = numbersOf(config)
  return maxRetries >= 2 && retryDelay > LONGEST_SLEEP_MS
}

export interface Policed {
  readonly implementation: NodeFunction | NodeClass
  /** Whether what may be tried again failed: of a class, `exec` only. */
  readonly failedInTry: () => boolean
}

export interface PolicyOptions {
  /** Whether no further try comes after this execution. */
  readonly isLast: boolean
  /** Whether the queue is between the tries. */
  readonly byQueue: boolean
}

/** The implementation with its `retryDelay` before each further try and its `timeout` around each (milliseconds). */
export function withPolicy(
  implementation: NodeFunction | NodeClass,
  { id, config }: NodeDefinition,
  { isLast, byQueue }: PolicyOptions,
): Policed {
  const { retryDelay, timeout } = numbersOf(config)
  if (retryDelay <= 0 && timeout <= 0) return { implementation, failedInTry: () => true }
  let tries = 0
  let failed = false
  const attempt = async <T>(context: NodeContext, run: (context: NodeContext) => Promise<T>): Promise<T> => {
    failed = false
    if (tries++ > 0 && !byQueue) await pause(retryDelay, context.signal)
    try {
      return await (timeout > 0 ? within(timeout, id, context, run) : run(context))
    } catch (error) {
      failed = true
      throw error
    }
  }
  const failedInTry = () => failed
  if (!isNodeClass(implementation)) {
    return { implementation: (context) => attempt(context, implementation as NodeFunction), failedInTry }
  }
  return { implementation: policedClass(implementation as NodeClass, attempt, isLast), failedInTry }
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

/**
 * The tries of a node (`retry`, or `maxRetries` and `retryDelay`), and the time that each may take. Wraps the
 * implementation: the engine, which knows no delay, calls it once.
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
  type WorkflowBlueprint,
} from 'flowcraft'
import { FlowcraftAwsError, messageOf } from '../common/errors.ts'
import { after, numbersOf, pause } from '../common/node-numbers.ts'
import { triesOf } from '../common/retry-config.ts'
import { LONGEST_WAIT_HERE_MS } from '../common/retry-problems.ts'

/** A longer delay is passed by the queue: nobody pays for a Lambda that sleeps. */
export const LONGEST_SLEEP_MS = 1_000

/** Whether some tries of a node are executions of their own, with the queue between them. */
export function retriesByQueue(config: NodeConfig | undefined): boolean {
  const { atMost, longestDelayMs } = triesOf(config)
  return atMost >= 2 && longestDelayMs > LONGEST_SLEEP_MS
}

export interface Tried {
  readonly implementation: NodeFunction | NodeClass
  /** How this execution ended where the next try is to come later than it can wait. */
  readonly postponed: () => Postponed | undefined
}

export interface Postponed {
  readonly error: unknown
  readonly delayMs: number
  /** Tries so far, those of earlier executions included. */
  readonly tries: number
}

export interface TriesOptions {
  /** Tries that ended before, in executions of their own. */
  readonly before: number
  /** Names the activation: see `Tries.delayAfter`. */
  readonly seed: string
  /**
   * Who waits for the next try: a node in its execution for a second, and then by the queue; an item of a batch, which
   * cannot be put off, in its execution; the engine in memory there as well, however long.
   */
  readonly waits: 'node' | 'item' | 'memory'
  /** @default - for so long */
  readonly pause?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
  /** Called before each further try of this execution, with the tries so far. */
  readonly onRetry: (tries: number, error: unknown) => Promise<void>
}

/** A try that is to come later than the execution can wait ends it, by an error that the engine takes as final. */
export function withTries(
  implementation: NodeFunction | NodeClass,
  { id, config }: NodeDefinition,
  { before, seed, waits, pause: wait = pause, onRetry }: TriesOptions,
): Tried {
  const { timeout } = numbersOf(config)
  const tries = triesOf(config)
  let postponed: Postponed | undefined
  const attempt = async <T>(context: NodeContext, run: (context: NodeContext) => Promise<T>): Promise<T> => {
    for (let count = before + 1; ; count++) {
      context.signal?.throwIfAborted()
      try {
        return await (timeout > 0 ? within(timeout, id, context, run) : run(context))
      } catch (error) {
        const delayMs = tries.delayAfter(count, error, seed)
        if (delayMs === undefined) throw error
        if (waits === 'node' && delayMs > LONGEST_SLEEP_MS) {
          postponed = { error, delayMs, tries: count }
          throw new FlowcraftError(messageOf(error), { isFatal: true, cause: error as Error, nodeId: id })
        }
        // Only what an error asks for is longer, or what nobody checked: it could outlast its function.
        if (waits === 'item' && delayMs > Math.max(LONGEST_WAIT_HERE_MS, tries.longestDelayMs)) throw error
        await onRetry(count, error)
        if (delayMs > 0) await wait(delayMs, context.signal)
      }
    }
  }
  if (isNodeClass(implementation))
    return { implementation: triedClass(implementation as NodeClass, attempt), postponed: () => postponed }
  return {
    implementation: (context) => attempt(context, implementation as NodeFunction),
    postponed: () => postponed,
  }
}

/** The blueprint in which the engine calls this node once; one that has no try has none, as in memory. */
export function withOneTry<B extends Pick<WorkflowBlueprint, 'nodes'>>(blueprint: B, def: NodeDefinition): B {
  const { maxRetries } = def.config ?? {}
  if (maxRetries === undefined || maxRetries === 1 || triesOf(def.config).atMost < 1) return blueprint
  const once = { ...def, config: { ...def.config, maxRetries: 1 } }
  return { ...blueprint, nodes: blueprint.nodes.map((node) => (node === def ? once : node)) }
}

type Attempt = <T>(context: NodeContext, run: (context: NodeContext) => Promise<T>) => Promise<T>

/** Of a class, `exec` is what is tried; its own `fallback` is for when all tries have failed. */
function triedClass(Class: NodeClass, attempt: Attempt): NodeClass {
  const { exec } = Class.prototype as BaseNode
  const Tried = class extends (Class as new () => object) {} as unknown as NodeClass
  Tried.prototype.exec = function (this: BaseNode, prepared: unknown, context: NodeContext) {
    return attempt(context, (limited) => exec.call(this, prepared, limited))
  }
  return Tried
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

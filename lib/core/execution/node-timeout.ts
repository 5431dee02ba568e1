/**
 * How long one execution of a node may take. A function's invocation ends with what runs in it; a long-lived worker has
 * no end, and a node that never ends would keep its place for good.
 */
import { type NodeConfig, FlowcraftError } from 'flowcraft'
import { FlowcraftAwsError } from '../common/errors.ts'
import { after, numbersOf } from '../common/node-numbers.ts'
import { triesOf } from '../common/retry-config.ts'
import { LONGEST_SLEEP_MS } from './retry-policy.ts'

/** Four times what a Lambda function may take. */
export const NODE_TIMEOUT_MS = 3_600_000

/**
 * Milliseconds. A `timeout` of the node's own counts for each of its tries, and 0 or Infinity there mean no limit; what
 * is beside its tries, its preparation or a middleware, has the worker's limit.
 */
export function limitOf(config: NodeConfig | undefined, nodeTimeoutMs: number, inProcess = false): number {
  if (config?.timeout === undefined || config.timeout === null) return nodeTimeoutMs
  const { timeout } = numbersOf(config)
  const { atMost, longestDelayMs } = triesOf(config)
  const delayMs = inProcess ? longestDelayMs : Math.min(longestDelayMs, LONGEST_SLEEP_MS)
  return timeout === 0 ? Infinity : nodeTimeoutMs + Math.max(1, atMost) * (timeout + delayMs)
}

/**
 * What `run` gives, or the node's failure where that takes longer: then its signal is aborted, and whatever it does
 * later counts for nothing. It may go on, since nothing can end it, and holds no message.
 */
export async function withinLimit<T>(
  { limitMs, nodeId, signal }: { limitMs: number; nodeId: string; signal: AbortSignal },
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T | FlowcraftError> {
  if (!Number.isFinite(limitMs)) return run(signal)
  const controller = new AbortController()
  let stop: (() => void) | undefined
  const limit = new Promise<FlowcraftError>((resolve) => {
    stop = after(limitMs, () => {
      const why = `node '${nodeId}' took longer than ${limitMs} ms, the worker's limit (nodeTimeoutMs, or the node's own timeout)`
      const cause = new FlowcraftAwsError('NODE_TIMEOUT', why)
      controller.abort(cause)
      resolve(new FlowcraftError(why, { cause, nodeId }))
    })
  })
  try {
    return await Promise.race([run(AbortSignal.any([signal, controller.signal])), limit])
  } finally {
    stop?.()
  }
}

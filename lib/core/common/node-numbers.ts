/** The numbers of a node's config and params: what they may be, what they mean, and timers as long as they say. */
import type { NodeConfig, NodeDefinition, WorkflowBlueprint } from 'flowcraft'
import { show } from './thrown.ts'

/** As a blueprint may have it: JSON and YAML bring numbers as texts. Undefined where it is no number. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isNaN(value) ? undefined : value
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const number = Number(value)
  return Number.isNaN(number) ? undefined : number
}

export interface NodeNumbers {
  /** Tries, the first one included; as in memory, none where it says less than one. */
  readonly maxRetries: number
  /** Milliseconds. */
  readonly retryDelay: number
  /** Milliseconds; 0 where there is no limit. */
  readonly timeout: number
}

/**
 * What a config means, whatever stands in it: nodes that a node made and graphs of older versions are checked by nobody.
 * What is no number is as if it were not there.
 */
export function numbersOf(config: NodeConfig | undefined): NodeNumbers {
  const timeout = numberOf(config?.timeout) ?? 0
  return {
    maxRetries: numberOf(config?.maxRetries) ?? 1,
    retryDelay: Math.max(0, numberOf(config?.retryDelay) ?? 0),
    timeout: timeout > 0 && timeout !== Infinity ? timeout : 0,
  }
}

/** Items of a batch worked on at a time: all where `chunkSize` says nothing that is a number of items. */
export function chunkOf(chunkSize: unknown, items: number): number {
  const chunk = Math.floor(numberOf(chunkSize) ?? items)
  return chunk >= 1 ? Math.min(chunk, Math.max(1, items)) : Math.max(1, items)
}

/** As many as share an item of the table, in which they arrive together: a shard (`protocol/batch.ts`). */
export const ITEMS_PER_MESSAGE_AT_MOST = 100

/** Items of a batch that one message is for: one where `itemsPerMessage` says nothing that may be. */
export function perMessageOf(itemsPerMessage: unknown): number {
  const number = numberOf(itemsPerMessage) ?? 1
  return isPerMessage(number) ? number : 1
}

function isPerMessage(number: number): boolean {
  return Number.isInteger(number) && number >= 1 && number <= ITEMS_PER_MESSAGE_AT_MOST
}

/** Runs remember their graph as JSON, which has no Infinity. Changes the blueprint, which must be a copy. */
export function withStorableNumbers(blueprint: WorkflowBlueprint): WorkflowBlueprint {
  for (const node of blueprint.nodes) {
    const { maxRetries, retry, timeout } = node.config ?? {}
    if (maxRetries === Infinity) node.config = { ...node.config, maxRetries: Number.MAX_SAFE_INTEGER }
    if (retry?.maxAttempts === Infinity)
      node.config = { ...node.config, retry: { ...retry, maxAttempts: Number.MAX_SAFE_INTEGER } }
    if (timeout === Infinity) node.config = { ...node.config, timeout: 0 }
    if (node.params?.['chunkSize'] === Infinity) node.params = { ...node.params, chunkSize: undefined }
  }
  return blueprint
}

/** What no run could go by, with the node and the field named. `isOwn` says of which keys the user gave the implementation. */
export function numberProblems(
  { id: blueprintId, nodes }: WorkflowBlueprint,
  isOwn: (uses: string) => boolean,
): string[] {
  return nodes.flatMap((node) =>
    problemsOf(node, isOwn(node.uses)).map(
      (problem) => `blueprint '${blueprintId}': node '${node.id}': ${problem}`,
    ),
  )
}

function problemsOf({ config, params, uses }: NodeDefinition, isOwn: boolean): string[] {
  const problems: string[] = []
  const check = (field: string, value: unknown, expected: string, fits: (number: number) => boolean) => {
    const number = numberOf(value)
    const got = typeof value === 'number' ? `${value}` : show(value)
    if (value !== undefined && value !== null && (number === undefined || !fits(number)))
      problems.push(`${field} must be ${expected}; got ${got}`)
  }
  check('config.maxRetries', config?.maxRetries, 'a number of tries from 1', (number) => number >= 1)
  check('config.retryDelay', config?.retryDelay, 'a finite number of milliseconds from 0', isSpan)
  check('config.timeout', config?.timeout, 'a number of milliseconds from 0', (number) => number >= 0)
  if (uses === 'batch-scatter' && !isOwn) {
    check('params.chunkSize', params?.['chunkSize'], 'a number of items from 0', (number) => number >= 0)
    const whole = `a whole number of items from 1 to ${ITEMS_PER_MESSAGE_AT_MOST}`
    check('params.itemsPerMessage', params?.['itemsPerMessage'], whole, isPerMessage)
  }
  if (uses === 'sleep' && !isOwn && typeof params?.['duration'] === 'number')
    check('params.duration', params['duration'], 'a finite number of milliseconds from 0', isSpan)
  return problems
}

function isSpan(number: number): boolean {
  return number >= 0 && number < Infinity
}

/** Node's timers hold 31 bits of milliseconds, 24.8 days; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Calls back after so many milliseconds, however many they are. Returns what stops it. */
export function after(ms: number, callback: () => void): () => void {
  let timer: NodeJS.Timeout
  const wait = (left: number): void => {
    timer =
      left > LONGEST_TIMER_MS
        ? setTimeout(() => wait(left - LONGEST_TIMER_MS), LONGEST_TIMER_MS)
        : setTimeout(callback, left)
  }
  wait(ms)
  return () => clearTimeout(timer)
}

/** Resolves after so many milliseconds, however many they are; rejects with the signal's reason where it aborts. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error)
    const abort = () => {
      stop()
      reject(signal?.reason as Error)
    }
    const stop = after(ms, () => {
      signal?.removeEventListener('abort', abort)
      resolve()
    })
    signal?.addEventListener('abort', abort, { once: true })
  })
}

/** What is wrong with the `retry` of a node's config, with the field named. Pure. */
import type { NodeConfig, WorkflowBlueprint } from 'flowcraft'
import { durationMs } from './durations.ts'
import { numberOf } from './node-numbers.ts'
import { patternOf, triesOf } from './retry-config.ts'
import { show } from './thrown.ts'

const FIELDS = ['maxAttempts', 'delay', 'backoff', 'maxDelay', 'jitter', 'when'] as const
const DURATION = "milliseconds from 0, or a text such as '30s', '5m', '2h', '3d'"

/** An item of a batch waits for its next try in its worker, beside others: it could outlast its function. */
export const LONGEST_WAIT_HERE_MS = 10_000

/** Why nodes that the engine brings along are not tried again. */
const NEVER_TRIED_AGAIN: Readonly<Record<string, string>> = {
  wait: "a 'wait' does not fail before its event or its timeout comes; give it a 'timeout' edge or a fallback",
  webhook: "a 'webhook' does not fail before its call or its timeout comes",
  sleep: "a 'sleep' does not fail",
  'loop-controller': 'a loop controller only reads its condition',
  'batch-gather': "the items of a batch are tried again by the config.retry of its 'batch-scatter' node",
}

export type RetryPlace = 'node' | 'item'

/**
 * `uses`: the name of a node that the engine brings along. `place`: of an item of a batch, or of what a node made, whose
 * delays nobody can put off.
 */
export function retryProblems(
  config: NodeConfig | undefined,
  uses?: string,
  place: RetryPlace = uses === 'batch-scatter' ? 'item' : 'node',
): string[] {
  const retry: unknown = config?.retry
  if (retry === undefined) return []
  if (typeof retry !== 'object' || retry === null || Array.isArray(retry))
    return [`config.retry must be an object such as { maxAttempts: 5, delay: '2s' }; got ${show(retry)}`]
  const why = uses === undefined ? undefined : NEVER_TRIED_AGAIN[uses]
  if (why !== undefined) return [`it cannot have config.retry: ${why}`]
  const given = retry as Record<string, unknown>
  const problems = fieldProblems(given)
  for (const other of ['maxRetries', 'retryDelay'] as const) {
    if (config?.[other] !== undefined)
      problems.push(`config.retry and config.${other} say two things of one; leave out config.${other}`)
  }
  if (problems.length > 0 || place === 'node') return problems
  const { longestDelayMs } = triesOf(config)
  if (longestDelayMs <= LONGEST_WAIT_HERE_MS) return []
  const limit = `an item of a batch waits for its next try in its worker, at most ${LONGEST_WAIT_HERE_MS / 1_000} seconds`
  return [`config.retry has delays of up to ${longestDelayMs} ms, and ${limit}; give it a maxDelay`]
}

function fieldProblems(given: Record<string, unknown>): string[] {
  const problems: string[] = []
  const check = (field: (typeof FIELDS)[number], expected: string, fits: (value: unknown) => boolean) => {
    const value = given[field]
    const got = typeof value === 'number' ? `${value}` : show(value)
    if (value !== undefined && !fits(value))
      problems.push(`config.retry.${field} must be ${expected}; got ${got}`)
  }
  for (const field of Object.keys(given)) {
    const isKnown = (FIELDS as readonly string[]).includes(field)
    if (!isKnown) problems.push(`config.retry has no field '${field}'; it has ${FIELDS.join(', ')}`)
  }
  check('maxAttempts', 'a whole number of tries from 1', isTries)
  check('delay', DURATION, (value) => durationMs(value) !== undefined)
  check('backoff', "'exponential', 'fixed' or a number from 1", isRate)
  check('maxDelay', DURATION, (value) => durationMs(value) !== undefined)
  check('jitter', "'none' or 'full'", (value) => value === 'none' || value === 'full')
  check('when', WHEN, (value) =>
    Array.isArray(value) ? value.length > 0 && value.every(isCondition) : isCondition(value),
  )
  const [delay, maxDelay] = [durationMs(given['delay']), durationMs(given['maxDelay'])]
  if (delay !== undefined && maxDelay !== undefined && maxDelay < delay)
    problems.push(`config.retry.maxDelay must be no shorter than delay, ${delay} ms; got ${maxDelay} ms`)
  return problems
}

const WHEN =
  "an error's name or code, { message: 'a regular expression' }, or a list of them, since runs remember it as JSON"

function isTries(value: unknown): boolean {
  const tries = numberOf(value)
  return tries !== undefined && tries >= 1 && (Number.isInteger(tries) || tries === Infinity)
}

function isRate(value: unknown): boolean {
  if (value === 'exponential' || value === 'fixed') return true
  const rate = numberOf(value)
  return rate !== undefined && rate >= 1 && rate < Infinity
}

function isCondition(value: unknown): boolean {
  if (typeof value === 'string') return value !== ''
  if (typeof value !== 'object' || value === null) return false
  const { message, ...rest } = value as Record<string, unknown>
  return patternOf(message) !== undefined && Object.keys(rest).length === 0
}

/** Of all nodes of a blueprint. `engineName`: what the engine calls the implementation, undefined of one's own. */
export function retryProblemsOf(
  { id: blueprintId, nodes }: WorkflowBlueprint,
  engineName: (uses: string) => string | undefined,
): string[] {
  return nodes.flatMap(({ id, uses, config }) =>
    retryProblems(config, engineName(uses)).map(
      (problem) => `blueprint '${blueprintId}': node '${id}': ${problem}`,
    ),
  )
}

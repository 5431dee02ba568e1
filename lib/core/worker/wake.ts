/**
 * A suspended activation whose message came: is what it waits for there? Every message about it is a hint and may come
 * early, late or twice; the answer is always looked up.
 */
import type { NodeResult } from 'flowcraft'
import { type ItemsWakeResult, wakeByItems } from '../batch/gather.ts'
import { timeoutActionOf, waitTimedOut } from '../blueprints/wait-timeout.ts'
import { triesOf } from '../common/retry-config.ts'
import { type Counts, minus } from '../common/run-counts.ts'
import type { ActivationContext } from '../execution/activation-context.ts'
import { deferToNewerDeployment } from '../execution/disposition.ts'
import { follow } from '../execution/edges.ts'
import { retrySeed } from '../execution/execute.ts'
import { type Execution, failedForGood, failureOf } from '../execution/execution.ts'
import { stateOf } from '../execution/node-call.ts'
import type { OpenRun } from '../execution/opened-run.ts'
import { names } from '../protocol/inline-value.ts'
import { takesEarlyEvents } from '../protocol/resumable.ts'
import {
  type ActivationKey,
  isOver,
  parseActivationKey,
  type RunState,
  type Wait,
  wholeMs,
} from '../protocol/run-state.ts'
import { childResult, ensureChild } from '../run/children.ts'
import { eventOrTimeout, type GivenEvent, readEvent } from '../run/events.ts'
import { dependsOnDeployment } from '../run/start.ts'
import type { RunReader } from '../values/run-reader.ts'

export type WakeResult =
  /** Not there yet. `at`: when the queue should ask again, in milliseconds since the epoch. */
  | { readonly kind: 'waiting'; readonly at?: number }
  /** The activation goes on as if its node had just ended so. */
  | { readonly kind: 'ended'; readonly execution: Execution }
  /** The node is to be tried again. */
  | { readonly kind: 'execute'; readonly tries: number }

export interface WakeOptions extends OpenRun {
  readonly key: ActivationKey
  readonly wait: Wait
  readonly reader: RunReader
  readonly context: ActivationContext
  /** The time that is over by the queue's clock; see `Job.due`. */
  readonly due?: number
}

export async function wake(options: WakeOptions): Promise<WakeResult> {
  const { wait } = options
  switch (wait.kind) {
    case 'event':
      return wakeByEvent(options, wait)
    case 'timer':
      return wakeByTimer(options, wait)
    case 'retry':
      if (!isPast(options, wait.at)) return { kind: 'waiting', at: wait.at }
      return { kind: 'execute', tries: wait.tries }
    case 'child':
      return wakeByChild(options, wait)
    case 'items':
      return itemsArrived(options, wait.round)
    default: {
      const never: never = wait
      return never
    }
  }
}

/**
 * By the queue's clock, or by this host's: those of two hosts may differ, and a job that the queue held back for the whole
 * rest of the time must not be held back once more.
 */
function isPast({ services, due }: WakeOptions, at: number): boolean {
  return due === at || services.now() >= at
}

async function wakeByEvent(options: WakeOptions, { at }: { at?: number }): Promise<WakeResult> {
  const { services, graph, run, key } = options
  const isOverdue = at !== undefined && isPast(options, at)
  const event = isOverdue
    ? await eventOrTimeout(services, run.runId, key)
    : await readEvent(services, run.runId, key)
  if (!event) return { kind: 'waiting', at }
  if (!event.timedOut) return endedByEvent(options, event)
  const { node } = parseActivationKey(key)
  const action = timeoutActionOf(graph, node)
  if (action !== undefined) return endedByEvent(options, { action })
  return { kind: 'ended', execution: failedForGood(graph, node, waitTimedOut(graph, node)) }
}

/**
 * One that nobody has asked to wake early needs no look for an event: who gives it one asks first. Only a node that
 * takes events before it waits may have one by then.
 */
async function wakeByTimer(
  options: WakeOptions,
  { at, awaited }: { at: number; awaited?: true },
): Promise<WakeResult> {
  const { services, graph, run, key } = options
  const isOverdue = isPast(options, at)
  const byEvent = awaited ?? takesEarlyEvents(graph, parseActivationKey(key).node)
  if (!byEvent) return isOverdue ? endedByEvent(options, {}) : { kind: 'waiting', at }
  const event = isOverdue
    ? await eventOrTimeout(services, run.runId, key)
    : await readEvent(services, run.runId, key)
  return event ? endedByEvent(options, event) : { kind: 'waiting', at }
}

/** Null is an output like any other; without one the node has what it gave before it waited. */
async function endedByEvent(options: WakeOptions, { action, output }: GivenEvent): Promise<WakeResult> {
  const { reader, key } = options
  const own = async () => (await reader.stored(names.output(parseActivationKey(key).node)))?.value
  return ended(options, { output: output === undefined ? await own() : output, action })
}

async function wakeByChild(
  options: WakeOptions,
  { tries, told }: Extract<Wait, { kind: 'child' }>,
): Promise<WakeResult> {
  const { services, graph, run, key } = options
  const { node } = parseActivationKey(key)
  let child: RunState
  try {
    child = await ensureChild(options, key, tries)
  } catch (error) {
    const failure = failureOf(error)
    // An older deployment, without the blueprint or with another schema, before the child was made.
    if (dependsOnDeployment(error)) deferToNewerDeployment(services, run, failure.message)
    return { kind: 'ended', execution: failedForGood(graph, node, failure) }
  }
  if (!isOver(child)) return { kind: 'waiting' }
  return withSpent(await afterChild(options, child, tries), costOfChild(child, told))
}

/** What it used and the run has not taken in yet. */
function costOfChild({ cost, costTold, redrives = 0 }: RunState, told?: number): Counts | undefined {
  return cost && told !== redrives ? minus(cost, costTold) : undefined
}

async function afterChild(options: WakeOptions, child: RunState, tries: number): Promise<WakeResult> {
  const { services, graph, run, key, context } = options
  const { node } = parseActivationKey(key)
  const { id, config, params } = graph.node(node)
  const outputs = params?.['outputs'] as Record<string, string> | undefined
  const result = await childResult(services, outputs, child, context)
  if (!(result instanceof Error)) return ended(options, result)
  const delayMs = triesOf(config).delayAfter(tries + 1, result, retrySeed(run, node, id))
  if (delayMs === undefined) return { kind: 'ended', execution: failedForGood(graph, node, result) }
  const wait: Wait = { kind: 'retry', at: wholeMs(services.now() + delayMs), tries: tries + 1 }
  const outcome = { kind: 'suspended', wait } as const
  return { kind: 'ended', execution: { outcome, inputs: new Map(), error: result } }
}

async function itemsArrived(options: WakeOptions, round: number): Promise<WakeResult> {
  const result = await wakeByItems(options, options.key, round, options.context)
  if (result.kind === 'waiting') return { kind: 'waiting' }
  return withSpent(await afterItems(options, result), result.cost)
}

/** What others used for the activation goes with its commit, and so once into the cost of the run. */
function withSpent(result: WakeResult, spent: Counts | undefined): WakeResult {
  if (result.kind !== 'ended' || !spent) return result
  return { kind: 'ended', execution: { ...result.execution, spent } }
}

async function afterItems(
  options: WakeOptions,
  result: Exclude<ItemsWakeResult, { kind: 'waiting' }>,
): Promise<WakeResult> {
  const { graph, key, reader } = options
  const { node } = parseActivationKey(key)
  if (result.kind === 'suspended') return { kind: 'ended', execution: result.execution }
  const { failedWorkers, failedNodes, errors: itemErrors, errorsBefore: itemErrorsBefore } = result
  const failed = failedWorkers + failedNodes
  const standIns = result.standIns?.flatMap((id) => graph.find(id) ?? [])
  const left = { itemErrors, itemErrorsBefore }
  const output = { value: (await reader.stored(names.output(node)))?.value }
  if (failedWorkers > 0) {
    // In memory the gather node never gets ready then, and nothing of the batch follows.
    const outcome = { kind: 'failed', errors: failed, completes: true, standIns } as const
    return { kind: 'ended', execution: { outcome, output, inputs: new Map(), ...left } }
  }
  const awake = await ended(options, { output: output.value, action: result.action })
  if (awake.kind !== 'ended' || (failed === 0 && !standIns)) return awake
  const { outcome } = awake.execution
  if (outcome.kind === 'completed') {
    const completed = { ...outcome, errors: failed, standIns }
    return { kind: 'ended', execution: { ...awake.execution, outcome: completed, ...left } }
  }
  // What follows could not be decided, which is the node's own failure.
  const also = { ...outcome, errors: failed + 1, standIns } as Execution['outcome']
  return { kind: 'ended', execution: { ...awake.execution, outcome: also, ...left } }
}

async function ended(options: WakeOptions, result: NodeResult): Promise<WakeResult> {
  const { services, graph, run, key, context } = options
  const { node } = parseActivationKey(key)
  const followed = { runtime: services.runtime, graph, run, node, context }
  const execution = await follow(followed, stateOf(followed), result)
  if (context.infrastructureError !== undefined) throw context.infrastructureError
  return { kind: 'ended', execution }
}

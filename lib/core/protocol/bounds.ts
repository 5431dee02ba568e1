/** How many activations one run may have, so that a loop that never ends is an error and not a bill. Pure. */
import type { WorkflowBlueprint } from 'flowcraft'
import { show } from '../common/thrown.ts'
import type { RunState } from './run-state.ts'

/**
 * A run that would pass one of these ends 'failed', with a `reason` that names the node and the bound. A blueprint may
 * have its own: `metadata: { maxActivations: { perNode: 50_000 } }`, which goes before the worker's.
 */
export interface MaxActivations {
  /** Of one node: its rounds in a loop. @default 10000, the rounds of the engine in memory */
  readonly perNode?: number
  /** Of all nodes together that may run more than once. @default 1000000 */
  readonly perRun?: number
}

const DEFAULTS = { perNode: 10_000, perRun: 1_000_000 } as const

/** The bounds of one blueprint's runs. */
export function boundsOf(
  blueprint: WorkflowBlueprint,
  ofWorker: MaxActivations = {},
): Required<MaxActivations> {
  const own = (blueprint.metadata?.['maxActivations'] ?? {}) as MaxActivations
  return {
    perNode: own.perNode ?? ofWorker.perNode ?? DEFAULTS.perNode,
    perRun: own.perRun ?? ofWorker.perRun ?? DEFAULTS.perRun,
  }
}

/** What is wrong with bounds that somebody gave; undefined is none. */
export function boundsProblems(given: unknown): string[] {
  if (given === undefined) return []
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return [`maxActivations must be { perNode?, perRun? }; got ${show(given)}`]
  }
  return Object.entries(given as Record<string, unknown>).flatMap(([name, value]) => {
    if (name !== 'perNode' && name !== 'perRun')
      return [`maxActivations has no '${name}', only perNode and perRun`]
    if (value === undefined || (Number.isSafeInteger(value) && Number(value) >= 1)) return []
    return [`maxActivations.${name} must be an integer from 1; got ${show(value)}`]
  })
}

/**
 * Why a run ends that would have these iterations next; undefined where it goes on. `nameOf` gives a node's id.
 */
export function boundPassed(
  run: RunState,
  next: ReadonlyMap<number, number>,
  bounds: Required<MaxActivations>,
  nameOf: (node: number) => string,
): string | undefined {
  if (next.size === 0) return undefined
  for (const [node, iteration] of next) {
    if (iteration <= bounds.perNode) continue
    const what = `node '${nameOf(node)}' would run for the ${iteration}th time`
    return `${what}, possibly a loop without an end; maxActivations.perNode is ${bounds.perNode}`
  }
  const total = [...new Map([...run.iterations, ...next]).values()].reduce((sum, count) => sum + count, 0)
  if (total <= bounds.perRun) return undefined
  const what = `the nodes of its loops would have run ${total} times`
  return `${what}, possibly a loop without an end; maxActivations.perRun is ${bounds.perRun}`
}

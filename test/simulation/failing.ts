/** What may fail in the first lives of a run that must come to what it comes to where nothing fails, and what may be skipped. */
import type { NodeImplementation } from 'flowcraft'
import { RunGraph } from '../../lib/core/protocol/run-graph.ts'
import type { Setup } from '../conformance/case.ts'
import type { Outcome } from '../conformance/outcome.ts'

/** In the message of each failure that a redrive is to mend. */
export const FAILURE = 'a failure of this life'

export interface Failing {
  /** Ids of nodes that may fail. */
  readonly nodes: ReadonlySet<string>
  /** The outputs of those among them that may be skipped: they leave nothing else. */
  readonly outputs: ReadonlyMap<string, unknown>
}

const NOTHING: Failing = { nodes: new Set(), outputs: new Map() }

/** A class may have a fallback of its own, which makes something else of a failure. */
function mendsItself(implementation: NodeImplementation | undefined): boolean {
  return typeof implementation === 'function' && Object.hasOwn(implementation.prototype ?? {}, 'fallback')
}

/**
 * None where the run fails anyway, or by a fallback completes whatever fails. Nodes with tries of their own would make
 * something else of it, and of a loop that goes on without a failed node that one stays failed.
 */
export function failingOf(
  { blueprint, blueprints = [], registry, input }: Setup,
  expected?: Outcome,
): Failing {
  const all = [blueprint, ...blueprints].flatMap(({ nodes }) => nodes)
  if (expected?.status !== 'completed' || expected.errors.length > 0) return NOTHING
  // What no node of a blueprint names is for nodes that others make, which may have fallbacks.
  const named = new Set<unknown>(all.flatMap(({ uses, params }) => [uses, params?.['workerUsesKey']]))
  const makesNodes = Object.keys(registry).some((uses) => !named.has(uses))
  if (makesNodes || all.some(({ config }) => config?.fallback)) return NOTHING
  const graph = new RunGraph(blueprint)
  const once = blueprint.nodes.filter(({ uses, config }, at) => {
    return !graph.repeatable.has(at) && (config?.maxRetries ?? 1) <= 1 && !mendsItself(registry[uses])
  })
  const ids = blueprint.nodes.map(({ id }) => id)
  const own = new Set(ids.flatMap((id) => [id, `_outputs.${id}`, `_inputs.${id}`]))
  const setsKeys =
    input !== undefined ||
    // Those that are deleted again stand in no outcome.
    Object.values(registry).some((implementation) => String(implementation).includes('context.set(')) ||
    Object.keys(expected.context).some((key) => !own.has(key) && key !== '_executionId')
  const byAction = new Set(blueprint.edges.flatMap(({ source, action }) => (action ? [source] : [])))
  const plain = setsKeys ? [] : once.filter(({ id }) => !byAction.has(id))
  return {
    nodes: new Set(once.map(({ id }) => id)),
    outputs: new Map(plain.map(({ id }) => [id, expected.context[`_outputs.${id}`]])),
  }
}

/** What becomes of a node that overwrites what another has changed since it read it: the option, and who says it. Pure. */
import { show } from '../common/thrown.ts'
import type { RunGraph } from './run-graph.ts'

const contextConflictModes: readonly ContextConflicts[] = ['warn', 'retry', 'fail']
/**
 * What becomes of a node that would overwrite a context key which it has read and another node has changed since:
 * `warn` overwrites it, and logs a warning with run, node and key; `retry` runs the node again on the new context;
 * `fail` fails the node.
 */
export type ContextConflicts = 'warn' | 'retry' | 'fail'

declare module 'flowcraft' {
  interface NodeConfig {
    /** On AWS: what becomes of a lost update. @default - the blueprint's `metadata.contextConflicts`, else the worker's */
    contextConflicts?: ContextConflicts
  }
}

/** What is wrong with a mode that somebody gave; undefined is none. */
export function contextConflictsProblem(given: unknown): string | undefined {
  if (given === undefined || contextConflictModes.includes(given as ContextConflicts)) return undefined
  const allowed = contextConflictModes.map((mode) => `'${mode}'`).join(', ')
  return `contextConflicts must be one of ${allowed}; got ${show(given)}`
}

/** What the node's config says, else the blueprint's metadata, else the worker. */
export function contextConflictsOf(
  graph: RunGraph,
  node: number,
  ofWorker: ContextConflicts = 'warn',
): ContextConflicts {
  const given = graph.node(node).config?.contextConflicts ?? graph.blueprint.metadata?.['contextConflicts']
  // Blueprints of older versions of this package were not checked.
  return contextConflictModes.find((mode) => mode === given) ?? ofWorker
}

/** What becomes of a run that would end as failed since nodes of it did: the option, and who says it. Pure. */
import type { WorkflowBlueprint } from 'flowcraft'
import { show } from '../common/thrown.ts'

const onFailureModes: readonly OnFailure[] = ['end', 'pause']
/**
 * What becomes of a run that would end 'failed' since nodes of it failed: `end` ends it; `pause` pauses it in place of that, until
 * somebody redrives it, skips a node, or cancels it.
 */
export type OnFailure = 'end' | 'pause'

/** What is wrong with a mode that somebody gave; undefined is none. */
export function onFailureProblem(given: unknown): string | undefined {
  if (given === undefined || onFailureModes.includes(given as OnFailure)) return undefined
  const allowed = onFailureModes.map((mode) => `'${mode}'`).join(', ')
  return `onFailure must be one of ${allowed}; got ${show(given)}`
}

/** What the blueprint's metadata says, else the worker. */
export function onFailureOf(blueprint: WorkflowBlueprint, ofWorker: OnFailure = 'end'): OnFailure {
  const given = blueprint.metadata?.['onFailure']
  // Blueprints of older versions of this package were not checked.
  return onFailureModes.find((mode) => mode === given) ?? ofWorker
}

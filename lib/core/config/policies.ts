/** A worker's options for its runs, checked. */
import { throwProblems } from '../common/errors.ts'
import { boundsProblems, type MaxActivations } from '../protocol/bounds.ts'
import { type ContextConflicts, contextConflictsProblem } from '../protocol/context-conflicts.ts'

export interface Policies {
  /** Of blueprints that have none of their own. @default - those of `bounds.ts` */
  readonly maxActivations?: MaxActivations
  /** Of nodes whose config and blueprint say nothing. @default 'warn' */
  readonly contextConflicts?: ContextConflicts
}

/** @throws FlowcraftAwsError INVALID_CONFIGURATION, with all problems at once */
export function policiesOf({ maxActivations, contextConflicts }: Policies): Policies {
  throwProblems(
    'INVALID_CONFIGURATION',
    'cannot make a worker',
    policyProblems(maxActivations, contextConflicts),
  )
  return { maxActivations, contextConflicts }
}

/** Also of a blueprint's metadata, and of a node's config. */
export function policyProblems(maxActivations: unknown, contextConflicts: unknown): string[] {
  const problem = contextConflictsProblem(contextConflicts)
  return [...boundsProblems(maxActivations), ...(problem === undefined ? [] : [problem])]
}

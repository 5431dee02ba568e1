/** What a worker is told of its runs, checked. */
import { boundsProblems } from '../protocol/bounds.ts'
import { contextConflictsProblem } from '../execution/overwrites.ts'
import { throwProblems } from '../common/errors.ts'
import type { Services } from '../execution/services.ts'

export type Policies = Pick<Services, 'maxActivations' | 'contextConflicts'>

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

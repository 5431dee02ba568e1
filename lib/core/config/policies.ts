/** A worker's options for its runs, checked. */
import { throwProblems } from '../common/errors.ts'
import { boundsProblems, type MaxActivations } from '../protocol/bounds.ts'
import { type ContextConflicts, contextConflictsProblem } from '../protocol/context-conflicts.ts'
import { type OnFailure, onFailureProblem } from '../protocol/on-failure.ts'

export interface Policies {
  /** Of blueprints that have none of their own. @default - those of `bounds.ts` */
  readonly maxActivations?: MaxActivations
  /** Of nodes whose config and blueprint say nothing. @default 'warn' */
  readonly contextConflicts?: ContextConflicts
  /** Of runs whose blueprint says nothing. @default 'end' */
  readonly onFailure?: OnFailure
}

/** @throws FlowcraftAwsError INVALID_CONFIGURATION, with all problems at once */
export function policiesOf(given: Policies): Policies {
  const { maxActivations, contextConflicts, onFailure } = given
  throwProblems('INVALID_CONFIGURATION', 'cannot make a worker', policyProblems(given))
  return { maxActivations, contextConflicts, onFailure }
}

/** Also of a blueprint's metadata, and of a node's config. */
export function policyProblems(given: Readonly<Partial<Record<keyof Policies, unknown>>>): string[] {
  const { maxActivations, contextConflicts, onFailure } = given
  const problems = [contextConflictsProblem(contextConflicts), onFailureProblem(onFailure)]
  return [...boundsProblems(maxActivations), ...problems.filter((problem) => problem !== undefined)]
}

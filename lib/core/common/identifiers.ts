/** Ids that users give: what they may hold, since they become parts of keys, object names and URLs. */
import { show } from './thrown.ts'

/** Run ids are part of keys, object names and URLs: letters, digits and `. _ : / @ + = ~ -`, 200 at most. */
const RUN_ID = /^[A-Za-z0-9._:/@+=~-]{1,200}$/
const CHILD_RUN_ID = /\/\d+\.\d+(~\d+)?$/
/** Child runs add to the id of their parent. */
const ANY_RUN_ID = /^[A-Za-z0-9._:/@+=~-]{1,900}$/
const RUN_ID_RULE = '1 to 200 characters of A-Z a-z 0-9 . _ : / @ + = ~ -'
/** A blueprint id is part of a sort key, which may have 1,024 bytes. */
const BLUEPRINT_ID_MAX = 500

export function runIdProblem(runId: unknown, rule: 'new' | 'any' = 'any'): string | undefined {
  if (rule === 'new' && typeof runId === 'string' && CHILD_RUN_ID.test(runId)) {
    return `runId must not end like a child run's, in /<number>.<number>; got ${show(runId)}`
  }
  if (typeof runId === 'string' && (rule === 'new' ? RUN_ID : ANY_RUN_ID).test(runId)) return undefined
  return `runId must be ${RUN_ID_RULE}; got ${show(runId)}`
}

export function blueprintIdProblem(blueprintId: unknown): string | undefined {
  if (typeof blueprintId === 'string' && blueprintId !== '' && blueprintId.length <= BLUEPRINT_ID_MAX)
    return undefined
  return `blueprintId must be a string of 1 to ${BLUEPRINT_ID_MAX} characters; got ${show(blueprintId)}`
}

/** Whether a run is another's child: the id of no other ends so. */
export function isChildRunId(runId: string): boolean {
  return CHILD_RUN_ID.test(runId)
}

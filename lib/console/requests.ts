/** What the page asks for, as texts of an address, turned into what the client takes, which checks the rest. */
import { FlowcraftAwsError } from '../core/common/errors.ts'
import type { FailuresRequest } from '../core/run/failures.ts'
import type { ListRunsRequest } from '../core/run/list.ts'

/** Of an address: each name may come several times. */
export type Query = Readonly<Record<string, readonly string[]>>

export function listOf(query: Query): ListRunsRequest {
  const one = first(query)
  const { label: labels = [], status = [] } = query
  const limit = one('limit')
  return {
    blueprintId: one('blueprint'),
    // The client tells of one that is none.
    status: status.length > 0 ? (status as ListRunsRequest['status']) : undefined,
    startedAfter: timeOf(one('since')),
    startedBefore: timeOf(one('until')),
    label: labels.length > 0 ? Object.fromEntries(labels.map(pairOf)) : undefined,
    parentRunId: one('parent'),
    forkedFrom: one('forkedFrom'),
    limit: limit === undefined ? undefined : Number(limit),
    cursor: one('cursor'),
  }
}

export function failuresOf(query: Query): FailuresRequest {
  const one = first(query)
  return {
    since: timeOf(one('since')) as Date,
    until: timeOf(one('until')),
    blueprintId: one('blueprint'),
    cursor: one('cursor'),
  }
}

/** Of a body. */
export function timeOf(text: unknown): Date | undefined {
  return text === undefined ? undefined : new Date(String(text))
}

const first =
  (query: Query) =>
  (name: string): string | undefined =>
    query[name]?.[0]

function pairOf(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new FlowcraftAwsError('INVALID_INPUT', `a label must be name=value; got '${text}'`)
}

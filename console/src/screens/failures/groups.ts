/** Groups of failures, as several pages of them add up. Pure. */
import type { FailureGroupView, FailuresView } from '../../../../lib/console/views.ts'

const EXAMPLES_AT_MOST = 5

export const keyOfGroup = ({ blueprintId, nodeId, error, message }: FailureGroupView): string =>
  JSON.stringify([blueprintId, nodeId ?? null, error, message])

/** Pages from the latest on; a group of several pages is one. The most frequent first. */
export function merged(pages: readonly FailuresView[]): Omit<FailuresView, 'cursor'> {
  const groups = new Map<string, FailureGroupView>()
  for (const group of pages.flatMap((page) => page.groups)) {
    const known = groups.get(keyOfGroup(group))
    groups.set(keyOfGroup(group), known ? both(known, group) : group)
  }
  const runs = pages.reduce((sum, page) => sum + page.runs, 0)
  return { groups: [...groups.values()].toSorted((a, b) => b.count - a.count), runs }
}

function both(later: FailureGroupView, earlier: FailureGroupView): FailureGroupView {
  return {
    ...later,
    count: later.count + earlier.count,
    examples: [...later.examples, ...earlier.examples].slice(0, EXAMPLES_AT_MOST),
    firstFailedAt: earlier.firstFailedAt < later.firstFailedAt ? earlier.firstFailedAt : later.firstFailedAt,
    lastFailedAt: earlier.lastFailedAt > later.lastFailedAt ? earlier.lastFailedAt : later.lastFailedAt,
  }
}

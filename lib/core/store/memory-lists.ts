/** The lists of runs over memory: the twin of `run-lists.ts`. Pure. */
import { isChildRunId } from '../common/identifiers.ts'
import { failedAtOf, type RunState } from '../protocol/run-state.ts'
import { isWanted, type ListEntry, type ListPart, type ListRead, type RunList, shardOf } from './run-list.ts'

export interface MemoryLabel {
  readonly time: number
  readonly runId: string
  readonly name: string
  readonly value: string
}

export function readMemoryList(
  runs: readonly RunState[],
  labels: readonly MemoryLabel[],
  { list, shard, from, to, after, limit, where = {} }: ListRead,
): ListPart {
  const isIn = (time: number, runId: string) => time >= from && time <= to && shardOf(list, runId) === shard
  const entries = entriesOf(list, runs, labels, isIn)
    // Any order of equal times does, as long as it is always the same.
    .toSorted((a, b) => b.time - a.time || (a.runId < b.runId ? 1 : -1))
  const begin = entries.findIndex(({ time, runId }) => time === to && runId === after) + 1
  const looked = entries.slice(begin, begin + limit)
  const last = looked.at(-1)
  const hasMore = begin + limit < entries.length
  return {
    entries: looked.filter(({ run }) => !run || isWanted(where, run)),
    ...(last && hasMore ? { next: { time: last.time, runId: last.runId } } : {}),
  }
}

function entriesOf(
  list: RunList,
  runs: readonly RunState[],
  labels: readonly MemoryLabel[],
  isIn: (time: number, runId: string) => boolean,
): readonly ListEntry[] {
  if (list.kind === 'label') {
    return labels
      .filter(({ name, value }) => name === list.name && value === list.value)
      .filter(({ time, runId }) => isIn(time, runId))
      .map(({ time, runId }) => ({ time, runId }))
  }
  if (list.kind === 'failed') {
    return runs.flatMap((run) => {
      const { runId } = run
      const time = failedAtOf(run)
      return time !== undefined && isIn(time, runId) && !isChildRunId(runId) ? [{ time, runId }] : []
    })
  }
  return runs
    .filter(({ startedAt, runId }) => isIn(startedAt, runId) && !isChildRunId(runId))
    .map(({ runId, startedAt, blueprintId, status, endedAt, labels, forkedFrom }) => ({
      time: startedAt,
      runId,
      run: {
        blueprintId,
        status,
        ...(endedAt === undefined ? {} : { endedAt }),
        ...(labels ? { labels } : {}),
        ...(forkedFrom === undefined ? {} : { forkedFrom }),
      },
    }))
}

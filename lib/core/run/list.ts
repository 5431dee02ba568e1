/** Lists of runs, by pages: of all, of those with a label, of the children of one. */
import type { RunLabels } from '../common/labels.ts'
import type { Services } from '../execution/services.ts'
import type { RunState, RunStatus } from '../protocol/run-state.ts'
import type { ListEntry, ListFilter, RunList } from '../store/run-list.ts'
import { childRuns } from './child-runs.ts'
import { forksOf } from './fork.ts'
import { type PausedBy, pausedByOf, type RunDescription, statusOf } from './describe.ts'
import { formatCursor, parseCursor } from './list-cursor.ts'
import { MergedList } from './merged-list.ts'

/** Which runs are listed. */
export interface ListRunsQuery {
  readonly blueprintId?: string
  /** One of these. @default - any */
  readonly status?: RunDescription['status'] | readonly RunDescription['status'][]
  /** Runs that were started at this time or after it. */
  readonly startedAfter?: Date
  /** Runs that were started before this time. */
  readonly startedBefore?: Date
  /** Runs that were started with all of these labels. Name the rarest first: the others are looked for among its runs. */
  readonly label?: RunLabels
  /** The child runs of this one, which no other list has. */
  readonly parentRunId?: string
  /** The forks of this run. */
  readonly forkedFrom?: string
}

/** Which runs a page of `list` has, and how many. */
export interface ListRunsRequest extends ListRunsQuery {
  /** Runs in the page at most, 1 to 1000. @default 50 */
  readonly limit?: number
  /** Where the page before this one ended: its `cursor`. @default - with the newest */
  readonly cursor?: string
}

/** A run as a list has it. */
export interface RunSummary {
  readonly runId: string
  readonly blueprintId: string
  /** As `get` gives it. */
  readonly status: RunDescription['status']
  /** Where it is paused: whether itself ('run'), with its blueprint, or since nodes failed. */
  readonly pausedBy?: PausedBy
  readonly labels?: RunLabels
  /** Who waits for it, where it is a child run. */
  readonly parentRunId?: string
  /** The run from whose state it began, where it is a fork. */
  readonly forkedFrom?: { readonly runId: string }
  readonly startedAt: Date
  readonly endedAt?: Date
}

/** A page of a list of runs. */
export interface RunPage {
  /** Newest first. Perhaps fewer than `limit`, even none, though there are more: what is rare is not looked for in all runs at once. */
  readonly runs: readonly RunSummary[]
  /** Where the next page begins; undefined where there is none. */
  readonly cursor?: string
}

export type ListServices = Pick<Services, 'store' | 'values'>

const PAGE = 50
/** Entries of an index that are looked at for one page, about 200 read units; and headers, a unit each at least. */
const LOOKS_AT_MOST = { entries: 20_000, headers: 1_000 }
/** The latest time that a Date holds. */
const END_OF_TIME = 8.64e15

export async function listRuns(
  services: ListServices,
  request: ListRunsRequest,
  atMost = LOOKS_AT_MOST,
): Promise<RunPage> {
  const { limit = PAGE, cursor, ...query } = request
  const text = textOf(query)
  const after = cursor === undefined ? undefined : parseCursor(text, cursor)
  const related = await relatedRuns(services, query)
  if (related) {
    const all = related.filter((run) => isWanted(query, run))
    const begin = after ? all.findIndex(({ runId }) => runId === after.runId) + 1 : 0
    const runs = all.slice(begin, begin + limit)
    const last = runs.at(-1)
    const place = last && { time: last.startedAt, runId: last.runId }
    const more = place && begin + limit < all.length ? { cursor: formatCursor(text, place) } : {}
    return { runs: runs.map(summaryOf), ...more }
  }
  const list = listOf(query)
  const { from, to } = timesOf(query)
  const { store } = services
  const where = list.kind === 'runs' ? filterOf(query) : undefined
  const merged = new MergedList({ store, list, from, to, after, where, wanted: limit })
  const runs: RunSummary[] = []
  let headers = 0
  const isFar = () => (merged.looked > atMost.entries && !merged.isRead) || headers > atMost.headers
  while (runs.length < limit && merged.hasMore && !isFar()) {
    const entries: ListEntry[] = []
    while (entries.length < limit - runs.length && merged.hasMore && !isFar()) {
      const entry = await merged.next()
      if (entry) entries.push(entry)
    }
    const found = await summariesOf(services, query, entries)
    runs.push(...found.runs)
    headers += found.headers
  }
  return { runs, ...(merged.hasMore && merged.place ? { cursor: formatCursor(text, merged.place) } : {}) }
}

/** Runs that another one knows of, newest first; undefined where it is not these that are asked for. */
async function relatedRuns(
  services: ListServices,
  { parentRunId, forkedFrom }: ListRunsQuery,
): Promise<readonly RunState[] | undefined> {
  if (parentRunId !== undefined) return newestFirst(await childRuns(services, parentRunId))
  return forkedFrom === undefined ? undefined : newestFirst(await forksOf(services, forkedFrom))
}

function newestFirst(runs: readonly RunState[]): RunState[] {
  return runs.toSorted((a, b) => b.startedAt - a.startedAt || (a.runId < b.runId ? 1 : -1))
}

/** All that a list has, page by page. */
export async function* eachRun(
  services: ListServices,
  request: ListRunsRequest,
): AsyncGenerator<RunSummary, void, undefined> {
  for (let cursor = request.cursor; ;) {
    const page = await listRuns(services, { ...request, cursor })
    yield* page.runs
    if (page.cursor === undefined) return
    cursor = page.cursor
  }
}

/** What an index says of a run under way may be old, and a label's entry says nothing but that somebody was about to start it. */
async function summariesOf(
  { store }: ListServices,
  query: ListRunsQuery,
  entries: readonly ListEntry[],
): Promise<{ runs: RunSummary[]; headers: number }> {
  const open = entries.filter(({ run }) => run === undefined || run.status === 'running')
  const headers = await store.readMany(open.map(({ runId }) => runId))
  const runs = entries.flatMap(({ runId, time, run }): RunSummary[] => {
    if (run && run.status !== 'running') {
      const { endedAt, forkedFrom, ...rest } = run
      return [
        {
          runId,
          ...rest,
          ...(forkedFrom === undefined ? {} : { forkedFrom: { runId: forkedFrom } }),
          startedAt: new Date(time),
          ...(endedAt ? { endedAt: new Date(endedAt) } : {}),
        },
      ]
    }
    const header = headers.get(runId)
    return header?.startedAt === time && isWanted(query, header) ? [summaryOf(header)] : []
  })
  return { runs, headers: open.length }
}

function summaryOf(run: RunState): RunSummary {
  const { runId, blueprintId, labels, parent, forkedFrom, startedAt, endedAt } = run
  const pausedBy = pausedByOf(run)
  return {
    runId,
    blueprintId,
    status: statusOf(run),
    ...(pausedBy ? { pausedBy } : {}),
    ...(labels ? { labels } : {}),
    ...(parent ? { parentRunId: parent.runId } : {}),
    ...(forkedFrom === undefined ? {} : { forkedFrom: { runId: forkedFrom } }),
    startedAt: new Date(startedAt),
    ...(endedAt === undefined ? {} : { endedAt: new Date(endedAt) }),
  }
}

function isWanted(query: ListRunsQuery, run: RunState): boolean {
  const { blueprintId, label = {} } = query
  const { from, to } = timesOf(query)
  const statuses = statusesOf(query)
  return (
    (blueprintId === undefined || run.blueprintId === blueprintId) &&
    (statuses === undefined || statuses.includes(statusOf(run))) &&
    run.startedAt >= from &&
    run.startedAt <= to &&
    (query.forkedFrom === undefined || run.forkedFrom === query.forkedFrom) &&
    Object.entries(label).every(([name, value]) => run.labels?.[name] === value)
  )
}

function listOf({ label = {} }: ListRunsQuery): RunList {
  const [first] = Object.entries(label)
  return first ? { kind: 'label', name: first[0], value: first[1] } : { kind: 'runs' }
}

function timesOf({ startedAfter, startedBefore }: ListRunsQuery): { from: number; to: number } {
  return { from: startedAfter?.getTime() ?? 0, to: (startedBefore?.getTime() ?? END_OF_TIME + 1) - 1 }
}

function statusesOf({ status }: ListRunsQuery): readonly RunDescription['status'][] | undefined {
  return status === undefined ? undefined : [status].flat()
}

function filterOf(query: ListRunsQuery): ListFilter {
  // A run that waits, or is paused, is one that runs, for the index.
  const statuses = statusesOf(query)?.map((status): RunStatus =>
    status === 'awaiting' || status === 'paused' ? 'running' : status,
  )
  return {
    ...(query.blueprintId === undefined ? {} : { blueprintId: query.blueprintId }),
    ...(statuses ? { statuses: [...new Set(statuses)] } : {}),
  }
}

/** What a cursor belongs to. */
function textOf(query: ListRunsQuery): string {
  const { blueprintId, label = {}, parentRunId, forkedFrom } = query
  const asked = [blueprintId, statusesOf(query), timesOf(query), Object.entries(label), parentRunId]
  return JSON.stringify(forkedFrom === undefined ? asked : [...asked, forkedFrom])
}

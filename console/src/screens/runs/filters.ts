/** What the list of runs is filtered by, as it stands in the address. Pure. */
import type { RunStatusView } from '../../../../lib/console/views.ts'
import type { RunsQuery } from '../../requests.ts'
import type { RouteQuery } from '../../route.ts'

export interface RunFilters {
  readonly blueprint?: string
  readonly status: readonly RunStatusView[]
  /** A time, or how long before now: '1h', '24h', '7d', '30d'. */
  readonly since?: string
  readonly until?: string
  /** Each as `name=value`. */
  readonly labels: readonly string[]
  readonly parent?: string
  readonly forkedFrom?: string
}

export const STATUSES: readonly RunStatusView[] = [
  'running',
  'awaiting',
  'paused',
  'failed',
  'completed',
  'cancelled',
]

const HOUR_MS = 3_600_000
const AGES: Readonly<Record<string, number>> = {
  '1h': HOUR_MS,
  '24h': 24 * HOUR_MS,
  '7d': 7 * 24 * HOUR_MS,
  '30d': 30 * 24 * HOUR_MS,
}

export function filtersOf(query: RouteQuery): RunFilters {
  const status = STATUSES.filter((one) => query.status?.includes(one))
  const since = query.since?.[0]
  return {
    blueprint: query.blueprint?.[0],
    status,
    since: since !== undefined && (isAge(since) || isTime(since)) ? since : undefined,
    until: query.until?.find(isTime),
    labels: (query.label ?? []).filter((label) => label.indexOf('=') > 0),
    parent: query.parent?.[0],
    forkedFrom: query.forkedFrom?.[0],
  }
}

export function queryOf(filters: RunFilters): RouteQuery {
  const { blueprint, status, since, until, labels, parent, forkedFrom } = filters
  const all = { blueprint: one(blueprint), status, since: one(since), until: one(until), label: labels }
  const query = { ...all, parent: one(parent), forkedFrom: one(forkedFrom) }
  return Object.fromEntries(Object.entries(query).filter(([, values]) => values.length > 0))
}

/** As the server is asked for it: by times, since it knows no '24h'. */
export function requestOf(filters: RunFilters, now: number): RunsQuery {
  const { labels, since, ...rest } = filters
  return { ...rest, label: labels, since: timeOf(since, now) }
}

/** When a `since` is, '24h' before `now`, say. */
export function timeOf(since: string | undefined, now: number): string | undefined {
  const age = since !== undefined && isAge(since) ? AGES[since] : undefined
  return age === undefined ? since : new Date(now - age).toISOString()
}

export const isAge = (since: string | undefined): boolean => since !== undefined && Object.hasOwn(AGES, since)

export function countFilters(filters: RunFilters): number {
  const { status, labels, since, until, blueprint, parent, forkedFrom } = filters
  const single = [since ?? until, blueprint, parent, forkedFrom].filter((value) => value !== undefined)
  return status.length + labels.length + single.length
}

const one = (value: string | undefined): readonly string[] => (value === undefined ? [] : [value])

const isTime = (text: string): boolean => !Number.isNaN(Date.parse(text))

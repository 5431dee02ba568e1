/** A JSON value as the rows of a tree: which there are, as things are folded or searched for. Pure. */
import type { Json } from '../../../lib/console/json.ts'

export interface JsonRow {
  /** A JSON pointer: '/items/3/name'; '' is the value itself. */
  readonly path: string
  /** 0: the value itself. */
  readonly depth: number
  /** Key or index; absent: the value itself. */
  readonly name?: string
  readonly value: Json
  /** Whether there is something in it. */
  readonly isFoldable: boolean
  readonly isOpen: boolean
  /** Whether its key or its text has what is searched for. */
  readonly isMatch: boolean
}

export interface JsonRowsOptions {
  /** What was folded or unfolded by hand, by path; the others are open down to `openDepth`. */
  readonly toggled: ReadonlyMap<string, boolean>
  readonly openDepth: number
  /** Only what has this text, what is in it, and what leads there, which is open; '' searches for nothing. */
  readonly search: string
}

type Container = readonly Json[] | { readonly [key: string]: Json }

const isContainer = (value: Json): value is Container => typeof value === 'object' && value !== null

export function rowsOf(value: Json, options: JsonRowsOptions): JsonRow[] {
  const search = options.search.trim().toLowerCase()
  const leads = search === '' ? undefined : pathsToMatches(value, search)
  const rows: JsonRow[] = []
  const add = (value: Json, { path, depth, name, isWithin }: Place) => {
    const isMatch = leads !== undefined && matches(value, name, search)
    if (leads && path !== '' && !isMatch && !isWithin && !leads.has(path)) return
    const isFoldable = isContainer(value) && entriesOf(value).length > 0
    const isOpenAtFirst = leads ? leads.has(path) : depth < options.openDepth
    const isOpen = isFoldable && (options.toggled.get(path) ?? isOpenAtFirst)
    rows.push({ path, depth, name, value, isFoldable, isOpen, isMatch })
    if (!isOpen || !isContainer(value)) return
    for (const [key, inner] of entriesOf(value))
      add(inner, {
        path: pathIn(path, key),
        depth: depth + 1,
        name: key,
        isWithin: isMatch || isWithin,
      })
  }
  add(value, { path: '', depth: 0, isWithin: false })
  return rows
}

interface Place {
  readonly path: string
  readonly depth: number
  readonly name?: string
  /** Whether it is in what was found, all of which can be unfolded. */
  readonly isWithin: boolean
}

/** Paths of what has a match in it. */
function pathsToMatches(value: Json, search: string): ReadonlySet<string> {
  const leads = new Set<string>()
  const visit = (value: Json, path: string, name?: string): boolean => {
    let isLead = false
    if (isContainer(value))
      for (const [key, inner] of entriesOf(value)) if (visit(inner, pathIn(path, key), key)) isLead = true
    if (isLead) leads.add(path)
    return isLead || matches(value, name, search)
  }
  visit(value, '')
  return leads
}

const matches = (value: Json, name: string | undefined, search: string): boolean =>
  name?.toLowerCase().includes(search) === true ||
  (!isContainer(value) && String(value).toLowerCase().includes(search))

function entriesOf(value: Container): readonly (readonly [string, Json])[] {
  return Object.entries(value)
}

/** By RFC 6901. */
const pathIn = (path: string, key: string): string =>
  `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`

/** What a row says of its value: a scalar as JSON, else how much is in it. */
export function summaryOf(value: Json): string {
  if (!isContainer(value)) return JSON.stringify(value)
  const { length } = entriesOf(value)
  if (Array.isArray(value)) return length === 0 ? '[]' : `[${length}]`
  return length === 0 ? '{}' : `{${length}}`
}

export type JsonKind = 'string' | 'number' | 'boolean' | 'null' | 'container'

export function kindOf(value: Json): JsonKind {
  if (isContainer(value)) return 'container'
  if (value === null) return 'null'
  if (typeof value === 'string') return 'string'
  return typeof value === 'number' ? 'number' : 'boolean'
}

/** Of the row that leads to this one, whose rows follow it; -1: there is none. */
export function parentRow(rows: readonly JsonRow[], row: number): number {
  const depth = rows[row]?.depth ?? 0
  return rows.findLastIndex((other, at) => at < row && other.depth < depth)
}

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
  /** Only what has this text, and what leads there, which is open; '' searches for nothing. */
  readonly search: string
}

type Container = readonly Json[] | { readonly [key: string]: Json }

const isContainer = (value: Json): value is Container => typeof value === 'object' && value !== null

export function rowsOf(value: Json, options: JsonRowsOptions): JsonRow[] {
  const search = options.search.trim().toLowerCase()
  const found = search === '' ? undefined : pathsTo(value, search)
  const rows: JsonRow[] = []
  const add = (value: Json, path: string, depth: number, name?: string) => {
    if (found && !found.has(path)) return
    const isFoldable = isContainer(value) && entriesOf(value).length > 0
    const isOpen =
      isFoldable && (options.toggled.get(path) ?? (found !== undefined || depth < options.openDepth))
    const isMatch = found !== undefined && matches(value, name, search)
    rows.push({ path, depth, name, value, isFoldable, isOpen, isMatch })
    if (isOpen && isContainer(value))
      for (const [key, inner] of entriesOf(value)) add(inner, pathIn(path, key), depth + 1, key)
  }
  add(value, '', 0)
  return rows
}

/** Paths of what matches and of all that leads there. The value itself is always one of them. */
function pathsTo(value: Json, search: string): ReadonlySet<string> {
  const found = new Set<string>([''])
  const visit = (value: Json, path: string, name?: string): boolean => {
    let has = matches(value, name, search)
    if (isContainer(value))
      for (const [key, inner] of entriesOf(value)) if (visit(inner, pathIn(path, key), key)) has = true
    if (has) found.add(path)
    return has
  }
  visit(value, '')
  return found
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

/** A place in the answer to a query, opaque to whoever gets it, and good for that query alone. */
import { createHash } from 'node:crypto'
import * as v from 'valibot'
import { FlowcraftAwsError } from '../common/errors.ts'
import { show } from '../common/thrown.ts'
import type { ListPlace } from '../store/run-list.ts'
import type { TablePlace } from '../store/run-store.ts'

/** What a cursor belongs to, as text. */
export type QueryText = string

const print = v.string()
const name = v.pipe(v.string(), v.nonEmpty())
const listCursor = v.tuple([print, v.pipe(v.number(), v.safeInteger()), name])
const tableCursor = v.tuple([print, name, name])

export function formatCursor(query: QueryText, { time, runId }: ListPlace): string {
  return encode([printOf(query), time, runId])
}

/** @throws FlowcraftAwsError INVALID_INPUT where it is no cursor, or one of another query */
export function parseCursor(query: QueryText, text: string): ListPlace {
  const [, time, runId] = parse(listCursor, query, text)
  return { time, runId }
}

export function formatTableCursor(query: QueryText, { pk, sk }: TablePlace): string {
  return encode([printOf(query), pk, sk])
}

/** @throws FlowcraftAwsError INVALID_INPUT where it is no cursor, or one of another query */
export function parseTableCursor(query: QueryText, text: string): TablePlace {
  const [, pk, sk] = parse(tableCursor, query, text)
  return { pk, sk }
}

function parse<S extends v.GenericSchema<unknown, [string, ...unknown[]]>>(
  schema: S,
  query: QueryText,
  text: string,
): v.InferOutput<S> {
  const parsed = v.safeParse(schema, decode(text))
  if (!parsed.success) {
    throw new FlowcraftAwsError('INVALID_INPUT', `cursor must be one that a list gave; got ${show(text)}`)
  }
  if (parsed.output[0] === printOf(query)) return parsed.output
  const why = 'give the query with which it came, but for limit'
  throw new FlowcraftAwsError('INVALID_INPUT', `cursor is of another query: ${why}`)
}

function encode(parts: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url')
}

function decode(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    return undefined
  }
}

function printOf(query: QueryText): string {
  return createHash('sha256').update(query).digest('base64url').slice(0, 8)
}

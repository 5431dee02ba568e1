/** A place in the answer to a query, opaque to whoever gets it, and good for that query alone. */
import { createHash } from 'node:crypto'
import * as v from 'valibot'
import { FlowcraftAwsError } from '../common/errors.ts'
import { show } from '../common/thrown.ts'
import type { ListPlace } from '../store/run-list.ts'

/** What a cursor belongs to, as text. */
export type QueryText = string

const cursor = v.tuple([v.string(), v.pipe(v.number(), v.safeInteger()), v.pipe(v.string(), v.nonEmpty())])

export function formatCursor(query: QueryText, { time, runId }: ListPlace): string {
  return Buffer.from(JSON.stringify([printOf(query), time, runId])).toString('base64url')
}

/** @throws FlowcraftAwsError INVALID_INPUT where it is no cursor, or one of another query */
export function parseCursor(query: QueryText, text: string): ListPlace {
  const parsed = v.safeParse(cursor, parts(text))
  if (!parsed.success) {
    throw new FlowcraftAwsError('INVALID_INPUT', `cursor must be one that a list gave; got ${show(text)}`)
  }
  const [print, time, runId] = parsed.output
  if (print === printOf(query)) return { time, runId }
  const why = 'give the query with which it came, but for limit'
  throw new FlowcraftAwsError('INVALID_INPUT', `cursor is of another query: ${why}`)
}

function parts(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    return undefined
  }
}

function printOf(query: QueryText): string {
  return createHash('sha256').update(query).digest('base64url').slice(0, 8)
}

/**
 * Packs: small values that were moved out of a full header together, each pack an item that nobody changes. A value in one
 * says nothing but what the header of its `seq` had under a name. So one that somebody put who died before it left the
 * header, or who had seen an old header, does no harm: of a name that several have the newest counts, and the header's own
 * before any.
 */
import { randomBytes } from 'node:crypto'
import type { Item } from './header.ts'
import { formatOf, packTexts, unpackTexts } from './header-format.ts'
import { expiry, type Retention } from './retention.ts'
import type { MovedEntries, PageEntries } from './run-store.ts'
import { keys } from './schema.ts'
import type { Table } from './table.ts'

/** Only runs of the short form have packs. */
const FORMAT = formatOf({})
/** Of names and texts in one item: keys of user code may have 60 KB each. */
const ITEM_BYTES = 300_000

interface PackWrite {
  readonly pack: number
  readonly entries: PageEntries
  readonly seq: number
  readonly now: number
  readonly retention: Retention
}

/** One item mostly; its name is random, since several may try to be the pack of this number. */
export async function writePack(
  table: Table,
  runId: string,
  { pack, entries, seq, now, retention }: PackWrite,
): Promise<void> {
  const expiresAt = expiry(now, retention.valueDays)
  for (const part of parts(entries)) {
    const key = keys.pack(runId, pack, randomBytes(6).toString('base64url'))
    await table.put({ ...key, q: seq, m: packTexts(FORMAT, part), expiresAt })
  }
}

function parts(entries: PageEntries): Map<string, string>[] {
  const all: Map<string, string>[] = [new Map()]
  let bytes = 0
  for (const [name, text] of entries) {
    const own = Buffer.byteLength(name) + Buffer.byteLength(text)
    if (bytes > 0 && bytes + own > ITEM_BYTES) {
      all.push(new Map())
      bytes = 0
    }
    bytes += own
    all.at(-1)?.set(name, text)
  }
  return all
}

export async function readPacks(
  table: Table,
  runId: string,
  first: number,
  last: number,
): Promise<MovedEntries> {
  const { pk, from, to } = keys.packs(runId, first, last)
  const items = await table.query({
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
    ExpressionAttributeValues: { ':pk': pk, ':from': from, ':to': to },
    ConsistentRead: true,
  })
  const found = new Map<string, { text: string; seq: number }>()
  for (const item of items) addNewer(found, unpackPack(item))
  return found
}

/** Nothing of an item that is no pack. */
export function unpackPack(item: Item): MovedEntries {
  const seq = Number(item['q'])
  const texts = unpackTexts(FORMAT, (item['m'] as Record<string, string> | undefined) ?? {})
  return new Map([...texts].map(([name, text]) => [name, { text, seq }]))
}

/** Of a name that both have the newer. */
export function addNewer(found: Map<string, { text: string; seq: number }>, more: MovedEntries): void {
  for (const [name, entry] of more) {
    if ((found.get(name)?.seq ?? -1) <= entry.seq) found.set(name, entry)
  }
}

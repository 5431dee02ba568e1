/** Pages: small values moved out of a full header, by name, each with the `seq` of the header that it was moved from. */
import { ExpressionBuilder } from './expression.ts'
import type { Item } from './header.ts'
import { expiry, type Retention } from './retention.ts'
import type { MovedEntries, PageEntries } from './run-store.ts'
import { keys } from './schema.ts'
import type { Table } from './table.ts'

export async function writePage(
  table: Table,
  runId: string,
  page: string,
  { entries, seq, now, retention }: { entries: PageEntries; seq: number; now: number; retention: Retention },
): Promise<boolean> {
  const e = new ExpressionBuilder()
  for (const [name, text] of entries) {
    const path = e.path(`=${name}`)
    // Equal passes: the same move again. Greater means that this mover's view of the header is old.
    e.when(`(attribute_not_exists(${path}) OR ${path}.${e.path('q')} <= ${e.value(seq)})`)
    e.set(path, { q: seq, v: text })
  }
  e.set(e.path('expiresAt'), expiry(now, retention.valueDays))
  return (await table.update(keys.page(runId, page), e.build())).done
}

export function unpackPage(item: Item): MovedEntries {
  const entries = new Map<string, { text: string; seq: number }>()
  for (const [name, value] of Object.entries(item)) {
    if (!name.startsWith('=')) continue
    const { v, q } = value as { v: string; q: number }
    entries.set(name.slice(1), { text: v, seq: Number(q) })
  }
  return entries
}

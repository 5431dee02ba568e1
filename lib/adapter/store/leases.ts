/** Leases: who works on a strand until when. An item of its own for each strand; saves double work, decides nothing. */
import { expiry, ExpressionBuilder } from './expression.ts'
import type { Item } from './header.ts'
import type { Lease, LeaseRequest } from './run-store.ts'
import { keys, VALUE_RETENTION_DAYS } from './schema.ts'
import type { Table } from './table.ts'

/** `u` until, `k` token, `n` number of leases, `g` number of those given back. */
export async function takeLease(table: Table, request: LeaseRequest): Promise<Lease> {
  const e = new ExpressionBuilder()
  const [until, token] = [e.path('u'), e.path('k')]
  e.when(`(attribute_not_exists(${until}) OR ${until} < ${e.value(request.now)})`)
  e.set(until, request.until).set(token, request.token).add(e.path('n'), 1)
  e.set(e.path('expiresAt'), expiry(request.now, VALUE_RETENTION_DAYS))
  return updateLease(table, request, e)
}

export async function renewLease(table: Table, request: LeaseRequest): Promise<Lease> {
  const e = new ExpressionBuilder()
  const until = e.path('u')
  // Not one that was given back: a renewal may arrive after that.
  e.when(`${e.path('k')} = ${e.value(request.token)}`).when(`${until} > ${e.value(0)}`)
  e.set(until, request.until)
  return updateLease(table, request, e)
}

export async function releaseLease(table: Table, request: Omit<LeaseRequest, 'until'>): Promise<void> {
  const e = new ExpressionBuilder()
  const until = e.path('u')
  // Once: the SDK repeats a request whose answer was lost.
  e.when(`${e.path('k')} = ${e.value(request.token)}`).when(`${until} > ${e.value(0)}`)
  e.set(until, 0).add(e.path('g'), 1)
  await updateLease(table, request, e)
}

export async function readLease(table: Table, runId: string, strand: string): Promise<Lease | undefined> {
  const item = await table.get(keys.lease(runId, strand))
  return item && unpackLease(item, false)
}

async function updateLease(
  table: Table,
  request: Omit<LeaseRequest, 'until'>,
  expression: ExpressionBuilder,
): Promise<Lease> {
  const { done, item } = await table.update(keys.lease(request.runId, request.strand), expression.build())
  // The holder asks again where the answer to its first request was lost.
  return unpackLease(item ?? {}, done || (item?.['k'] === request.token && Number(item['u']) > 0))
}

function unpackLease(item: Item, held: boolean): Lease {
  const attempt = Number(item['n'] ?? 0)
  const lost = Math.max(0, attempt - 1 - Number(item['g'] ?? 0))
  return { held, attempt, lost, until: Number(item['u'] ?? 0) }
}

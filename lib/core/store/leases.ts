/** Leases: who works on a strand until when. An item of its own for each strand; saves double work, decides nothing. */
import { ExpressionBuilder } from './expression.ts'
import type { Item } from './header.ts'
import { expiry, type Retention } from './retention.ts'
import type { Lease, LeasedRun, LeaseRequest, ReleaseRequest } from './run-store.ts'
import { keys } from './schema.ts'
import type { Table } from './table.ts'

/**
 * `u` until, `k` token, `n` number of leases, `g` number of those given back, `a` number of those held alone and not
 * given back, `s` the token of the last who held it alone, until it is given back. `e` the error that the last holders ended
 * with and `m` how many of them in a row, where nobody expected it. Items of older versions have no `a`, `e` and `m`.
 */
export async function takeLease(
  table: Table,
  request: LeaseRequest,
  { valueDays }: Retention,
): Promise<Lease> {
  const e = new ExpressionBuilder()
  const [until, token] = [e.path('u'), e.path('k')]
  e.when(`(attribute_not_exists(${until}) OR ${until} < ${e.value(request.now)})`)
  e.set(until, request.until).set(token, request.token).add(e.path('n'), 1)
  e.set(e.path('expiresAt'), expiry(request.now, valueDays))
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

export async function holdLeaseAlone(table: Table, request: LeaseRequest): Promise<Lease> {
  const e = new ExpressionBuilder()
  const [until, alone] = [e.path('u'), e.path('s')]
  const token = e.value(request.token)
  e.when(`${e.path('k')} = ${token}`).when(`${until} > ${e.value(0)}`)
  // Once: the SDK repeats a request whose answer was lost.
  e.when(`(attribute_not_exists(${alone}) OR ${alone} <> ${token})`)
  e.set(until, request.until).set(alone, request.token).add(e.path('a'), 1)
  return updateLease(table, request, e)
}

export async function releaseLease(table: Table, request: ReleaseRequest): Promise<void> {
  const e = new ExpressionBuilder()
  const until = e.path('u')
  const token = e.value(request.token)
  // Once: the SDK repeats a request whose answer was lost.
  e.when(`${e.path('k')} = ${token}`).when(`${until} > ${e.value(0)}`)
  if (request.alone)
    e.when(`${e.path('s')} = ${token}`)
      .add(e.path('a'), -1)
      .remove(e.path('s'))
  e.set(until, 0).add(e.path('g'), 1)
  // Crash before: the lease is lost, and the error is not counted. After: it is, and the message comes back.
  if (request.ended) e.set(e.path('e'), request.ended.print).set(e.path('m'), request.ended.times)
  const { held } = await updateLease(table, request, e)
  // Still held: it was to be held alone, and that request never arrived.
  if (held && request.alone) await releaseLease(table, { ...request, alone: false })
}

/**
 * The lease of a life that is over: its holder neither renews it nor gives it back after this, and those who died under it
 * no longer count. Without it the strand would wait for the end of the lease, and one that was given up for its deaths would
 * be given up at once. A strand that nobody ever leased has no item, and gets none.
 */
export async function revokeLease(table: Table, run: LeasedRun, strand: string): Promise<void> {
  const e = new ExpressionBuilder()
  e.when(`attribute_exists(${e.path('n')})`)
  e.set(e.path('u'), 0).copy(e.path('g'), e.path('n'))
  for (const name of ['s', 'a', 'e', 'm']) e.remove(e.path(name))
  await table.update(keys.lease(run, strand), e.build())
}

export async function readLease(table: Table, run: LeasedRun, strand: string): Promise<Lease | undefined> {
  const item = await table.get(keys.lease(run, strand))
  return item && unpackLease(item, false)
}

async function updateLease(
  table: Table,
  request: ReleaseRequest,
  expression: ExpressionBuilder,
): Promise<Lease> {
  const { done, item } = await table.update(keys.lease(request, request.strand), expression.build())
  // The holder asks again where the answer to its first request was lost.
  return unpackLease(item ?? {}, (done || item?.['k'] === request.token) && Number(item?.['u']) > 0)
}

function unpackLease(item: Item, held: boolean): Lease {
  const attempt = Number(item['n'] ?? 0)
  const lost = Math.max(0, attempt - 1 - Number(item['g'] ?? 0))
  const isAlone = item['s'] !== undefined && item['s'] === item['k']
  const lostAlone = Math.max(0, Number(item['a'] ?? 0) - (isAlone ? 1 : 0))
  const until = Number(item['u'] ?? 0)
  const ended =
    item['e'] === undefined ? {} : { ended: { print: item['e'] as string, times: Number(item['m']) } }
  return { held, attempt, lost, lostAlone, until, ...ended }
}

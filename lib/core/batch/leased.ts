/** Work on items under a lease, or without one: it saves double work and decides nothing. */
import { type Disposition, ACKNOWLEDGE } from '../execution/disposition.ts'
import { heldByAnother } from '../execution/held-lease.ts'
import type { Held } from '../execution/holder.ts'
import { persistent } from '../execution/persist.ts'
import type { Invocation } from '../execution/services.ts'
import { holderOf } from '../execution/without-lease.ts'
import type { BatchUnderWay } from './under-way.ts'

/** The lease of whoever works on an item, or on those of a message; without one what stands in its place. */
export interface Leased extends Held {
  /** When the message was sent. */
  readonly sentAt: number | undefined
  /** Aborted when a successor took the lease over. */
  readonly signal: AbortSignal
}

export async function underLease(
  given: BatchUnderWay,
  { strand, what }: { readonly strand: string; readonly what: string },
  invocation: Invocation,
  work: (underWay: BatchUnderWay, leased: Leased) => Promise<void>,
): Promise<Disposition> {
  const { run, key } = given
  const { sentAt } = invocation
  const holder = holderOf(given.services, run, strand, invocation)
  // Crash before: nothing happened. After: nobody works on it until the lease is over, then a redelivery.
  const begun = await holder.begin(`${what} of ${key} of run '${run.runId}'`)
  if (begun.kind === 'retry') return begun
  const { lease } = begun
  const services = persistent(given.services, { ...invocation, signal: holder.signal })
  try {
    const working = work({ ...given, services }, { ...lease, sentAt, signal: holder.signal })
    const result = await holder.unlessGivenUp(working.then(() => ACKNOWLEDGE))
    if (result.kind === 'retry') return result
    return holder.signal.aborted ? heldByAnother(services, lease, `${what} of ${key}`) : ACKNOWLEDGE
  } catch (error) {
    // So that the redelivery need not wait for the lease to end.
    await holder.release()
    throw error
  } finally {
    holder.stop()
  }
}

/** Leases in this process's memory: the twin of `leases.ts`. */
import type { Lease, LeasedRun, LeaseEnd, LeaseRequest, ReleaseRequest } from './run-store.ts'
import { keys } from './schema.ts'

export class MemoryLeases {
  readonly #leases = new Map<string, HeldLease>()

  take({ token, now, until, ...of }: LeaseRequest): Lease {
    const id = placeOf(of, of.strand)
    const there = this.#leases.get(id)
    if (there && there.until >= now) return toLease(there, there.token === token)
    const { attempt, released, alone, ended } = there ?? { attempt: 0, released: 0, alone: 0 }
    const lease = { attempt: attempt + 1, released, alone, until, token, isAlone: false, ended }
    this.#leases.set(id, lease)
    return toLease(lease, true)
  }

  renew({ token, until, ...of }: LeaseRequest): Lease {
    const there = this.#leases.get(placeOf(of, of.strand))
    const isOurs = there?.token === token && there.until > 0
    if (isOurs) there.until = until
    return toLease(there, isOurs)
  }

  holdAlone({ token, until, ...of }: LeaseRequest): Lease {
    const there = this.#leases.get(placeOf(of, of.strand))
    const isOurs = there?.token === token && there.until > 0
    if (isOurs && !there.isAlone) {
      there.until = until
      there.isAlone = true
      there.alone++
    }
    return toLease(there, isOurs)
  }

  release({ token, ended, ...of }: ReleaseRequest): void {
    const there = this.#leases.get(placeOf(of, of.strand))
    if (there?.token !== token || there.until === 0) return
    there.until = 0
    there.released++
    there.ended = ended ?? there.ended
    if (there.isAlone) there.alone--
    there.isAlone = false
  }

  revoke(run: LeasedRun, strand: string): void {
    const there = this.#leases.get(placeOf(run, strand))
    if (!there) return
    there.until = 0
    there.released = there.attempt
    there.alone = 0
    there.isAlone = false
    there.ended = undefined
  }

  read(run: LeasedRun, strand: string): Lease | undefined {
    const there = this.#leases.get(placeOf(run, strand))
    return there && toLease(there, false)
  }
}

/** The same places as in the table, so that whoever looks at another finds nothing. */
function placeOf(run: LeasedRun, strand: string): string {
  const { pk, sk } = keys.lease(run, strand)
  return `${pk} ${sk}`
}

interface HeldLease {
  readonly attempt: number
  readonly token: string
  until: number
  released: number
  /** Leases held alone and not given back, and whether this one is among them. */
  alone: number
  isAlone: boolean
  ended?: LeaseEnd
}

function toLease(there: HeldLease | undefined, held: boolean): Lease {
  const { attempt = 0, until = 0, released = 0, alone = 0, isAlone = false, ended } = there ?? {}
  const lost = Math.max(0, attempt - 1 - released)
  return { held, attempt, until, lost, lostAlone: isAlone ? alone - 1 : alone, ...(ended ? { ended } : {}) }
}

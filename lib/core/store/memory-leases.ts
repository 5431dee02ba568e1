/** Leases in this process's memory: the twin of `leases.ts`. */
import type { Lease, LeaseEnd, LeaseRequest, ReleaseRequest } from './run-store.ts'

export class MemoryLeases {
  readonly #leases = new Map<string, HeldLease>()

  take({ runId, strand, token, now, until }: LeaseRequest): Lease {
    const id = `${runId} ${strand}`
    const there = this.#leases.get(id)
    if (there && there.until >= now) return toLease(there, there.token === token)
    const { attempt, released, alone, ended } = there ?? { attempt: 0, released: 0, alone: 0 }
    const lease = { attempt: attempt + 1, released, alone, until, token, isAlone: false, ended }
    this.#leases.set(id, lease)
    return toLease(lease, true)
  }

  renew({ runId, strand, token, until }: LeaseRequest): Lease {
    const there = this.#leases.get(`${runId} ${strand}`)
    const isOurs = there?.token === token && there.until > 0
    if (isOurs) there.until = until
    return toLease(there, isOurs)
  }

  holdAlone({ runId, strand, token, until }: LeaseRequest): Lease {
    const there = this.#leases.get(`${runId} ${strand}`)
    const isOurs = there?.token === token && there.until > 0
    if (isOurs && !there.isAlone) {
      there.until = until
      there.isAlone = true
      there.alone++
    }
    return toLease(there, isOurs)
  }

  release({ runId, strand, token, ended }: ReleaseRequest): void {
    const there = this.#leases.get(`${runId} ${strand}`)
    if (there?.token !== token || there.until === 0) return
    there.until = 0
    there.released++
    there.ended = ended ?? there.ended
    if (there.isAlone) there.alone--
    there.isAlone = false
  }

  revoke(runId: string, strand: string): void {
    const there = this.#leases.get(`${runId} ${strand}`)
    if (!there) return
    there.until = 0
    there.released = there.attempt
    there.alone = 0
    there.isAlone = false
    there.ended = undefined
  }

  read(runId: string, strand: string): Lease | undefined {
    const there = this.#leases.get(`${runId} ${strand}`)
    return there && toLease(there, false)
  }
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

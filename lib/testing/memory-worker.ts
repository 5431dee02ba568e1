/** Feeds the protocol from a queue in memory, as event source mapping, worker function and sweep do on AWS. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as timersRun } from 'node:timers/promises'
import type { Services } from '../core/execution/services.ts'
import { formatJob } from '../core/queue/job.ts'
import { sweep } from '../core/run/sweep.ts'
import type { RunStore } from '../core/store/run-store.ts'
import { handleMessage } from '../core/worker/handle-message.ts'
import { processJob } from '../core/worker/process-job.ts'
import type { MemoryDeadLetters } from './memory-dead-letters.ts'
import type { MemoryMessage, MemoryQueue } from './memory-queue.ts'
import { randomOf } from './random.ts'
import { SideBySide } from './side-by-side.ts'

/** How the worker of a `TestService` works. */
export interface WorkOptions {
  /** Time an invocation may take, in milliseconds by the test's clock. @default 30000 */
  readonly invocationMs?: number
  /** Whether a chain goes on in the same invocation. @default true */
  readonly inline?: boolean
  /**
   * In which order messages that are there together are received, and nodes that run at the same time end. 'sent': that
   * in which the messages were sent, the same each time. 'random': any that AWS may choose, by `seed`. @default 'sent'
   */
  readonly order?: 'sent' | 'random'
  /** Decides a random order, the same for the same seed. @default 1 */
  readonly seed?: number
}

export interface WorkerParts extends WorkOptions {
  readonly services: Services
  readonly queue: MemoryQueue
  readonly deadLetters: MemoryDeadLetters
  /** The test's clock, in milliseconds since the epoch. */
  readonly clock: { now: number }
}

/** As the constructs' queue: a dead worker's message comes back so long after the time that its invocation had. */
const VISIBILITY_MARGIN_MS = 10_000
/** As the constructs' queue: received more often, a message goes to the dead-letter queue. */
const RECEIVES_AT_MOST = 100
const INVOCATION_MS = 30_000
/** Of whose nodes this is the code. One for all workers: every storage costs each promise of the process. */
const inNodesOf = new AsyncLocalStorage<ReadonlySet<object>>()

/** Messages worked on at a time: Lambda's default concurrency of an account. */
const CONCURRENCY = 1_000

export class MemoryWorker {
  readonly #parts: WorkerParts
  readonly #random: (limit: number) => number
  readonly #inFlight = new Set<MemoryMessage>()
  /** Set in whatever a node calls. */
  #settling: Promise<void> | undefined

  constructor(parts: WorkerParts) {
    this.#parts = parts
    this.#random = randomOf(parts.seed ?? 1)
  }

  /**
   * Works on messages until none is left, letting time pass where all that is left comes later; not past `until`, in
   * milliseconds since the epoch.
   */
  async settle(until = Infinity): Promise<void> {
    // A node that runs something by this service must not wait for its own end.
    if (inNodesOf.getStore()?.has(this)) return this.#settle(until)
    while (this.#settling) await this.#settling
    this.#settling = this.#settle(until).finally(() => (this.#settling = undefined))
    return this.#settling
  }

  async #settle(until: number): Promise<void> {
    const { services, deadLetters, clock } = this.#parts
    const side = new SideBySide(services.store, (message, store) => this.#process(message, store))
    for (;;) {
      // Lets the process's own timers run: a test runner's timeout ends a test of a flow that never ends.
      await timersRun()
      await side.quiet()
      if ((await this.#go(side)) || side.size > 0) continue
      const next = await this.#next()
      if (next === undefined) return
      if (next > until) {
        clock.now = Math.max(clock.now, until)
        return
      }
      clock.now = Math.max(clock.now, next)
      await sweep({ ...services, deadLetters })
    }
  }

  /** Receives messages, or lets some that are worked on commit. False where there are none. */
  async #go(side: SideBySide): Promise<boolean> {
    const visible = this.#parts.queue.visible().slice(0, CONCURRENCY - side.size)
    const begins = visible.map((message) => async () => this.#receive(side, message))
    const holding = side.holding()
    if (this.#parts.order === 'random') {
      const all = [...begins, ...holding]
      await all[this.#random(all.length)]?.()
      return all.length > 0
    }
    // What is there together begins together, before any of it commits.
    const together = begins.length > 0 ? begins : holding
    for (const one of together) await one()
    return together.length > 0
  }

  #receive(side: SideBySide, message: MemoryMessage): void {
    const { queue, deadLetters, invocationMs = INVOCATION_MS } = this.#parts
    if (message.receives >= RECEIVES_AT_MOST) {
      queue.delete(message)
      deadLetters.move(formatJob(message.job))
    } else {
      queue.receive(message, invocationMs + VISIBILITY_MARGIN_MS)
      this.#inFlight.add(message)
      inNodesOf.run(new Set([...(inNodesOf.getStore() ?? []), this]), () => side.begin(message))
    }
  }

  /** What the worker function does with a message. */
  async #process(message: MemoryMessage, store: RunStore): Promise<void> {
    const { services, queue, deadLetters, clock, invocationMs = INVOCATION_MS, inline } = this.#parts
    const { job, sentAt, receives } = message
    const end = clock.now + invocationMs
    const deadline = () => (inline === false ? clock.now : end)
    try {
      const result = await handleMessage(
        {
          ...services,
          reject: async (body, error) => {
            services.logger.error('rejected a message', { reason: error.message, ...job })
            await deadLetters.put(body, error.message)
            return true
          },
          work: (parsed) =>
            processJob({ ...services, store }, parsed, { deadline, extendsLease: false, sentAt }),
        },
        { body: formatJob(job), receives },
      )
      if (result.kind === 'acknowledge') queue.delete(message)
      else if (result.afterSeconds !== undefined) message.visibleAt = clock.now + result.afterSeconds * 1000
      await services.history?.flush()
    } finally {
      this.#inFlight.delete(message)
    }
  }

  /** When something is to be done next: a message comes, or the sweep must look at a run or a dead letter, or let runs go. */
  async #next(): Promise<number | undefined> {
    const { services, queue, deadLetters, clock } = this.#parts
    const due = await services.store.due(Infinity)
    const runs = await Promise.all(due.map((id) => services.store.read(id)))
    const letters = deadLetters.hasReturnable ? clock.now : undefined
    const { releases } = await services.store.readPauses({ consistent: true })
    const held = releases.size > 0 ? clock.now : undefined
    const all = [held, queue.nextAt(this.#inFlight), letters, ...runs.map((run) => run?.dueAt)]
    const times = all.filter((time) => time !== undefined)
    return times.length > 0 ? Math.min(...times) : undefined
  }
}

/** The processes of a world: which messages each works on, and what becomes of these. */
import { setImmediate as macrotask } from 'node:timers/promises'
import { isFlowcraftAwsError, messageOf } from '../../lib/core/common/errors.ts'
import type { Disposition } from '../../lib/core/execution/disposition.ts'
import type { Invocation, Services } from '../../lib/core/execution/services.ts'
import { processJob } from '../../lib/core/worker/process-job.ts'
import type { MemoryMessage, MemoryQueue } from '../../lib/testing/index.ts'
import { Host, type HostWorld, type Request, type Timer, Trouble, WORKER } from './host.ts'
import { mutated, type Mutation } from './mutation.ts'
import { BUG } from './names.ts'
import type { Profile } from './profile.ts'
import type { Random } from './random.ts'
import { retrySeconds } from '../../lib/core/queue/redelivery.ts'

const INVOCATION_MS = 30_000
/** Too short an invocation to carry on inline. */
const SHORT_INVOCATION_MS = 4_000
/** A long-lived worker's lease ends so late, unless it is prolonged. */
const LEASE_MS = 45_000
const RETRY_MS = 5_000
/** The redrive policy of the job queue; `lib/constructs/job-queue.ts` has it. */
const RECEIVES_AT_MOST = 100
/** Of the event loop: whoever has not asked for anything by then waits for another task of its process. */
const TURNS_AT_MOST = 1_000

export interface ProcessesOptions {
  readonly world: HostWorld
  readonly profile: Profile
  readonly random: Random
  readonly queue: MemoryQueue
  readonly mutation: Mutation
  readonly trace: string[]
  readonly violations: string[]
}

interface Received {
  readonly message: MemoryMessage
  readonly receipt: number
}

export class Processes {
  readonly #options: ProcessesOptions
  /** How many invocations are long enough to carry on inline. */
  readonly #inline: number
  #hosts: Host[] = []
  #names = 0

  constructor(options: ProcessesOptions) {
    this.#options = options
    this.#inline = options.random.pick([0, 0.5, 1])
  }

  isBusy(kind: string): boolean {
    return this.#hosts.some(({ name, tasks, dead }) => tasks.size > 0 && !dead && name.startsWith(kind))
  }

  /** Requests that may happen now. */
  requests(): { host: Host; request: Request }[] {
    const now = this.#options.world.now()
    return this.#awake().flatMap((host) =>
      host.pending.filter(({ until = 0 }) => until <= now).map((request) => ({ host, request })),
    )
  }

  /** Timers that are due. */
  timers(): { host: Host; timer: Timer }[] {
    const now = this.#options.world.now()
    return this.#awake().flatMap((host) =>
      [...host.timers].filter(({ at }) => at <= now).map((timer) => ({ host, timer })),
    )
  }

  expire(host: Host, timer: Timer): void {
    if (timer.everyMs === undefined) host.timers.delete(timer)
    else timer.at = this.#options.world.now() + timer.everyMs
    timer.run()
  }

  /** When requests that cannot happen now may, and timers are due. */
  times(): number[] {
    return this.#hosts
      .filter(({ dead }) => !dead)
      .flatMap((host) => [
        ...host.pending.map(({ until = 0 }) => Math.max(until, host.frozenUntil)),
        ...[...host.timers].map(({ at }) => Math.max(at, host.frozenUntil)),
      ])
  }

  /** Whether some process may get a message. */
  get hasRoom(): boolean {
    const { workers } = this.#options.profile
    const busy = this.#hosts.filter(({ dead, tasks }) => !dead && tasks.size > 0)
    return busy.length < workers || this.#roomy() !== undefined
  }

  receive(): void {
    const { profile, queue, random } = this.#options
    const visible = queue.visible()
    const count = profile.together?.as === 'batch' ? 1 + random.below(profile.together.atMost) : 1
    const messages = Array.from({ length: Math.min(count, visible.length) }, (): Received => {
      const [message] = visible.splice(random.below(visible.length), 1) as [MemoryMessage]
      queue.receive(message, profile.visibilityMs)
      if (profile.weather && message.receives > RECEIVES_AT_MOST)
        this.#options.violations.push('G4: SQS gives up a message that was received too often')
      return { message, receipt: message.receives }
    })
    const [first] = messages as [Received]
    const host = this.#roomy() ?? this.#idle(WORKER)
    if (!profile.together) void this.#occupy(host, () => this.#workOn(host, first))
    else if (profile.together.as === 'slots') void this.#workBeside(host, first)
    else void this.#workOnBatch(host, messages)
  }

  /** Lets a process of this kind do this. */
  employ(kind: string, work: (services: Services) => Promise<void>): void {
    const host = this.#idle(kind)
    void this.#occupy(host, () => work(mutated(host.services, this.#options.mutation)))
  }

  /** Every worker that is at something stands still until then; what they asked for has happened, or not. */
  async freeze(until: number): Promise<void> {
    for (const host of this.#hosts) {
      if (host.dead || host.tasks.size === 0 || !host.name.startsWith(WORKER)) continue
      host.frozenUntil = until
      for (const request of host.pending.filter(({ isCode, answered }) => !isCode && !answered)) {
        if (!this.#options.random.chance(0.5)) continue
        const answer = await request.apply()
        host.drop(request)
        host.put({ ...request, answered: true, apply: async () => answer })
      }
    }
  }

  /** Lets every process run until all that it is at waits for requests. */
  async quiet(): Promise<void> {
    let turns = 0
    do await macrotask()
    while (this.#hosts.some((host) => isRunning(host, ++turns > TURNS_AT_MOST)))
    this.#hosts = this.#hosts.filter(({ dead }) => !dead)
  }

  #awake(): Host[] {
    const now = this.#options.world.now()
    return this.#hosts.filter(({ dead, frozenUntil }) => !dead && frozenUntil <= now)
  }

  /** A long-lived worker that is at something and has a free slot. */
  #roomy(): Host | undefined {
    const { profile, random } = this.#options
    const { as, atMost } = profile.together ?? { as: 'batch', atMost: 1 }
    if (as === 'batch') return undefined
    const roomy = this.#awake().filter(
      ({ name, tasks, services }) =>
        name.startsWith(WORKER) && tasks.size > 0 && tasks.size < atMost && !services.isolation.isClosed,
    )
    return roomy.length > 0 ? random.pick(roomy) : undefined
  }

  #idle(kind: string): Host {
    const { world, random, profile } = this.#options
    const found = this.#hosts.find(({ name, tasks }) => tasks.size === 0 && name.startsWith(kind))
    if (found) return found
    const { skewMs = 1_000 } = profile
    const skew = random.below(2 * skewMs + 1) - skewMs
    const host = new Host(`${kind}${++this.#names}`, world, skew)
    this.#hosts.push(host)
    return host
  }

  async #occupy(host: Host, work: () => Promise<void>): Promise<void> {
    try {
      await host.work({ shared: false }, work)
    } catch (error) {
      if (!isTrouble(error)) this.#options.violations.push(`${host.name} threw ${messageOf(error)}`)
    }
  }

  async #workOn(host: Host, received: Received): Promise<void> {
    const result = await this.#process(host, host.name, received, this.#invocation(host))
    await host.request('acknowledge', async () => this.#dispose(received, result))
  }

  async #workBeside(host: Host, received: Received): Promise<void> {
    const invocation = { deadline: () => host.services.now() + LEASE_MS, extendsLease: true }
    await host.work({ shared: true, job: received.message.job }, async ({ name }) => {
      const result = await this.#process(host, name, received, invocation)
      await acknowledged(host, async () => this.#dispose(received, result))
    })
  }

  /** A message that is done is deleted with the answer for all; one that is not says at once when it comes back. */
  async #workOnBatch(host: Host, batch: readonly Received[]): Promise<void> {
    const invocation = this.#invocation(host)
    await host.work({ shared: true }, async (invoked) => {
      invoked.waitsForOthers = true
      // All of them before the first begins, as the worker's handler does.
      const placed = batch.map((received) => {
        const isRedelivered = received.receipt > 1
        const place = host.services.isolation.arrive({ until: invocation.deadline, isRedelivered })
        return { received, place }
      })
      const results = await Promise.all(
        placed.map(({ received, place }) =>
          host.work({ shared: true, job: received.message.job }, async ({ name }) => {
            const result = await this.#process(host, name, received, { ...invocation, place })
            if (result.kind === 'retry' && result.afterSeconds !== undefined) {
              await acknowledged(host, async () => this.#dispose(received, result))
            }
            place.leave()
            return result
          }),
        ),
      )
      invoked.waitsForOthers = false
      await acknowledged(host, async () => {
        for (const [at, received] of batch.entries()) {
          const result = results[at] as Disposition
          if (result.kind === 'acknowledge') this.#dispose(received, result)
        }
      })
    })
  }

  #invocation(host: Host): Invocation {
    const { random, profile } = this.#options
    const length = random.chance(this.#inline) || profile.passes ? INVOCATION_MS : SHORT_INVOCATION_MS
    const end = host.services.now() + length
    return { deadline: () => end, extendsLease: false }
  }

  async #process(
    host: Host,
    name: string,
    { message, receipt }: Received,
    invocation: Invocation,
  ): Promise<Disposition> {
    const { world, mutation, trace, violations } = this.#options
    const { nodeId, iteration } = message.job
    const note = (what: string) => trace.push(`${world.now() % 1e7} ${name} ${what}`)
    note(`receives ${nodeId}.${iteration} (${receipt})`)
    let result: Disposition
    try {
      const isFirst = receipt === 1
      result = await processJob(mutated(host.services, mutation), message.job, { ...invocation, isFirst })
      await host.services.history?.flush()
    } catch (error) {
      if (!(error instanceof Trouble) && !messageOf(error).startsWith(BUG)) {
        const code = isFlowcraftAwsError(error) ? `${error.code}: ` : ''
        violations.push(`a job of ${nodeId} threw ${code}${messageOf(error)}`)
      }
      result = { kind: 'retry', reason: 'trouble', afterSeconds: this.#retrySeconds(receipt) }
    }
    note(`is done with ${nodeId}: ${result.kind}`)
    return result
  }

  /** As `handleMessage` says it; the others go by seeds of before that. */
  #retrySeconds(receives: number): number {
    const { profile, random } = this.#options
    return profile.weather ? retrySeconds(receives, () => random.next()) : RETRY_MS / 1000
  }

  #dispose({ message, receipt }: Received, result: Disposition): void {
    const { world, queue, random, mutation } = this.#options
    const isZombie = result.kind === 'retry' && result.reason.startsWith('a successor')
    const isCurrent = message.receives === receipt
    if (result.kind === 'acknowledge' || (isZombie && mutation.zombieAcknowledges)) {
      // An old receipt handle may or may not delete the message.
      if (isCurrent || random.chance(0.5)) queue.delete(message)
    } else if (result.afterSeconds !== undefined && isCurrent) {
      message.visibleAt = world.now() + result.afterSeconds * 1000
    }
  }
}

/** Whether something that it is at does not wait for a request; after a while, for others of its tasks or a timer. */
function isRunning({ dead, tasks, timers }: Host, isLate: boolean): boolean {
  const own = [...tasks].filter(({ waitsForOthers }) => !waitsForOthers)
  if (dead || own.every(({ open }) => open > 0)) return false
  return !isLate || (timers.size === 0 && own.every(({ open }) => open === 0))
}

/** Where an answer to the queue is lost, the message comes back, and nobody tries again. */
async function acknowledged(host: Host, dispose: () => Promise<void>): Promise<void> {
  try {
    await host.request('acknowledge', dispose)
  } catch (error) {
    if (!(error instanceof Trouble)) throw error
  }
}

/** Trouble itself, or what the sweep throws when it met some with every run that it could not do. */
function isTrouble(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isTrouble)
  return error instanceof Trouble || (error instanceof Error && error.cause instanceof Trouble)
}

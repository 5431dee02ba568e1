/**
 * A world in which runs are worked on: a queue, a store, workers, a clock, and a scheduler that lets one request
 * happen at a time, in an order and with faults that a seed decides. The same seed gives the same run.
 */
import { setImmediate as macrotask } from 'node:timers/promises'
import { isFlowcraftAwsError, messageOf } from '../../lib/adapter/errors.ts'
import { RunGraph } from '../../lib/adapter/graph.ts'
import { processJob } from '../../lib/adapter/message.ts'
import type { Job } from '../../lib/adapter/queue/job.ts'
import { reconcileRun } from '../../lib/adapter/reconcile.ts'
import { isOver, parseActivationKey, timeOf } from '../../lib/adapter/run-state.ts'
import type { Disposition, Services } from '../../lib/adapter/services.ts'
import { type MemoryMessage, MemoryQueue } from '../../lib/testing/index.ts'
import type { Setup } from '../conformance/case.ts'
import { Counts } from '../conformance/outcome.ts'
import { type Delivery, Host, type HostWorld, Trouble } from './host.ts'
import { mutated, type Mutation } from './mutation.ts'
import { RUN_ID } from './names.ts'
import { Network } from './network.ts'
import { ObservedStore } from './observed-store.ts'
import { Outside } from './outside.ts'
import type { FaultPlan, FaultPoint, Profile } from './profile.ts'
import type { Random } from './random.ts'

export interface WorldOptions {
  readonly setup: Setup
  readonly profile: Profile
  readonly random: Random
  readonly plan: FaultPlan
  readonly mutation?: Mutation
}

const INVOCATION_MS = 30_000
/** Too short an invocation to carry on inline. */
const SHORT_INVOCATION_MS = 4_000
const RETRY_MS = 5_000
/** Longer than the run has taken by then, mostly. */
const DELAYED_MS = 70_000
const STEPS_AT_MOST = 20_000
const SWEEPS_AT_MOST = 60
/** The queue, the sweep's schedule and the clocks of hosts are not more exact than this, together. */
const TIMER_LATE_MS = 15_000
/** Nor do faults delay a timer by more, unless messages are lost. */
const FAULTY_TIMER_LATE_MS = 3_600_000

export class World implements HostWorld {
  readonly setup: Setup
  readonly counts = new Counts()
  readonly store: ObservedStore
  readonly queue: MemoryQueue
  readonly trace: string[] = []
  readonly violations: string[] = []
  readonly tells: boolean
  tellings = 0
  /** Messages that were sent. */
  messages = 0
  readonly #profile: Profile
  readonly #random: Random
  readonly #network: Network
  readonly #mutation: Mutation
  readonly #inline: number
  readonly #outside: Outside
  readonly #graph: RunGraph
  #hosts: Host[] = []
  #tokens = 0
  #names = 0
  #clock = Date.UTC(2026, 0, 1)

  constructor({ setup, profile, random, plan, mutation = {} }: WorldOptions) {
    this.setup = setup
    this.#profile = profile
    this.#random = random
    this.#mutation = mutation
    this.#graph = new RunGraph(setup.blueprint)
    this.store = new ObservedStore(this.#graph, mutation)
    this.queue = new MemoryQueue(() => this.#clock)
    this.tells = random.chance(0.5)
    this.#network = new Network({ random, plan, now: () => this.#clock, trace: this.trace })
    this.#inline = random.pick([0, 0.5, 1])
    this.#outside = new Outside({
      setup,
      graph: this.#graph,
      profile,
      random,
      store: this.store,
      now: () => this.#clock,
      employ: (kind, work) => this.#employ(kind, work),
      isBusy: (kind) => this.#hosts.some(({ name, busy, dead }) => busy && !dead && name.startsWith(kind)),
    })
  }

  now(): number {
    return this.#clock
  }

  newToken(): string {
    return `t${++this.#tokens}`
  }

  told(): void {
    this.tellings++
  }

  partOf(count: number): number {
    return this.#random.below(count + 1)
  }

  put(job: Job, delayMs: number, delivery?: Delivery): void {
    if (this.#random.chance(this.#profile.losses ?? 0)) return
    const late = () => (this.#random.chance(this.#profile.delays) ? this.#random.below(2_000) : 0)
    const delay = () => delayMs + late() + (delivery === 'delayed' ? DELAYED_MS : 0)
    this.queue.put(job, delay())
    if (delivery === 'twice' || this.#random.chance(this.#profile.duplicates)) this.queue.put(job, delay())
    this.messages++
  }

  /** G1: nobody runs a node of which they were told that it has ended. */
  ran({ name, seen }: Host, nodeId: string): void {
    const run = seen.get(RUN_ID)
    const node = this.#graph.find(nodeId)
    if (!run || node === undefined || run.graph !== this.#graph.fingerprint) return
    if ([...run.active.keys()].some((key) => parseActivationKey(key).node === node)) return
    this.violations.push(`G1: ${name} runs ${nodeId} though it was told that it has ended`)
  }

  /** What met a fault, or might have. */
  get points(): readonly FaultPoint[] {
    return this.#network.points
  }

  /** Until nothing is left to happen. */
  async run(): Promise<void> {
    let sweeps = 0
    for (let step = 0; step < STEPS_AT_MOST; step++) {
      if (await this.#step()) continue
      const run = await this.store.read(RUN_ID)
      if (run && isOver(run) && !run.outbox) return
      if (!this.#profile.sweep || ++sweeps > SWEEPS_AT_MOST) {
        const state =
          run && `active ${[...run.active.keys()]}, pending ${[...run.pending]}, outbox ${run.outbox}`
        this.violations.push(`G4: nothing left to do, but the run is ${run?.status}: ${state}`)
        return
      }
      this.#clock += INVOCATION_MS + 5_000
      this.#employ('sweep', async (services) => void (await reconcileRun(services, RUN_ID)))
    }
    this.violations.push(`G4: no end after ${STEPS_AT_MOST} steps`)
  }

  async #step(): Promise<boolean> {
    const actions = [...this.#possible(), ...(await this.#outside.actions())]
    if (!this.#profile.losses) await this.#checkTimers()
    if (actions.length === 0) return this.#skipTime(await this.store.nextDue())
    this.#clock += this.#random.below(4)
    await this.#random.pick(actions)()
    await this.#quiet()
    return true
  }

  /** G4: no timer is forgotten until something else brings the sweep. */
  async #checkTimers(): Promise<void> {
    const late = this.#profile.faultsAtMost === 0 ? TIMER_LATE_MS : FAULTY_TIMER_LATE_MS
    const run = await this.store.read(RUN_ID)
    for (const [key, { wait }] of run?.active ?? []) {
      const at = timeOf(wait)
      if (at === undefined || this.#clock - at < late) continue
      this.violations.push(`G4: the timer of ${key} is late`)
    }
  }

  #possible(): (() => Promise<void> | void)[] {
    const actions: (() => Promise<void> | void)[] = []
    let busy = 0
    for (const host of this.#hosts) {
      if (host.dead) continue
      if (host.busy) busy++
      if (host.frozenUntil > this.#clock) continue
      for (const request of host.pending) actions.push(() => this.#network.serve(host, request))
    }
    actions.push(...this.#network.due())
    if (busy < this.#profile.workers && this.queue.visible().length > 0) {
      actions.push(() => this.#receive())
      actions.push(() => this.#receive())
    }
    return actions
  }

  #skipTime(dueAt: number | undefined): boolean {
    const times = [
      ...this.#hosts
        .filter(({ dead, pending }) => !dead && pending.length > 0)
        .map((host) => host.frozenUntil),
      ...this.#network.times(),
      this.queue.nextAt() ?? 0,
      dueAt === undefined ? 0 : Math.max(dueAt, this.#outside.nextSweep),
    ]
    // What is due already waits for a worker, and all of them stand still.
    const next = Math.min(...times.filter((time) => time > this.#clock))
    if (next === Infinity) return false
    this.#clock = next
    return true
  }

  /** Lets every process run until it waits for a request. */
  async #quiet(): Promise<void> {
    do await macrotask()
    while (this.#hosts.some((host) => host.busy && !host.dead && host.pending.length === 0))
    this.#hosts = this.#hosts.filter(({ dead }) => !dead)
  }

  #employ(kind: string, work: (services: Services, host: Host) => Promise<void>): void {
    let host = this.#hosts.find((other) => !other.busy && other.name.startsWith(kind))
    if (!host) {
      const skew = this.#random.below(2_001) - 1_000
      host = new Host(`${kind}${++this.#names}`, this, skew)
      this.#hosts.push(host)
    }
    void this.#occupy(host, work)
  }

  async #occupy(host: Host, work: (services: Services, host: Host) => Promise<void>): Promise<void> {
    host.busy = true
    host.seen.clear()
    try {
      await work(mutated(host.services, this.#mutation), host)
    } catch (error) {
      if (!isTrouble(error)) this.violations.push(`${host.name} threw ${messageOf(error)}`)
    } finally {
      host.busy = false
    }
  }

  #receive(): void {
    const message = this.#random.pick(this.queue.visible())
    this.queue.receive(message, this.#profile.visibilityMs)
    const receipt = message.receives
    this.#employ('worker', (services, host) => this.#work(services, host, message, receipt))
  }

  async #work(services: Services, host: Host, message: MemoryMessage, receipt: number): Promise<void> {
    const length = this.#random.chance(this.#inline) ? INVOCATION_MS : SHORT_INVOCATION_MS
    const end = host.services.now() + length
    const { nodeId, iteration } = message.job
    this.trace.push(`${this.#clock % 1e7} ${host.name} receives ${nodeId}.${iteration} (${receipt})`)
    let result: Disposition
    try {
      result = await processJob(services, message.job, { deadline: () => end, renews: false })
    } catch (error) {
      if (!(error instanceof Trouble)) {
        const code = isFlowcraftAwsError(error) ? `${error.code}: ` : ''
        this.violations.push(`a job of ${nodeId} threw ${code}${messageOf(error)}`)
      }
      result = { kind: 'left', reason: 'trouble', seconds: RETRY_MS / 1000 }
    }
    this.trace.push(`${this.#clock % 1e7} ${host.name} is done with ${nodeId}: ${result.kind}`)
    await host.request('acknowledge', async () => this.#dispose(message, receipt, result))
  }

  #dispose(message: MemoryMessage, receipt: number, result: Disposition): void {
    const isZombie = result.kind === 'left' && result.reason.startsWith('a successor')
    const current = message.receives === receipt
    if (result.kind === 'done' || (isZombie && this.#mutation.zombieAcknowledges)) {
      // An old receipt handle may or may not delete the message.
      if (current || this.#random.chance(0.5)) this.queue.delete(message)
    } else if (result.seconds !== undefined && current) {
      message.visibleAt = this.#clock + result.seconds * 1000
    }
  }
}

/** Trouble itself, or what the sweep throws when it met some with every run that it could not do. */
function isTrouble(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isTrouble)
  return error instanceof Trouble || (error instanceof Error && error.cause instanceof Trouble)
}

/**
 * A world in which runs are worked on: a queue, a store, workers, a clock, and a scheduler that lets one request
 * happen at a time, in an order and with faults that a seed decides. The same seed gives the same run.
 */
import { setImmediate as macrotask } from 'node:timers/promises'
import { isFlowcraftAwsError, messageOf } from '../../lib/adapter/errors.ts'
import { RunGraph } from '../../lib/adapter/graph.ts'
import { processJob } from '../../lib/adapter/message.ts'
import { sendJobs } from '../../lib/adapter/outgoing.ts'
import type { Job } from '../../lib/adapter/queue/job.ts'
import { reconcileRun } from '../../lib/adapter/reconcile.ts'
import { isOver, START } from '../../lib/adapter/run-state.ts'
import type { Disposition, Services } from '../../lib/adapter/services.ts'
import { sweep } from '../../lib/adapter/sweep.ts'
import { putRun } from '../../lib/adapter/start.ts'
import { type MemoryMessage, MemoryQueue } from '../../lib/testing/index.ts'
import type { Setup } from '../conformance/case.ts'
import { Counts } from '../conformance/outcome.ts'
import { Events } from './events.ts'
import { Host, type HostWorld, Trouble } from './host.ts'
import { mutated, type Mutation } from './mutation.ts'
import { RUN_ID } from './names.ts'
import { Network } from './network.ts'
import { ObservedStore } from './observed-store.ts'
import type { FaultPlan, Profile } from './profile.ts'
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
const STEPS_AT_MOST = 20_000
const SWEEPS_AT_MOST = 60

export class World implements HostWorld {
  readonly setup: Setup
  readonly counts = new Counts()
  readonly store: ObservedStore
  readonly queue: MemoryQueue
  readonly trace: string[] = []
  readonly violations: string[] = []
  readonly tells: boolean
  tellings = 0
  readonly #profile: Profile
  readonly #random: Random
  readonly #network: Network
  readonly #mutation: Mutation
  readonly #inline: number
  readonly #events: Events
  #hosts: Host[] = []
  #started = false
  #tokens = 0
  #names = 0
  #clock = Date.UTC(2026, 0, 1)

  constructor({ setup, profile, random, plan, mutation = {} }: WorldOptions) {
    this.setup = setup
    this.#profile = profile
    this.#random = random
    this.#mutation = mutation
    this.store = new ObservedStore(new RunGraph(setup.blueprint), mutation)
    this.queue = new MemoryQueue(() => this.#clock)
    this.tells = random.chance(0.5)
    this.#network = new Network({ random, plan, now: () => this.#clock, trace: this.trace })
    this.#inline = random.pick([0, 0.5, 1])
    this.#events = new Events(this.store, RUN_ID, setup)
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

  put(job: Job, delayMs: number): void {
    if (this.#random.chance(this.#profile.losses ?? 0)) return
    const late = () => (this.#random.chance(this.#profile.delays) ? this.#random.below(2_000) : 0)
    const delay = () => delayMs + late()
    this.queue.put(job, delay())
    if (this.#random.chance(this.#profile.duplicates)) this.queue.put(job, delay())
  }

  /** Requests so far. */
  get requests(): number {
    return this.#network.requests
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
      this.#employ('sweep', async ({ services }) => void (await reconcileRun(services, RUN_ID)))
    }
    this.violations.push(`G4: no end after ${STEPS_AT_MOST} steps`)
  }

  async #step(): Promise<boolean> {
    const actions = [...this.#possible(), ...(await this.#fromOutside())]
    if (actions.length === 0) return this.#skipTime(await this.store.nextDue())
    this.#clock += this.#random.below(4)
    await this.#random.pick(actions)()
    await this.#quiet()
    return true
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
    if (!this.#started && !this.#isStarting()) actions.push(() => this.#start())
    if (busy < this.#profile.workers && this.queue.visible().length > 0) {
      actions.push(() => this.#receive())
      actions.push(() => this.#receive())
    }
    return actions
  }

  /** Events for nodes that wait, and the sweep that timers beyond the queue's delay need. */
  async #fromOutside(): Promise<(() => void)[]> {
    const actions: (() => void)[] = []
    const isBusy = (kind: string) =>
      this.#hosts.some(({ name, busy, dead }) => busy && !dead && name.startsWith(kind))
    const event = isBusy('resumer') ? undefined : await this.#events.next()
    if (event)
      actions.push(() => this.#employ('resumer', ({ services }) => this.#events.give(services, event)))
    if (!isBusy('timer') && (await this.store.due(this.#clock)).length > 0) {
      actions.push(() => this.#employ('timer', async ({ services }) => void (await sweep(services))))
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
      dueAt ?? 0,
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

  #employ(kind: string, work: (host: Host) => Promise<void>): void {
    let host = this.#hosts.find((other) => !other.busy && other.name.startsWith(kind))
    if (!host) {
      const skew = this.#random.below(2_001) - 1_000
      host = new Host(`${kind}${++this.#names}`, this, skew)
      this.#hosts.push(host)
    }
    void this.#occupy(host, work)
  }

  async #occupy(host: Host, work: (host: Host) => Promise<void>): Promise<void> {
    host.busy = true
    try {
      await work(host)
    } catch (error) {
      if (!isTrouble(error)) this.violations.push(`${host.name} threw ${messageOf(error)}`)
    } finally {
      host.busy = false
    }
  }

  /** A caller that starts the run, again and again until it was told that the run is accepted. */
  #start(): void {
    this.#employ('client', async ({ services }) => {
      await this.#startOnce(services)
      this.#started = true
    })
  }

  #isStarting(): boolean {
    return this.#hosts.some(({ name, busy, dead }) => busy && !dead && name.startsWith('client'))
  }

  async #startOnce(services: Services): Promise<void> {
    const { blueprint, input = {} } = this.setup
    const graph = await services.graphs.remember(blueprint.id)
    const { run } = await putRun(services, { runId: RUN_ID, graph, input: structuredClone(input) })
    if (isOver(run)) return
    const first = [...run.active].filter(([, { origin }]) => origin === START).map(([key]) => key)
    await sendJobs(services, graph, run, first)
  }

  #receive(): void {
    const message = this.#random.pick(this.queue.visible())
    this.queue.receive(message, this.#profile.visibilityMs)
    const receipt = message.receives
    this.#employ('worker', (host) => this.#work(host, message, receipt))
  }

  async #work(host: Host, message: MemoryMessage, receipt: number): Promise<void> {
    const length = this.#random.chance(this.#inline) ? INVOCATION_MS : SHORT_INVOCATION_MS
    const end = host.services.now() + length
    const services = mutated(host.services, this.#mutation)
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

/**
 * A world in which runs are worked on: a queue, a store, workers, a clock, and a scheduler that lets one request
 * happen at a time, in an order and with faults that a seed decides. The same seed gives the same run.
 */
import type { ISerializer } from 'flowcraft'
import { LONGEST_DELAY_MS } from '../../lib/core/common/sqs-limits.ts'
import { RunGraph } from '../../lib/core/protocol/run-graph.ts'
import {
  type ActivationKey,
  isOver,
  parseActivationKey,
  type RunState,
  timeOf,
} from '../../lib/core/protocol/run-state.ts'
import { type Job } from '../../lib/core/queue/job.ts'
import { reconcileRun } from '../../lib/core/run/reconcile.ts'
import type { CommitResult } from '../../lib/core/store/run-store.ts'
import { MemoryQueue } from '../../lib/testing/index.ts'
import { ValueStore } from '../../lib/core/values/value-store.ts'
import type { Setup } from '../conformance/case.ts'
import { Counts } from '../conformance/outcome.ts'
import { FAILURE, type Failing } from './failing.ts'
import type { Delivery, HostWorld, Task } from './host.ts'
import type { Mutation } from './mutation.ts'
import { aheadOf } from './ahead.ts'
import { BUG, isMain, RUN_ID } from './names.ts'
import { Network } from './network.ts'
import { ObservedStore } from './observed-store.ts'
import { Outside } from './outside.ts'
import { Processes } from './processes.ts'
import type { FaultPlan, FaultPoint } from './faults.ts'
import type { Profile } from './profile.ts'
import type { Random } from './random.ts'
import { Told } from './told.ts'
import { type Recovery, Weather } from './weather.ts'

export interface WorldOptions {
  readonly setup: Setup
  readonly profile: Profile
  readonly random: Random
  readonly plan: FaultPlan
  readonly mutation?: Mutation
  readonly failing: Failing
}

/** The sweep looks at a run that does not go on by itself. */
const SWEEP_AFTER_MS = 35_000
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
  readonly publishesRunEnds: boolean
  readonly told: Told
  readonly objects?: Map<string, Uint8Array>
  /** Messages that were sent. */
  messages = 0
  readonly #profile: Profile
  readonly #random: Random
  readonly #network: Network
  readonly #processes: Processes
  readonly #outside: Outside
  readonly #graph: RunGraph
  readonly #weather: Weather | undefined
  /** When the timers of suspended activations end, by the world's clock. */
  readonly #timers = new Map<string, { readonly at: number; readonly long: boolean }>()
  /** When a delayed run was begun. */
  #begunAt: number | undefined
  #tokens = 0
  #leases = 0
  /** Commits that are still to end in an error under this lease: that of the node's end, and that of its failure. */
  #bugs = 0
  #signatures = 0
  readonly #failing: Failing
  #steps = 0
  readonly #losesGraphAt: number
  /** Failures that are still to come. */
  #failures: number
  #clock = Date.UTC(2026, 0, 1)

  constructor({ setup, profile, random, plan, mutation = {}, failing }: WorldOptions) {
    this.setup = setup
    this.#failing = failing
    this.#failures = profile.failures ?? 0
    this.#losesGraphAt = profile.losesGraphBy ? random.below(profile.losesGraphBy) : Infinity
    this.#profile = profile
    this.#random = random
    this.#graph = new RunGraph(setup.blueprint)
    this.store = new ObservedStore(this.#graph, mutation, this.#failures > 0 && failing.nodes.size > 0)
    this.queue = new MemoryQueue(() => this.#clock)
    this.publishesRunEnds = random.chance(0.5)
    this.told = new Told(profile.events)
    if (profile.objects) this.objects = new Map()
    this.#weather = profile.weather && new Weather(profile.weather, random)
    const now = () => this.#clock
    this.#network = new Network({ random, plan, weather: this.#weather, now, trace: this.trace })
    const { queue, trace, violations } = this
    const processes = { world: this, profile, random, queue, mutation, trace, violations }
    this.#processes = new Processes(processes)
    this.#outside = new Outside({
      setup,
      graph: this.#graph,
      profile,
      failing,
      random,
      store: this.store,
      told: this.told,
      now: () => this.#clock,
      employ: (kind, work) => this.#processes.employ(kind, work),
      isBusy: (kind) => this.#processes.isBusy(kind),
    })
  }

  now(): number {
    return this.#clock
  }

  newToken(): string {
    return `t${++this.#tokens}`
  }

  newSignature(): string {
    return (++this.#signatures).toString(36)
  }

  partOf(count: number): number {
    return this.#random.below(count + 1)
  }

  put(job: Job, delayMs: number, delivery?: Delivery): void {
    if (this.#random.chance(this.#profile.losses ?? 0)) return
    const late = () => (this.#random.chance(this.#profile.delays) ? this.#random.below(2_000) : 0)
    const withheld = () => this.#weather?.delayMs(this.#clock) ?? 0
    const delay = () => delayMs + late() + withheld() + (delivery === 'delayed' ? DELAYED_MS : 0)
    this.queue.put(job, delay())
    if (delivery === 'twice' || this.#random.chance(this.#profile.duplicates)) this.queue.put(job, delay())
    this.messages++
  }

  /** The values of its runs, for whoever looks at them in the end. */
  valuesBy(serializer: ISerializer): ValueStore {
    const { objects, store } = this
    const get = async (key: string) => objects?.get(key)
    return new ValueStore({ store, serializer, ...(objects && { blobs: { get, put: async () => {} } }) })
  }

  get hasHistory(): boolean {
    return this.#profile.history === true
  }

  get hasKiller(): boolean {
    return this.#profile.killer === true
  }

  bug(request: 'lease' | 'commit'): void {
    const { bugs } = this.#profile
    if (!bugs) return
    if (request === 'lease') {
      this.#leases++
      this.#bugs = bugs === 'same' || this.#leases < 10 ? 2 : 0
    } else if (this.#bugs-- > 0) {
      throw new Error(`${BUG} ${bugs === 'same' ? 'x' : 'xy'[this.#leases % 2]}`)
    }
  }

  get pausesSeenAfterMs(): number {
    return this.#profile.pausesSeenAfterMs ?? Infinity
  }

  get isUnleased(): boolean {
    return this.#profile.unleased === true
  }

  get pausesFailed(): boolean {
    return this.#profile.pausesFailed === true
  }

  get codeMs(): number {
    return this.#profile.codeMs ?? 0
  }

  /** G1: nobody runs a node of which they were told that it has ended. */
  ran({ name, seen, ran }: Task, nodeId: string): void {
    const node = this.#graph.find(nodeId)
    const runs = [...seen].flatMap(([runId, run]) => (isMain(runId) && run.graph !== undefined ? [run] : []))
    if (runs.length === 0 || node === undefined) return
    const [only] = runs
    if (only && runs.length === 1) {
      ran.set(node, only.redrives ?? 0)
      if (only.pausedAt !== undefined)
        this.violations.push(`G1: ${name} runs ${nodeId} of a run that is paused`)
    }
    const keys = runs.flatMap(({ active }) => [...active.keys()])
    const active = keys.map((key) => parseActivationKey(key).node)
    if (active.includes(node) || active.some((one) => aheadOf(this.#graph, one).has(node))) return
    this.violations.push(`G1: ${name} runs ${nodeId} though it was told that it has ended`)
  }

  /** The run that the world is about now. */
  get runId(): string {
    return this.#outside.runId
  }

  get isGraphLost(): boolean {
    return this.#steps >= this.#losesGraphAt
  }

  mayFail(nodeId: string): void {
    if (this.#failures <= 0 || !this.#failing.nodes.has(nodeId) || !this.#random.chance(0.3)) return
    this.#failures--
    throw new Error(FAILURE)
  }

  /** G1: what ran in one life of its run is committed in no other. */
  committed({ name, ran }: Task, runId: string, key: ActivationKey, result: CommitResult): void {
    if (result.committed) this.#weather?.committed(this.#clock)
    if (runId !== RUN_ID || !result.committed) return
    const { node } = parseActivationKey(key)
    const life = ran.get(node)
    ran.delete(node)
    if (life === undefined || life === (result.run.redrives ?? 0)) return
    this.violations.push(`G1: ${name} commits ${key}, which it ran in an earlier life of the run`)
  }

  /** What callers were told that it counts, by node. */
  get promised(): ReadonlyMap<string, unknown> {
    return this.#outside.promised
  }

  /** How long the weather was felt after it had passed; undefined where the run was over before. */
  get recovery(): Recovery | undefined {
    return this.#weather?.recovery
  }

  /** What met a fault, or might have. */
  get points(): readonly FaultPoint[] {
    return this.#network.points
  }

  /** How often work on the run went down with a node of another. */
  get downs(): number {
    return this.#network.downs
  }

  /** Until nothing is left to happen. */
  async run(): Promise<void> {
    let sweeps = 0
    for (; this.#steps < STEPS_AT_MOST; this.#steps++) {
      if (await this.#step()) continue
      const run = await this.store.read(this.runId)
      if (run && isOver(run) && !run.outbox) return
      if (run?.pausedByFailure) return
      if (!this.#profile.sweep || ++sweeps > SWEEPS_AT_MOST) {
        const state =
          run && `active ${[...run.active.keys()]}, pending ${[...run.pending]}, outbox ${run.outbox}`
        this.violations.push(`G4: nothing left to do, but the run is ${run?.status}: ${state}`)
        return
      }
      this.#clock += SWEEP_AFTER_MS
      this.#processes.employ('sweep', async (services) => void (await reconcileRun(services, this.runId)))
    }
    this.violations.push(`G4: no end after ${STEPS_AT_MOST} steps`)
  }

  async #step(): Promise<boolean> {
    const frozen = this.#weather?.look(this.#steps, this.#clock)
    if (frozen) await this.#processes.freeze(frozen.frozenUntil)
    const possible = this.#possible()
    const isIdle = possible.length === 0 && !(await this.#waits())
    const actions = [...possible, ...(await this.#callers(isIdle))]
    if (!this.#profile.losses) await this.#checkTimers()
    if (actions.length === 0) return this.#skipTime(await this.store.nextDue())
    this.#clock += this.#random.below(4)
    await this.#random.pick(actions)()
    await this.#processes.quiet()
    return true
  }

  /** While the weather is bad, whoever calls in vain waits before the next try. */
  async #callers(isIdle: boolean): Promise<(() => void)[]> {
    const weather = this.#weather
    if (!weather) return this.#outside.actions(isIdle)
    if (!weather.mayCall(this.#clock)) return []
    return (await this.#outside.actions(isIdle)).map((call) => () => {
      weather.called(this.#clock)
      call()
    })
  }

  /** Whether something comes later by itself. */
  async #waits(): Promise<boolean> {
    const times = [...this.#processes.times(), ...this.#network.times(), this.queue.nextAt()]
    return times.some((time) => time !== undefined) || (await this.store.nextDue()) !== undefined
  }

  suspended(runId: string, key: ActivationKey, leftMs: number): void {
    this.#timers.set(`${runId} ${key}`, { at: this.#clock + leftMs, long: leftMs > LONGEST_DELAY_MS })
  }

  /** G4: no timer is forgotten until something else brings the sweep, whatever the clocks of hosts say. */
  async #checkTimers(): Promise<void> {
    const { faultsAtMost, skewMs = 0, timerLateMs } = this.#profile
    const late = timerLateMs ?? (faultsAtMost === 0 ? TIMER_LATE_MS : FAULTY_TIMER_LATE_MS)
    const run = await this.store.read(this.runId)
    if (run?.startsAt !== undefined) this.#checkStart(run, run.startsAt, late)
    for (const [key, { wait }] of run?.active ?? []) {
      const timer = timeOf(wait) === undefined ? undefined : this.#timers.get(`${this.runId} ${key}`)
      // The sweep's clock counts too where the queue cannot hold it.
      const allowed = late + (timer?.long ? 2 * skewMs : 0)
      if (!timer || this.#clock - timer.at < allowed) continue
      this.violations.push(`G4: the timer of ${key} is late`)
    }
  }

  /** G4: a delayed run begins at its time, give or take what the clocks of hosts differ. */
  #checkStart(run: RunState, startsAt: number, late: number): void {
    const { skewMs = 1_000 } = this.#profile
    const hasBegun = run.graph !== undefined
    if (hasBegun && this.#begunAt === undefined) this.#begunAt = this.#clock
    if ((this.#begunAt ?? Infinity) < startsAt - 2 * skewMs)
      this.violations.push('G4: it begins before its time')
    const isWaiting = !hasBegun && !isOver(run) && run.pausedAt === undefined && run.redrives === undefined
    const isSteered = this.#profile.pauses !== undefined || run.steered
    if (isWaiting && !isSteered && this.#clock - startsAt > late + 2 * skewMs)
      this.violations.push('G4: its start is late')
  }

  #possible(): (() => Promise<void> | void)[] {
    const processes = this.#processes
    const actions: (() => Promise<void> | void)[] = processes.requests().map(
      ({ host, request }) =>
        () =>
          this.#network.serve(host, request),
    )
    for (const { host, timer } of processes.timers()) actions.push(() => processes.expire(host, timer))
    actions.push(...this.#network.due())
    const mayReceive = this.#weather?.mayReceive(this.#clock) ?? true
    if (mayReceive && this.queue.visible().length > 0 && processes.hasRoom) {
      actions.push(() => processes.receive())
      actions.push(() => processes.receive())
    }
    return actions
  }

  #skipTime(dueAt: number | undefined): boolean {
    const times = [
      ...this.#processes.times(),
      ...this.#network.times(),
      ...(this.#weather?.times() ?? []),
      this.queue.nextAt() ?? 0,
      this.#outside.nextRedrive,
      dueAt === undefined ? 0 : Math.max(dueAt, this.#outside.nextSweep),
    ]
    // What is due already waits for a worker, and all of them stand still.
    const next = Math.min(...times.filter((time) => time > this.#clock))
    if (next === Infinity) return false
    this.#clock = next
    return true
  }
}

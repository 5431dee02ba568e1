/** Whoever acts on a run from outside: starts it, gives it events, sweeps its timers, cancels it, forks it. */
import { pauseBlueprintBy, unpauseBlueprintBy } from '../../lib/client/blueprint-pauses.ts'
import type { Services } from '../../lib/core/execution/services.ts'
import type { RunGraph } from '../../lib/core/protocol/run-graph.ts'
import { isOver, parseActivationKey, type RunState, START } from '../../lib/core/protocol/run-state.ts'
import type { Job } from '../../lib/core/queue/job.ts'
import { isFlowcraftAwsError } from '../../lib/core/common/errors.ts'
import { cancelRun } from '../../lib/core/run/cancel.ts'
import { sendStart, startOf } from '../../lib/core/run/delayed-start.ts'
import { sendJobs, sendQueued } from '../../lib/core/run/dispatch.ts'
import { forkRun } from '../../lib/core/run/fork.ts'
import { pauseRun, unpauseRun } from '../../lib/core/run/pause.ts'
import { redriveRun } from '../../lib/core/run/redrive.ts'
import { resumeRun } from '../../lib/core/run/resume.ts'
import { putRun } from '../../lib/core/run/start.ts'
import { sweep } from '../../lib/core/run/sweep.ts'
import type { RunStore } from '../../lib/core/store/run-store.ts'
import { NO_GRAPH, RunReader } from '../../lib/core/values/run-reader.ts'
import type { Setup } from '../conformance/case.ts'
import { Events } from './events.ts'
import type { Failing } from './failing.ts'
import { KILLER_ID, killerBlueprint } from './killer.ts'
import { overridden } from './mutation.ts'
import { forkId, LABELS_OF_RUN, RUN_ID } from './names.ts'
import type { Profile } from './profile.ts'
import type { Random } from './random.ts'
import type { Told } from './told.ts'

/** A schedule invokes the sweep this often; a minute on AWS, where nobody counts steps. */
const SWEEP_EVERY_MS = 1_000
/** Refused while the end of the run is being published. */
const REDRIVE_EVERY_MS = 250

export interface ClientOptions {
  readonly setup: Setup
  readonly graph: RunGraph
  readonly profile: Profile
  readonly random: Random
  readonly failing: Failing
  readonly store: Pick<RunStore, 'read' | 'due' | 'readPauses'>
  readonly told: Told
  now(): number
  /** Lets a process of this kind do this. */
  employ(kind: string, work: (services: Services) => Promise<void>): void
  isBusy(kind: string): boolean
}

export class Outside {
  /** The sweep does not come before. Milliseconds since the epoch. */
  nextSweep = 0
  /** Nor does whoever redrives the run. */
  nextRedrive = 0
  /** The run that is watched: the last fork. */
  runId = RUN_ID
  readonly #options: ClientOptions
  readonly #events: Events
  /** How the run comes to be. */
  readonly #way: 'begun' | 'accepted' | 'raw'
  /** Milliseconds by which the start is delayed. */
  readonly #delayMs: number | undefined
  #started = false
  /** Jobs that are still to come astray. */
  #strays: number
  /** When somebody cancels the run, in steps. */
  #cancelIn = Infinity
  #redrives: number
  #forks: number
  #pauses: number
  #blueprintPauses: number
  /** Nodes that were skipped. */
  readonly #skipped = new Set<string>()
  /** Their events that were given. */
  readonly #served = new Set<string>()

  constructor(options: ClientOptions) {
    const { setup, profile, random, store, told } = options
    this.#options = options
    const [early, named] = [random.chance(0.5), random.chance(0.5)]
    const asked = told.chosen.has('waiting') ? told : undefined
    this.#events = new Events({ store, runId: () => this.runId, setup, early: early && !asked, named, asked })
    // Nobody can know of a run whose only message a queue loses.
    const canBeRaw = !setup.input && !profile.losses
    this.#way = random.pick(canBeRaw ? ['begun', 'begun', 'accepted', 'raw'] : ['begun', 'accepted'])
    this.#delayMs = profile.delaysStart ? random.pick([600_000, 10_800_000]) : undefined
    this.#strays = profile.strays ?? 0
    if (profile.cancelsBy) this.#cancelIn = random.below(profile.cancelsBy)
    this.#redrives = profile.redrives ?? 0
    this.#forks = this.#events.canBegin ? (profile.forks ?? 0) : 0
    this.#pauses = profile.pauses ?? 0
    this.#blueprintPauses = profile.blueprintPauses ?? 0
  }

  /** What callers were told that it counts, by node. */
  get promised(): ReadonlyMap<string, unknown> {
    return this.#events.promised
  }

  /** What may happen next; each call is one step. `isIdle`: nothing comes by itself. */
  async actions(isIdle: boolean): Promise<(() => void)[]> {
    const { store, now, employ, isBusy } = this.#options
    const actions: (() => void)[] = []
    if (!this.#started && !isBusy('client')) actions.push(() => this.#start())
    const event = isBusy('resumer') ? undefined : await this.#events.next()
    if (event) actions.push(() => employ('resumer', (services) => this.#events.give(services, event)))
    const { releases } = await store.readPauses({ consistent: true })
    const isDue = this.nextSweep <= now() && (releases.size > 0 || (await store.due(now())).length > 0)
    if (isDue && !isBusy('timer')) {
      actions.push(() => {
        this.nextSweep = now() + SWEEP_EVERY_MS
        employ('timer', async (services) => void (await sweep(services)))
      })
    }
    const stray = this.#strays > 0 && !isBusy('stray') ? await this.#stray() : undefined
    if (stray) actions.push(() => employ('stray', (services) => services.queue.send([stray])))
    if (this.#cancelIn-- <= 0 && !isBusy('canceller') && (await store.read(this.runId))) {
      actions.push(() => this.#cancel())
    }
    if (!isBusy('operator')) actions.push(...(await this.#steering(isIdle)))
    return actions
  }

  /** A job that names something active, now and then. */
  async #stray(): Promise<Job | undefined> {
    const { store, graph, random, setup } = this.#options
    const run = await store.read(this.runId)
    if (!run || run.active.size === 0 || !random.chance(0.3)) return undefined
    this.#strays--
    const { node, iteration } = parseActivationKey(random.pick([...run.active.keys()]))
    return { runId: this.runId, blueprintId: setup.blueprint.id, nodeId: graph.node(node).id, iteration }
  }

  /** What an operator may do now: redrive or fork a cancelled run, pause one that runs, unpause it. */
  async #steering(isIdle: boolean): Promise<(() => void)[]> {
    const { store } = this.#options
    const run = await store.read(this.runId)
    const ofBlueprint = await this.#steeringOfBlueprint(isIdle)
    return ofBlueprint ? [ofBlueprint] : this.#steeringOf(run)
  }

  /** Pauses a blueprint now and then, also before its run is there, and unpauses it. */
  async #steeringOfBlueprint(isIdle: boolean): Promise<(() => void) | undefined> {
    const { store, random, employ, setup, profile } = this.#options
    if (!profile.blueprintPauses) return undefined
    const { paused } = await store.readPauses({ consistent: true })
    const [ended] = paused.keys()
    if (ended !== undefined) {
      if (!isIdle && !random.chance(0.1)) return undefined
      return () => employ('operator', async (services) => void (await unpauseBlueprintBy(services, ended)))
    }
    if (this.#blueprintPauses === 0 || !random.chance(0.1)) return undefined
    const { id } = random.pick([setup.blueprint, ...(setup.blueprints ?? [])])
    return () =>
      employ('operator', async (services) => {
        await pauseBlueprintBy(services, id, {}, false)
        this.#blueprintPauses--
      })
  }

  async #steeringOf(run: RunState | undefined): Promise<(() => void)[]> {
    const { store, random, employ } = this.#options
    if (!run) return []
    const unserved = this.#unserved(run)
    if (unserved.length > 0) return unserved
    if (run.status === 'cancelled' && this.#redrives > 0) {
      return this.nextRedrive <= this.#options.now() ? [() => this.#redrive(run)] : []
    }
    if (run.status === 'cancelled' && this.#forks > 0) {
      // Whoever died at it does not always come back.
      const isThere = (await store.read(this.#nextFork)) !== undefined
      return [() => this.#fork(isThere && random.chance(0.5))]
    }
    if (run.status === 'failed' && this.#mendsFailures) {
      return this.nextRedrive <= this.#options.now() ? [() => this.#mend()] : []
    }
    // Perhaps by a request that came late.
    if (run.pausedAt !== undefined && !isOver(run) && !run.pausedByFailure) {
      return [
        () =>
          employ('operator', async (services) => {
            await unlessRefused(() => unpauseRun(services, this.runId))
          }),
      ]
    }
    if (isOver(run) || this.#pauses === 0 || !random.chance(0.1)) return []
    return [
      () =>
        employ('operator', async (services) => {
          await unlessRefused(() => pauseRun(services, this.runId))
          this.#pauses--
        }),
    ]
  }

  /**
   * Again and again until it goes on; then somebody may cancel it once more. The run that was seen: one that has gone on by a
   * request that came late, and failed, stays as it is.
   */
  #redrive(seen: RunState): void {
    const { profile, random, employ, now } = this.#options
    this.nextRedrive = now() + REDRIVE_EVERY_MS
    employ('operator', async (services) => {
      const store = overridden(services.store, {
        read: async (id) => (id === this.runId ? seen : services.store.read(id)),
      })
      await unlessRefused(() => redriveRun({ ...services, store }, this.runId, {}, false))
      const run = await services.store.read(this.runId)
      if (run && isOver(run) && run.status !== 'completed') return
      this.#redrives--
      if (this.#redrives > 0 && profile.cancelsBy) this.#cancelIn = random.below(profile.cancelsBy)
    })
  }

  get #nextFork(): string {
    return forkId((this.#options.profile.forks ?? 0) - this.#forks + 1)
  }

  /** Again and again until there is an answer, by the same name; then somebody may cancel the fork. */
  #fork(isLeft: boolean): void {
    const { profile, random, employ } = this.#options
    const runId = this.#nextFork
    employ('operator', async (services) => {
      if (!isLeft) await forkRun(services, this.runId, { runId, by: 'Ada' }, false)
      this.#forks--
      this.runId = runId
      await this.#events.beginAgain()
      if (this.#forks > 0 && profile.cancelsBy) this.#cancelIn = random.below(profile.cancelsBy)
    })
  }

  get #mendsFailures(): boolean {
    const { profile, failing } = this.#options
    return profile.failures !== undefined && failing.nodes.size > 0
  }

  /** A failed run is redriven, or goes on without one of the nodes that failed, until nothing of it has failed. */
  #mend(): void {
    const { profile, random, employ, failing, now } = this.#options
    this.nextRedrive = now() + REDRIVE_EVERY_MS
    const skips = profile.skips === true && random.chance(0.5)
    employ('operator', async (services) => {
      const run = await services.store.read(this.runId)
      if (run?.status !== 'failed') return
      const errors = await new RunReader({ ...services, run, graph: NO_GRAPH }).errors()
      const nodeId = errors.map((error) => error.nodeId).find((id) => failing.outputs.has(id))
      if (!skips || nodeId === undefined) {
        await unlessRefused(() => redriveRun(services, this.runId, {}, false))
        return
      }
      this.#skipped.add(nodeId)
      await unlessRefused(() => redriveRun(services, this.runId, { skip: { nodeId } }, false))
    })
  }

  /** Whoever skips a node gives it its event, again and again until that is there. */
  #giveSkipped(nodeId: string, iteration: number): void {
    const { employ, failing } = this.#options
    const idempotencyKey = `skip ${nodeId}.${iteration}`
    employ('operator', async (services) => {
      const event = { output: failing.outputs.get(nodeId), idempotencyKey }
      await unlessRefused(() => resumeRun(services, this.runId, nodeId, event), 'INVALID_INPUT')
      if (!isOver((await services.store.read(this.runId)) as RunState)) this.#served.add(idempotencyKey)
    })
  }

  /** What gives the skipped nodes of a run their events that wait for one. */
  #unserved(run: RunState): (() => void)[] {
    return [...run.active].flatMap(([key, { wait }]) => {
      const { node, iteration } = parseActivationKey(key)
      const { id } = this.#options.graph.node(node)
      const isUnserved = this.#skipped.has(id) && !this.#served.has(`skip ${id}.${iteration}`)
      return wait?.kind === 'event' && isUnserved ? [() => this.#giveSkipped(id, iteration)] : []
    })
  }

  /** A caller that cancels the run, again and again until it has an answer. */
  #cancel(): void {
    this.#options.employ('canceller', async (services) => {
      await cancelRun(services, this.runId)
      this.#cancelIn = Infinity
    })
  }

  /** A caller that starts the run, again and again until it was told that the run is accepted. */
  #start(): void {
    this.#options.employ('client', async (services) => {
      await this.#startOnce(services)
      this.#started = true
    })
  }

  /** As `RunClient.start` does with the blueprint or without, and as the guide's client does. */
  async #startOnce(services: Services): Promise<void> {
    const { graph, setup, profile } = this.#options
    const labels = profile.labels ? LABELS_OF_RUN : undefined
    if (profile.killer) await this.#startKiller(services)
    const blueprintId = setup.blueprint.id
    if (this.#delayMs !== undefined) return this.#startLater(services, this.#delayMs)
    if (this.#way === 'raw') {
      const nodeId = graph.node(graph.startNodes[0] as number).id
      return services.queue.send([{ runId: RUN_ID, blueprintId, nodeId, ...(labels ? { labels } : {}) }])
    }
    const known = this.#way === 'begun' ? await services.graphs.remember(blueprintId) : undefined
    const input = structuredClone(setup.input ?? {})
    const { run } = await putRun(services, { runId: RUN_ID, blueprintId, input, graph: known, labels })
    if (isOver(run)) return
    if (!known) return services.queue.send([{ runId: RUN_ID, blueprintId }])
    const first = [...run.active].filter(([, { scheduledBy }]) => scheduledBy === START).map(([key]) => key)
    await sendJobs({ services, graph: known, run }, first)
  }

  /** As `RunClient.start` does with `delayMs`. */
  async #startLater(services: Services, delayMs: number): Promise<void> {
    const { setup, profile } = this.#options
    const { run, created } = await putRun(services, {
      runId: RUN_ID,
      blueprintId: setup.blueprint.id,
      input: structuredClone(setup.input ?? {}),
      labels: profile.labels ? LABELS_OF_RUN : undefined,
      startsAt: services.now() + delayMs,
    })
    if (startOf(run, services.now()) !== undefined) await sendStart(services, run, created)
    else if (!isOver(run)) await services.queue.send([{ runId: RUN_ID, blueprintId: setup.blueprint.id }])
  }

  async #startKiller(services: Services): Promise<void> {
    const graph = await services.graphs.remember(killerBlueprint.id)
    const { run } = await putRun(services, { runId: KILLER_ID, input: {}, graph })
    if (!isOver(run)) await sendQueued({ services, graph, run }, START)
  }
}

/** Whoever steers a run looks again where it is not as they thought. */
async function unlessRefused(work: () => Promise<unknown>, ...more: string[]): Promise<void> {
  try {
    await work()
  } catch (error) {
    const codes = ['INVALID_STATE', 'RUN_ENDING', ...more]
    if (!isFlowcraftAwsError(error) || !codes.includes(error.code)) throw error
  }
}

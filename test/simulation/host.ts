/**
 * One simulated process: it works on one message or on several at a time, whose requests wait until the world lets them
 * happen. Its clock is a little off, and it may die (what its messages wait for never comes) or stand still.
 */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { FlowRuntime, NullLogger, type WorkflowBlueprint } from 'flowcraft'
import { Graphs } from '../../lib/core/blueprints/blueprint-versions.ts'
import { register } from '../../lib/core/blueprints/registration.ts'
import { addCost } from '../../lib/core/common/add-cost.ts'
import { PRICES } from '../../lib/core/common/prices.ts'
import { FlowcraftAwsError } from '../../lib/core/common/errors.ts'
import { Isolation } from '../../lib/core/execution/isolation.ts'
import type { Runtime } from '../../lib/core/execution/node-call.ts'
import { PausedBlueprints } from '../../lib/core/execution/paused-blueprints.ts'
import type { Services } from '../../lib/core/execution/services.ts'
import type { ActivationKey, RunState } from '../../lib/core/protocol/run-state.ts'
import type { Job } from '../../lib/core/queue/job.ts'
import type { CommitResult, RunStore } from '../../lib/core/store/run-store.ts'
import { NO_TELEMETRY } from '../../lib/core/telemetry/telemetry.ts'
import { recorderOf } from '../../lib/core/history/recorder.ts'
import { PackCache } from '../../lib/core/values/pack-cache.ts'
import { ValueCache } from '../../lib/core/values/value-cache.ts'
import { type BlobStore, ValueStore, type ValueStoreOptions } from '../../lib/core/values/value-store.ts'
import type { Setup } from '../conformance/case.ts'
import { type Counts, probed, withProbe } from '../conformance/outcome.ts'
import { killerBlueprint, killerRegistry } from './killer.ts'
import { LOST } from './names.ts'
import { noteTimer, see } from './seen.ts'
import { PAID, USD_OF_A_CALL } from './names.ts'
import { Signed } from './signed.ts'
import type { Told } from './told.ts'

/** What a process is at, beside others: a message that it works on, say. */
export interface Task {
  readonly name: string
  /** What the store last told it of each run. */
  readonly seen: Map<string, RunState>
  /** By node, the life of its run in which its code ran, until that is committed. */
  readonly ran: Map<number, number>
  /** In all that it writes: another attempt on the same work has another. */
  signature: string
  /** Requests that it waits for. */
  open: number
  /** It only waits for other tasks of its process. */
  waitsForOthers: boolean
  /** The message that it works on. */
  readonly job?: Job
  /** Those of its process. */
  readonly timers: Set<Timer>
}

/** Something that is done later while a process lives. */
export interface Timer {
  /** When it is due, by the world's clock. */
  at: number
  /** Undefined where it is done once. */
  readonly everyMs: number | undefined
  run(): void
}

/** A request under way, or a step of a node's own code. */
export interface Request {
  readonly task: Task
  readonly label: string
  readonly isCode: boolean
  /** Makes it happen. */
  apply(how?: Delivery): Promise<unknown>
  resolve(answer: unknown): void
  reject(error: Error): void
  /** The client library has tried it once already. */
  retried: boolean
  /** It happened, and its answer is on its way. */
  answered: boolean
  /** It kills its process, each time. */
  readonly kills: boolean
  /** It takes until then. */
  readonly until?: number
}

/** What becomes of messages that are sent: a part of them comes, all come twice, or late. @default - as the queue has it */
export type Delivery = 'part' | 'twice' | 'delayed'

/** In the message of each error of the infrastructure. */
export const TROUBLE = 'the infrastructure has trouble'

/** What infrastructure throws: the message comes back, and no run fails by it. */
export class Trouble extends FlowcraftAwsError {
  constructor(message: string) {
    super('REQUEST_FAILED', message)
  }
}

export interface HostWorld {
  readonly setup: Setup
  readonly counts: Counts
  readonly store: RunStore
  readonly publishesRunEnds: boolean
  now(): number
  newToken(): string
  /** Of what a task writes until its next commit. */
  newSignature(): string
  put(job: Job, delayMs: number, delivery?: Delivery): void
  /** Whether workers note what becomes of the run. */
  readonly hasHistory: boolean
  readonly told: Told
  /** In a bucket: what is too large for an item. Undefined where there is no bucket. */
  readonly objects?: Map<string, Uint8Array>
  /** Whether there is a run whose nodes kill their processes. */
  readonly hasKiller: boolean
  /** Throws where a commit of this lease is to meet an error that nobody expects. */
  bug(request: 'lease' | 'commit'): void
  /** How long a node's own code takes, in milliseconds. */
  readonly codeMs: number
  /** Whether first deliveries are worked on without a lease. */
  readonly isUnleased: boolean
  /** Whether runs that would end as failed are paused. */
  readonly pausesFailed: boolean
  /** How long a host may go by what it last saw of paused blueprints. */
  readonly pausesSeenAfterMs: number
  /** Throws where the node is to fail in this life of its run. */
  mayFail(nodeId: string): void
  /** What a task committed, or tried to. */
  committed(task: Task, runId: string, key: ActivationKey, result: CommitResult): void
  /** Whether the stored graph of the run is lost, and no host has it in its code. */
  readonly isGraphLost: boolean
  /** A node's own code runs on this host. */
  ran(task: Task, nodeId: string): void
  /** An activation was suspended by this host's clock: so many milliseconds are left. */
  suspended(runId: string, key: ActivationKey, leftMs: number): void
  /** How many of a batch are taken when its answer is lost. */
  partOf(count: number): number
}

/** What the names of processes begin with that work on messages. */
export const WORKER = 'worker'

/** Where there is a bucket, values of more than that are objects: less than on AWS, since it takes time to make large ones. */
const ITEM_BYTES = 64

/** SQS takes this many messages in one request. */
const BATCH = 10

/** Which of a process's tasks asks. */
const current = new AsyncLocalStorage<Task>()

/** Timers of tasks go by the world's clock, and die with their process. Undefined where no task asks for one. */
export function setTaskTimer(now: number, ms: number, repeats: boolean, work: () => void): Timer | undefined {
  const task = current.getStore()
  if (!task) return undefined
  const timer = { at: now + ms, everyMs: repeats ? ms : undefined, run: AsyncResource.bind(work) }
  task.timers.add(timer)
  return timer
}

export function clearTaskTimer(timer: Timer): void {
  current.getStore()?.timers.delete(timer)
}

export class Host {
  readonly name: string
  readonly services: Services
  readonly pending: Request[] = []
  readonly tasks = new Set<Task>()
  readonly timers = new Set<Timer>()
  dead = false
  frozenUntil = 0
  /** The only task of a process that never has two; asking `current` costs time. */
  #only: Task | undefined
  #count = 0
  readonly #world: HostWorld

  constructor(name: string, world: HostWorld, skewMs: number) {
    this.name = name
    this.#world = world
    const { blueprint, registry: probes } = probed(world.setup, async (nodeId, { dependencies }) => {
      world.counts.probe(nodeId)
      addCost(dependencies, PAID, USD_OF_A_CALL)
      world.ran(this.#task(), nodeId)
      await this.#code(nodeId, { until: world.now() + world.codeMs })
      world.mayFail(nodeId)
    })
    const registry = { ...probes }
    const all = [blueprint, ...(world.setup.blueprints ?? [])]
    for (const uses of workersOf(all)) {
      const worker = registry[uses]
      const code = () => this.#code(`an item by ${uses}`, { until: world.now() + world.codeMs })
      if (worker) registry[uses] = withProbe(worker, code)
    }
    if (world.hasKiller) {
      all.push(killerBlueprint)
      Object.assign(
        registry,
        killerRegistry(() => this.#code('killer', { kills: true })),
      )
    }
    const registration = register({
      blueprints: Object.fromEntries(all.map((one) => [one.id, one])),
      registry,
    })
    const { eventBus } = world.counts
    const runtime = new FlowRuntime({ ...world.setup.options, eventBus, ...registration })
    const store = this.#remote(world, skewMs)
    const serializer = new Signed(world.setup.options?.serializer, () => this.#task().signature)
    const logger = new NullLogger()
    const now = () => world.now() + skewMs
    const values = new ValueStore({
      store,
      ...this.#bucket(world),
      serializer,
      cache: new ValueCache({ now }),
      packs: new PackCache({ now }),
    })
    const newToken = () => world.newToken()
    this.services = {
      runtime: runtime as unknown as Runtime,
      graphs: losable(new Graphs({ ...registration, schemas: world.setup.schemas, store }), world),
      store,
      values,
      queue: { send: (jobs, delaySeconds = 0) => this.#send(world, jobs, delaySeconds) },
      history: world.hasHistory ? recorderOf('full', { values, logger, now, newToken }) : undefined,
      isOwn: () => true,
      logger,
      telemetry: NO_TELEMETRY,
      isolation: new Isolation(now),
      pauses: new PausedBlueprints({ store, now, everyMs: world.pausesSeenAfterMs }),
      unreleased: new Set(),
      now,
      sleep: (ms) => this.request('sleep', async () => {}, { isCode: true, until: world.now() + ms }),
      newToken,
      deployGraceMs: 0,
      leases: world.isUnleased ? 'redeliveries' : 'always',
      costs: { prices: PRICES, eventsAtEnd: 0 },
      onFailure: world.pausesFailed ? 'pause' : 'end',
      publishesRunEnds: world.publishesRunEnds,
      publishRunEnd: () => this.request('publishRunEnd', async () => void world.told.ends++),
      events: {
        chosen: world.told.chosen,
        publish: (event) => this.request('publish', async () => world.told.note(event)),
      },
      emit: async () => {},
    }
  }

  #bucket({ objects }: HostWorld): Pick<ValueStoreOptions, 'blobs' | 'itemBytes'> {
    if (!objects) return {}
    const blobs: BlobStore = {
      put: (key, bytes) => this.request('putObject', async () => void objects.set(key, bytes)),
      get: (key) => this.request('getObject', async () => objects.get(key)),
    }
    return { blobs, itemBytes: ITEM_BYTES }
  }

  /** Works on something, beside what else it works on if it is `shared`. */
  async work<T>(
    { shared, job }: { shared: boolean; job?: Job },
    work: (task: Task) => Promise<T>,
  ): Promise<T> {
    const name = shared ? `${this.name}.${++this.#count}` : this.name
    const task: Task = {
      name,
      seen: new Map(),
      ran: new Map(),
      signature: this.#newSignature(),
      open: 0,
      waitsForOthers: false,
      job,
      timers: this.timers,
    }
    this.tasks.add(task)
    this.#only = shared ? undefined : task
    try {
      return await (shared ? current.run(task, () => work(task)) : work(task))
    } finally {
      this.tasks.delete(task)
    }
  }

  request<T>(
    label: string,
    apply: (how?: Delivery) => Promise<T>,
    { isCode = false, kills = false, until }: Partial<Pick<Request, 'isCode' | 'kills' | 'until'>> = {},
  ): Promise<T> {
    const task = this.#task()
    return new Promise<T>((resolve, reject) => {
      const settle = resolve as (answer: unknown) => void
      const [retried, answered] = [false, false]
      this.put({ task, label, isCode, kills, until, apply, resolve: settle, reject, retried, answered })
    })
  }

  put(request: Request): void {
    request.task.open++
    this.pending.push(request)
  }

  drop(request: Request): void {
    request.task.open--
    this.pending.splice(this.pending.indexOf(request), 1)
  }

  /** A step of a node's own code. */
  async #code(nodeId: string, how: Partial<Pick<Request, 'kills' | 'until'>>): Promise<void> {
    await this.request(`code of ${nodeId}`, async () => undefined, { isCode: true, ...how })
  }

  /** A call from outside that is made again is the same call. */
  #newSignature(): string {
    return this.name.startsWith(WORKER) ? this.#world.newSignature() : 'outside'
  }

  #task(): Task {
    return this.#only ?? (current.getStore() as Task)
  }

  #remote(world: HostWorld, skewMs: number): RunStore {
    const { store } = world
    const request = this.request.bind(this)
    return new Proxy(store, {
      get: (target, name: keyof RunStore) => {
        const method = target[name] as ((...args: unknown[]) => Promise<unknown>) | undefined
        // What is optional.
        if (!method) return undefined
        return async (...args: unknown[]) => {
          const task = this.#task()
          const answer = await request(name, async () => {
            if (name === 'lease' || name === 'commit') world.bug(name)
            const applied = await method.apply(target, args)
            if (name === 'commit') {
              const commit = args as Parameters<RunStore['commit']>
              noteTimer(world, skewMs, commit, applied)
              for (const key of [commit[1].end, ...(commit[1].through ?? [])])
                world.committed(task, commit[0], key, applied as CommitResult)
            }
            return applied
          })
          if (name === 'commit') task.signature = this.#newSignature()
          // What a value is read with is no look at how the run stands.
          return name === 'readAll' ? answer : see(task, answer)
        }
      },
    })
  }

  async #send(world: HostWorld, jobs: readonly Job[], delaySeconds: number): Promise<void> {
    for (let from = 0; from < jobs.length; from += BATCH) {
      const batch = jobs.slice(from, from + BATCH)
      await this.request('send', async (how) => {
        const count = how === 'part' ? world.partOf(batch.length) : batch.length
        for (const job of batch.slice(0, count)) world.put(job, delaySeconds * 1000, how)
      })
    }
  }
}

/** What runs the items of batches. */
function workersOf(blueprints: readonly WorkflowBlueprint[]): ReadonlySet<string> {
  const scatters = blueprints.flatMap(({ nodes }) => nodes).filter(({ uses }) => uses === 'batch-scatter')
  return new Set(scatters.map(({ params }) => String(params?.['workerUsesKey'])))
}

/** Graphs of which the run's own may be lost. */
function losable(graphs: Graphs, world: HostWorld): Graphs {
  const find = graphs.of.bind(graphs)
  graphs.of = async (blueprintId, fingerprint) => {
    if (!world.isGraphLost || blueprintId !== world.setup.blueprint.id) return find(blueprintId, fingerprint)
    throw new FlowcraftAwsError('VALUE_LOST', LOST)
  }
  return graphs
}

/**
 * One simulated process: its requests wait until the world lets them happen, its clock is a little off, and it may
 * die (what it waits for never comes) or stand still.
 */
import { FlowRuntime, JsonSerializer, NullLogger } from 'flowcraft'
import type { Runtime } from '../../lib/adapter/execute.ts'
import { Graphs } from '../../lib/adapter/graphs.ts'
import type { Job } from '../../lib/adapter/queue/job.ts'
import { register } from '../../lib/adapter/registration.ts'
import type { RunState } from '../../lib/adapter/run-state.ts'
import type { Services } from '../../lib/adapter/services.ts'
import type { RunStore } from '../../lib/adapter/store/run-store.ts'
import { NO_TELEMETRY } from '../../lib/adapter/telemetry/telemetry.ts'
import { ValueStore } from '../../lib/adapter/values/value-store.ts'
import type { Setup } from '../conformance/case.ts'
import { type Counts, probed } from '../conformance/outcome.ts'

/** A request under way, or a step of a node's own code. */
export interface Request {
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
}

/** What becomes of messages that are sent: a part of them comes, all come twice, or late. @default - as the queue has it */
export type Delivery = 'part' | 'twice' | 'delayed'

/** In the message of each error of the infrastructure. */
export const TROUBLE = 'the infrastructure has trouble'

/** What infrastructure throws: the message comes back, and no run fails by it. */
export class Trouble extends Error {
  override readonly name = 'Trouble'
}

export interface HostWorld {
  readonly setup: Setup
  readonly counts: Counts
  readonly store: RunStore
  readonly tells: boolean
  now(): number
  newToken(): string
  put(job: Job, delayMs: number, delivery?: Delivery): void
  told(): void
  /** A node's own code runs on this host. */
  ran(host: Host, nodeId: string): void
  /** How many of a batch are taken when its answer is lost. */
  partOf(count: number): number
}

/** SQS takes this many messages in one request. */
const BATCH = 10

export class Host {
  readonly name: string
  readonly services: Services
  readonly pending: Request[] = []
  busy = false
  dead = false
  frozenUntil = 0
  /** What the store last told this host of each run. */
  readonly seen = new Map<string, RunState>()

  constructor(name: string, world: HostWorld, skewMs: number) {
    this.name = name
    const { blueprint, registry } = probed(world.setup, async (nodeId) => {
      world.counts.probe(nodeId)
      world.ran(this, nodeId)
      await this.request(`code of ${nodeId}`, async () => undefined, true)
    })
    const all = [blueprint, ...(world.setup.blueprints ?? [])]
    const registration = register({
      blueprints: Object.fromEntries(all.map((one) => [one.id, one])),
      registry,
    })
    const { eventBus } = world.counts
    const runtime = new FlowRuntime({ ...world.setup.options, eventBus, ...registration })
    const store = this.#remote(world.store)
    const serializer = world.setup.options?.serializer ?? new JsonSerializer()
    this.services = {
      runtime: runtime as unknown as Runtime,
      graphs: new Graphs({ ...registration, store }),
      store,
      values: new ValueStore({ store, serializer }),
      queue: { send: (jobs, delaySeconds = 0) => this.#send(world, jobs, delaySeconds) },
      isOwn: () => true,
      logger: new NullLogger(),
      telemetry: NO_TELEMETRY,
      now: () => world.now() + skewMs,
      newToken: () => world.newToken(),
      deployGraceMs: 0,
      tells: world.tells,
      tell: () => this.request('tell', async () => world.told()),
      emit: async () => {},
    }
  }

  request<T>(label: string, apply: (how?: Delivery) => Promise<T>, isCode = false): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settle = resolve as (answer: unknown) => void
      this.pending.push({ label, isCode, apply, resolve: settle, reject, retried: false, answered: false })
    })
  }

  #remote(store: RunStore): RunStore {
    const request = this.request.bind(this)
    const see = (answer: unknown) => {
      const run = (answer as { run?: RunState } | undefined)?.run ?? (answer as RunState | undefined)
      if (run?.active) this.seen.set(run.runId, run)
      return answer
    }
    return new Proxy(store, {
      get(target, name: keyof RunStore) {
        const method = target[name] as (...args: unknown[]) => Promise<unknown>
        return async (...args: unknown[]) => see(await request(name, () => method.apply(target, args)))
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

/** Works on one message at a time of a service in memory, so that a test decides on every one. */
import type { Disposition } from '../../lib/core/execution/disposition.ts'
import { Isolation } from '../../lib/core/execution/isolation.ts'
import type { Invocation, Services } from '../../lib/core/execution/services.ts'
import type { Job } from '../../lib/core/queue/job.ts'
import type { RunStore } from '../../lib/core/store/run-store.ts'
import { processJob } from '../../lib/core/worker/process-job.ts'
import type { TestService } from '../../lib/testing/index.ts'
import { Gate } from '../end-to-end/driver.ts'

/** What a worker of the test has that differs from the service's. */
export interface WorkerOptions {
  readonly services?: Partial<Services>
  readonly invocation?: Partial<Invocation>
}

/** As one worker works on a job. */
export function workOnJob(service: TestService, job: Job, options: WorkerOptions = {}): Promise<Disposition> {
  const invocation = { deadline: () => service.now + 30_000, extendsLease: false, ...options.invocation }
  // A process of its own, unless the test says otherwise.
  const isolation = new Isolation(() => service.now)
  return processJob(
    { ...service.services, isolation, unreleased: new Set(), ...options.services },
    job,
    invocation,
  )
}

/** The job of the message that comes next. */
export function nextJob({ queue }: TestService): Job {
  const [message] = queue.visible()
  if (!message) throw new Error('there is no message')
  return message.job
}

/** Works on the message that comes next, and deletes it when that is done. */
export async function takeOne(service: TestService, options: WorkerOptions = {}): Promise<Disposition> {
  const [message] = service.queue.visible()
  if (!message) throw new Error('there is no message')
  service.queue.receive(message, 180_000)
  const result = await workOnJob(service, message.job, options)
  if (result.kind === 'acknowledge') service.queue.delete(message)
  return result
}

/** A store, or anything else, some of whose methods are the test's. */
export function withMethods<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      const own = Reflect.get(methods, name) as unknown
      if (own !== undefined) return own
      const value = Reflect.get(target, name) as unknown
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

/** A store that holds each event, or claim of one, between the call and the write: until the gate is opened. */
export function withSlowPuts(store: RunStore): { store: RunStore; held: Gate; gate: Gate } {
  const [held, gate] = [new Gate(), new Gate()]
  const slow = withMethods(store, {
    putOnce: async (...put) => {
      held.open()
      await gate.passed
      return store.putOnce(...put)
    },
  })
  return { store: slow, held, gate }
}

/** Where workers die: they hold their leases, acknowledge nothing and are never heard of again. */
export class Deaths {
  #died: (() => void) | undefined

  /** For what is to kill its worker. */
  die(): Promise<never> {
    this.#died?.()
    return new Promise<never>(() => {})
  }

  /** What comes of a worker's work. */
  async watch<T>(work: () => Promise<T>): Promise<T | 'died'> {
    const death = new Promise<'died'>((resolve) => (this.#died = () => resolve('died')))
    return Promise.race([work(), death])
  }
}

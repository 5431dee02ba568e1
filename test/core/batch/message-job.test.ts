/** Jobs of several items: what is kept and what runs again where their worker dies, runs out of time or has trouble. */
import type { NodeContext } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { scatter } from '../../../lib/core/batch/scatter.ts'
import { requestFailed } from '../../../lib/core/common/errors.ts'
import { DEATHS_AT_MOST, type Services } from '../../../lib/core/execution/services.ts'
import type { RunState } from '../../../lib/core/protocol/run-state.ts'
import type { Job } from '../../../lib/core/queue/job.ts'
import type { ValueStore } from '../../../lib/core/values/value-store.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { graph, value } from '../../conformance/case.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { Deaths, takeOne, withMethods, workOnJob, type WorkerOptions } from '../../support/one-message.ts'

const ITEMS = 25

type Worker = (item: number, call: NodeContext) => Promise<unknown>

interface Options {
  readonly params?: Record<string, unknown>
  readonly items?: number
  readonly history?: 'timings'
}

const isJob = ({ items }: Job) => items?.item !== undefined

/** A batch that was scattered just now, ten items a message. */
async function scattered(
  worker: Worker = async (item) => item,
  { params, items = ITEMS, history }: Options = {},
) {
  const ran: number[] = []
  const gathering = { outputKey: 'results', gatherNodeId: 'gather' }
  const { blueprint, registry } = graph(
    {
      make: value(Array.from({ length: items }, (_, at) => at)),
      scatter: {
        run: 'batch-scatter',
        inputs: 'make',
        params: { workerUsesKey: 'worker', itemsPerMessage: 10, ...gathering, ...params },
      },
      gather: { run: 'batch-gather', params: gathering },
    },
    ['make>scatter', 'scatter>gather'],
    {
      builtIn: {
        worker: async (call: NodeContext) => {
          ran.push(Number(call.input))
          return { output: await worker(Number(call.input), call) }
        },
      },
    },
  )
  const service = new TestService({ blueprints: { case: blueprint }, registry, logger: quiet, history })
  await service.start({ blueprintId: 'case', runId: 'r' })
  await takeOne(service)
  return { service, ran, times: (item: number) => ran.filter((one) => one === item).length }
}

function jobOf(items: Job['items']): Job {
  return { runId: 'r', blueprintId: 'case', nodeId: 'scatter', iteration: 1, items }
}

function jobsIn({ queue }: TestService): Job['items'][] {
  return queue.visible().flatMap(({ job }) => (isJob(job) ? [job.items] : []))
}

/** Splits the range, so that the jobs of items are on the queue. */
async function spread(service: TestService): Promise<void> {
  while (service.queue.visible().some(({ job }) => !isJob(job))) await takeOne(service)
}

async function settleAmongDeaths(service: TestService, deaths: Deaths, options: WorkerOptions = {}) {
  let died = 0
  for (let next = service.queue.nextAt(); next !== undefined; next = service.queue.nextAt()) {
    service.now = Math.max(service.now, next)
    if ((await deaths.watch(() => takeOne(service, options))) === 'died') died++
    if (died > 10 * DEATHS_AT_MOST) throw new Error('it never ends')
  }
  return died
}

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at)

/** Values some of whose methods are the test's, whoever counts their requests. */
function withValues({ services }: TestService, methods: Partial<ValueStore>): Partial<Services> {
  const values: ValueStore = withMethods(services.values, {
    ...methods,
    countedBy: () => values,
    askingBy: () => values,
  })
  return { values }
}

const trouble = () => requestFailed('reading', new Error('throttled'))

describe('a job of several items', () => {
  it('is one message for each ten of them, whose results are one value', async () => {
    const { service, ran } = await scattered()
    await spread(service)
    expect(jobsIn(service)).toEqual([0, 10, 20].map((item) => ({ round: 0, item })))

    await service.settle()

    expect((await service.get('r')).context['results']).toEqual(upTo(ITEMS))
    expect(ran.toSorted((a, b) => a - b)).toEqual(upTo(ITEMS))
    const [partition] = await partitionsOf(service)
    const stored = await service.services.store.listValues('r', `${partition}|out#`)
    const names = [...stored.keys()].map((key) => key.split('|')[1])
    expect(names.toSorted()).toEqual(['out#0+', 'out#10+', 'out#20+'])
  })

  it('runs them side by side', async () => {
    let under = 0
    let most = 0
    const { service } = await scattered(async (item) => {
      most = Math.max(most, ++under)
      await new Promise((resolve) => setTimeout(resolve, 1))
      under--
      return item
    })
    await workOnJob(service, jobOf({ round: 0, item: 0 }))
    expect(most).toBe(10)
  })

  it('counts each of them in the progress of the run, and notes each in its history', async () => {
    const { service } = await scattered(undefined, { history: 'timings' })
    await spread(service)
    await takeOne(service)
    const { progress } = await service.get('r')
    expect(progress).toContainEqual(expect.objectContaining({ items: { done: 10, total: ITEMS } }))

    await service.settle()
    const entries = await service.history('r')
    const items = entries.flatMap((entry) =>
      'item' in entry && entry.item !== undefined ? [entry.item] : [],
    )
    expect(items.toSorted((a, b) => a - b)).toEqual(upTo(ITEMS))
  })

  it.each([
    ['another than the first of them', { round: 0, item: 17 }],
    ['one alone, though nobody has decided that', { round: 0, item: 17, alone: true as const }],
  ])('that names %s is of all of them', async (_, items) => {
    const { service, ran } = await scattered()
    expect(await workOnJob(service, jobOf(items))).toEqual({ kind: 'acknowledge' })
    expect(ran.toSorted((a, b) => a - b)).toEqual(upTo(20).slice(10))
    await service.settle()
    expect(ran).toHaveLength(ITEMS)
  })

  it('that comes twice runs them once', async () => {
    const { service, ran } = await scattered()
    await workOnJob(service, jobOf({ round: 0, item: 0 }))
    service.now += 60_000
    await workOnJob(service, jobOf({ round: 0, item: 0 }))
    expect(ran).toHaveLength(10)
  })

  it('keeps to its shard: one of a hundred has no message of the next', async () => {
    const { service } = await scattered(undefined, { items: 205, params: { itemsPerMessage: 30 } })
    await spread(service)
    const firsts = jobsIn(service).map((items) => items?.item)
    expect(firsts).toEqual([0, 30, 60, 90, 100, 130, 160, 190, 200])
    await service.settle()
    expect((await service.get('r')).context['results']).toEqual(upTo(205))
  })
})

describe('the worker of a job of several items', () => {
  it('dies before it has put what they came to: each runs again, once', async () => {
    const deaths = new Deaths()
    let dies = true
    const { service, times } = await scattered()
    const { store } = service.services
    const dying = withMethods(store, {
      putOnce: async (runId, key, stored) => {
        if (dies && key.endsWith('out#0+')) {
          dies = false
          return deaths.die()
        }
        return store.putOnce(runId, key, stored)
      },
    })
    expect(await settleAmongDeaths(service, deaths, { services: { store: dying } })).toBe(1)

    expect((await service.get('r')).context['results']).toEqual(upTo(ITEMS))
    expect(upTo(ITEMS).map(times)).toEqual(upTo(ITEMS).map((item) => (item < 10 ? 2 : 1)))
  })

  it('dies after it has put what they came to: none runs again', async () => {
    const deaths = new Deaths()
    let dies = true
    const { service, ran } = await scattered()
    const { store } = service.services
    const dying = withMethods(store, {
      arrive: async (...given) => {
        if (dies) {
          dies = false
          return deaths.die()
        }
        return store.arrive(...given)
      },
    })
    expect(await settleAmongDeaths(service, deaths, { services: { store: dying } })).toBe(1)

    expect((await service.get('r')).context['results']).toEqual(upTo(ITEMS))
    expect(ran).toHaveLength(ITEMS)
  })

  it('is killed by one of them each time: that one fails alone, and is blamed', async () => {
    const deaths = new Deaths()
    const { service, times } = await scattered((item) => (item === 3 ? deaths.die() : Promise.resolve(item)))
    // Once with the others, then alone.
    expect(await settleAmongDeaths(service, deaths)).toBe(1 + DEATHS_AT_MOST)

    const { status, errors } = await service.get('r')
    expect(status).toBe('failed')
    expect(errors?.map(({ message }) => message)).toContain(
      `${DEATHS_AT_MOST} workers died or ran out of time while they executed item 3`,
    )
    expect(upTo(ITEMS).map(times)).toEqual(
      upTo(ITEMS).map((item) => (item === 3 ? 1 + DEATHS_AT_MOST : item < 10 ? 2 : 1)),
    )
  })

  it('keeps what is done before its invocation ends, and each of the others goes its own way', async () => {
    let slow = true
    const { service, times } = await scattered((item, { signal }) => {
      if (item !== 4 || !slow) return Promise.resolve(item)
      slow = false
      return new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('aborted')))
      })
    })
    await spread(service)

    const invocation = { deadline: () => service.now + 1_500 }
    expect(await workOnJob(service, jobOf({ round: 0, item: 0 }), { invocation })).toEqual({
      kind: 'acknowledge',
    })

    expect(jobsIn(service)).toContainEqual({ round: 0, item: 4, alone: true })
    const { progress } = await service.get('r')
    expect(progress).toContainEqual(expect.objectContaining({ items: { done: 9, total: ITEMS } }))
    await service.settle()
    const { status, context } = await service.get('r')
    expect([status, context['results']]).toEqual(['completed', upTo(ITEMS)])
    expect(upTo(ITEMS).map(times)).toEqual(upTo(ITEMS).map((item) => (item === 4 ? 2 : 1)))
  })

  it('that lives on works on them for as long as they take', async () => {
    const { service, ran } = await scattered(async (item) => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      return item
    })
    const invocation = { deadline: () => service.now + 5, extendsLease: true }
    await workOnJob(service, jobOf({ round: 0, item: 0 }), { invocation })
    expect(ran).toHaveLength(10)
    const { progress } = await service.get('r')
    expect(progress).toContainEqual(expect.objectContaining({ items: { done: 10, total: ITEMS } }))
  })

  it('has trouble with some of them: these alone run again', async () => {
    const { service, times } = await scattered()
    await spread(service)
    const { values } = service.services
    const services = withValues(service, {
      decode: (text) => {
        if (text === '{"v":6}') throw trouble()
        return values.decode(text)
      },
    })

    await workOnJob(service, jobOf({ round: 0, item: 0 }), { services })

    expect(jobsIn(service)).toContainEqual({ round: 0, item: 6, alone: true })
    expect(upTo(10).map(times)).toEqual(upTo(10).map((item) => (item === 6 ? 0 : 1)))
    await service.settle()
    expect((await service.get('r')).context['results']).toEqual(upTo(ITEMS))
    expect(upTo(ITEMS).map(times)).toEqual(upTo(ITEMS).map(() => 1))
  })

  it('has trouble with all of them: the message comes back, and nothing is kept', async () => {
    const { service, ran } = await scattered()
    await spread(service)
    const services = withValues(service, {
      readNamed: async () => {
        throw trouble()
      },
    })

    const work = workOnJob(service, jobOf({ round: 0, item: 0 }), { services })

    await expect(work).rejects.toMatchObject({ code: 'REQUEST_FAILED' })
    expect(ran).toEqual([])
    expect(jobsIn(service)).toHaveLength(3)
    await service.settle()
    expect((await service.get('r')).context['results']).toEqual(upTo(ITEMS))
    expect(ran).toHaveLength(ITEMS)
  })

  it('whose item gives what cannot be stored: that one fails, and the others do not', async () => {
    const { service } = await scattered(async (item) => (item === 2 ? 2n : item))
    await service.settle()
    const { status, errors } = await service.get('r')
    expect(status).toBe('failed')
    expect(errors?.filter(({ message }) => message.includes('cannot carry'))).toHaveLength(1)
  })
})

describe('several items a message', () => {
  it('are none in a run of an older format, whose workers may be of an older version', async () => {
    const { service } = await scattered()
    const request = { kind: 'worker', uses: 'w', items: [1, 2], chunk: 2, perMessage: 2 } as const
    const scatterOf = (format?: 1 | 2) =>
      scatter({ services: service.services, run: { ...run, format } }, '7.1', 'label', request)
    const run = (await service.services.store.read('r')) as RunState
    for (const format of [1, 2] as const) expect(await scatterOf(format)).not.toHaveProperty('perMessage')
    expect(await scatterOf()).toHaveProperty('perMessage', 2)
  })
})

async function partitionsOf(service: TestService): Promise<string[]> {
  const { key, label } = await batchIn(service)
  return [`${key}#${label}#0.0`]
}

async function batchIn({
  services: { store, values },
}: TestService): Promise<{ key: string; label: string }> {
  const run = await store.read('r')
  const text = [...(run?.inlineValues ?? [])].find(([name]) => name.startsWith('b'))?.[1] ?? ''
  return values.decode(text.slice(text.indexOf('=') + 1)) as { key: string; label: string }
}

/** Parallel nodes that read a context key and write it: what one commits, another does not lose in silence. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type ILogger, type NodeContext, NullLogger } from 'flowcraft'
import { describe, expect, it, vi } from 'vitest'
import {
  type ContextConflicts,
  contextConflictsProblem,
} from '../../../lib/core/protocol/context-conflicts.ts'
import { SqsAdapter } from '../../../lib/index.ts'
import { MemoryRunStore, TestService } from '../../../lib/testing/index.ts'
import { graph, type NodeSpec, value } from '../../conformance/case.ts'
import { workOnJob } from '../../support/one-message.ts'

type Context = NodeContext['context']

/** Holds whoever comes until as many are there. */
class Barrier {
  #left: number
  #open: () => void = () => {}
  readonly #opened = new Promise<void>((resolve) => (this.#open = resolve))

  constructor(count: number) {
    this.#left = count
  }

  async pass(): Promise<void> {
    if (--this.#left <= 0) this.#open()
    await this.#opened
  }
}

const append = async (context: Context, id: string, meet: () => Promise<void>) => {
  const list = ((await context.get('list')) as string[] | undefined) ?? []
  await meet()
  await context.set('list', [...list, id])
}

const after = (ms: number, id: string) => async (call: NodeContext) => {
  await append(call.context, id, () => sleep(ms))
  return {}
}

const serviceOf = (setup: ReturnType<typeof graph>) => () =>
  new TestService({ blueprints: { case: setup.blueprint }, registry: setup.registry })

interface Given {
  readonly nodes?: (meet: () => Promise<void>) => Record<string, NodeSpec>
  readonly metadata?: Record<string, unknown>
  readonly ofWorker?: ContextConflicts
  readonly input?: Record<string, unknown>
}

/** Runs nodes side by side that meet between what they read and what they write. */
async function sideBySide({ nodes = appenders, metadata, ofWorker, input }: Given) {
  const barrier = new Barrier(3)
  const made = nodes(() => barrier.pass())
  const setup = graph(
    { start: value(1), ...made },
    Object.keys(made).map((id) => `start>${id}`),
    metadata ? { metadata } : {},
  )
  const warn = vi.fn<ILogger['warn']>()
  const logger = { debug: () => {}, info: () => {}, warn, error: () => {} }
  const store = new MemoryRunStore()
  const commits = vi.spyOn(store, 'commit')
  const { blueprint, registry } = setup
  const options = { blueprints: { case: blueprint }, registry, logger, store }
  const service = new TestService({ ...options, ...(ofWorker ? { contextConflicts: ofWorker } : {}) })
  const { runId } = await service.start({ blueprintId: 'case', input })
  const work = async () => {
    const messages = service.queue.visible()
    await Promise.all(messages.map(({ job }) => workOnJob(service, job)))
    for (const message of messages) service.queue.delete(message)
  }
  await work()
  await work()
  const described = await service.get(runId)
  return { ...described, warn, commits: commits.mock.calls.length, service }
}

const appenders = (meet: () => Promise<void>): Record<string, NodeSpec> =>
  Object.fromEntries(
    ['a', 'b', 'c'].map((id) => [
      id,
      { run: async ({ context }: NodeContext) => ({ output: void (await append(context, id, meet)) }) },
    ]),
  )

const blind = (meet: () => Promise<void>): Record<string, NodeSpec> =>
  Object.fromEntries(
    ['a', 'b', 'c'].map((id) => [
      id,
      {
        run: async ({ context }: NodeContext) => {
          await meet()
          await context.set('last', id)
          await context.set(`own ${id}`, await context.get(`own ${id}`))
          return { output: await context.get('last') }
        },
      },
    ]),
  )

const whole = (meet: () => Promise<void>): Record<string, NodeSpec> =>
  Object.fromEntries(
    ['a', 'b', 'c'].map((id) => [
      id,
      {
        run: async ({ context }: NodeContext) => {
          const { list = [] } = (await context.toJSON()) as { list?: string[] }
          await meet()
          await context.set('list', [...list, id])
          return {}
        },
      },
    ]),
  )

const byInput = (meet: () => Promise<void>): Record<string, NodeSpec> =>
  Object.fromEntries(
    ['a', 'b', 'c'].map((id) => [
      id,
      {
        inputs: 'list',
        run: async ({ context, input }: NodeContext) => {
          await meet()
          await context.set('list', [...((input as string[] | undefined) ?? []), id])
          return {}
        },
      },
    ]),
  )

const only = (mode: ContextConflicts, which: string) => (meet: () => Promise<void>) => {
  const made = appenders(meet)
  return { ...made, [which]: { ...made[which], contextConflicts: mode } as NodeSpec }
}

describe('three nodes that each append to a list at the same time', () => {
  it('are told of by a warning with run, node and key, and the last one wins', async () => {
    const { status, context, warn, runId } = await sideBySide({})

    expect(status).toBe('completed')
    expect(context['list']).toHaveLength(1)
    const conflicts = warn.mock.calls.filter(([message]) => /overwrote a context key/.test(message))
    expect(conflicts).toHaveLength(2)
    expect(conflicts[0]?.[1]).toEqual({ runId, nodeId: 'b', key: 'list' })
  })

  it.each<[string, Given]>([
    ['worker', { ofWorker: 'retry' }],
    ['blueprint', { metadata: { contextConflicts: 'retry' }, ofWorker: 'warn' }],
  ])("are all in it where the %s says 'retry'", async (_, given) => {
    const { status, context, warn } = await sideBySide(given)

    expect(status).toBe('completed')
    expect((context['list'] as string[]).toSorted()).toEqual(['a', 'b', 'c'])
    expect(warn.mock.calls.filter(([message]) => /overwrote/.test(message))).toEqual([])
  })

  it("fail where the worker says 'fail', with key and reason, and change nothing", async () => {
    const { status, context, errors } = await sideBySide({ ofWorker: 'fail' })

    expect(status).toBe('failed')
    expect(context['list']).toEqual(['a'])
    expect(errors?.map(({ nodeId, message }) => `${nodeId}: ${message}`)).toEqual(
      ['b', 'c'].map(
        (id) =>
          `${id}: node '${id}' would overwrite context key 'list', which another node has changed since it was read`,
      ),
    )
  })

  it("of which one says 'fail': only that one fails", async () => {
    const { errors, context } = await sideBySide({ nodes: only('fail', 'b'), ofWorker: 'retry' })

    expect(errors?.map(({ nodeId }) => nodeId)).toEqual(['b'])
    expect(context['list']).toEqual(['a', 'c'])
  })

  it("are run again by 'retry' with large values, which each execution writes under its own name", async () => {
    const long = 'x'.repeat(5_000)
    const { context } = await sideBySide({ ofWorker: 'retry', input: { list: [long] } })

    expect((context['list'] as string[]).toSorted()).toEqual(['a', 'b', 'c', long])
  })

  it('find the key in a page that it was moved to', async () => {
    const input = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`k${at}`, 'y'.repeat(200)]))
    const { context } = await sideBySide({ ofWorker: 'retry', input: { list: ['given'], ...input } })

    expect((context['list'] as string[]).toSorted()).toEqual(['a', 'b', 'c', 'given'])
  })
})

describe('nodes that do not overwrite what they have read', () => {
  it('are left alone, and pay nothing', async () => {
    const { status, warn, commits, context } = await sideBySide({ nodes: blind, ofWorker: 'fail' })

    expect(status).toBe('completed')
    expect(context['last']).toBe('c')
    expect(warn.mock.calls.filter(([message]) => /overwrote/.test(message))).toEqual([])
    // start, three nodes, and refusals by those that were not the last after all.
    expect(commits).toBeLessThanOrEqual(6)
  })

  it('have read all of the context where they took it as a whole', async () => {
    const { context } = await sideBySide({ nodes: whole, ofWorker: 'retry' })

    expect((context['list'] as string[]).toSorted()).toEqual(['a', 'b', 'c'])
  })

  it('have read what their inputs name', async () => {
    const { context } = await sideBySide({ nodes: byInput, ofWorker: 'retry' })

    expect((context['list'] as string[]).toSorted()).toEqual(['a', 'b', 'c'])
  })
})

describe('a mode that is none', () => {
  const problem = "contextConflicts must be one of 'warn', 'retry', 'fail'; got 'again'"

  it('is refused by a worker, of a blueprint and of a node', () => {
    expect(contextConflictsProblem('again')).toBe(problem)
    const names = { queueUrl: 'http://127.0.0.1/q', tableName: 't' }
    expect(() => new SqsAdapter({ ...names, contextConflicts: 'again' as never })).toThrow(problem)
    expect(serviceOf(graph({ a: value(1) }, [], { metadata: { contextConflicts: 'again' } }))).toThrow(
      `blueprint 'case': metadata.${problem}`,
    )
    const node = { run: value(1), contextConflicts: 'again' as never }
    expect(serviceOf(graph({ a: node }, []))).toThrow(`node 'a' of blueprint 'case': config.${problem}`)
  })
})

describe('TestService', () => {
  it.each<[ContextConflicts, number]>([
    ['warn', 1],
    ['retry', 3],
  ])("shows what AWS does with nodes that take their time, by '%s'", async (contextConflicts, length) => {
    const setup = graph({ start: value(1), a: after(2, 'a'), b: after(8, 'b'), c: after(14, 'c') }, [
      'start>a',
      'start>b',
      'start>c',
    ])
    const { blueprint, registry } = setup
    const options = { blueprints: { case: blueprint }, registry, logger: new NullLogger() }
    const { status, context } = await new TestService({ ...options, contextConflicts }).run({
      blueprintId: 'case',
    })

    expect(status).toBe('completed')
    expect(context['list']).toHaveLength(length)
  })
})

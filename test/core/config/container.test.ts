/** Flowcraft's dependency container in place of options, as `FlowRuntime` takes it. */
import {
  createDefaultContainer,
  DIContainer,
  type FlowcraftEvent,
  FlowRuntime,
  type IEvaluator,
  type ILogger,
  type ISerializer,
  JsonSerializer,
  type Middleware,
  type NodeContext,
  NullLogger,
  ServiceTokens,
} from 'flowcraft'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { withContainer } from '../../../lib/core/config/container.ts'
import { createWorkerHandler, SqsAdapter } from '../../../lib/index.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { tagged } from '../values/serializers.ts'

/** Nowhere: nothing is asked of it. */
const AWS = { queueUrl: 'https://sqs.local/1/jobs', tableName: 'state' }

const blueprint = {
  id: 'order',
  nodes: [
    { id: 'date', uses: 'date' },
    { id: 'pack', uses: 'echo' },
    { id: 'never', uses: 'echo' },
  ],
  edges: [
    { source: 'date', target: 'pack', condition: 'always' },
    { source: 'date', target: 'never', condition: 'notEver' },
  ],
}
const registry = {
  date: async ({ dependencies }: NodeContext) => ({ output: dependencies['today'] as unknown }),
  echo: async ({ input }: NodeContext) => ({ output: input }),
}

const finished = (all: FlowcraftEvent[]) => all.filter(({ type }) => type === 'node:finish').length

/** Shows what is protected. */
class Opened extends SqsAdapter {
  declare readonly runtime: FlowRuntime<Record<string, unknown>, Record<string, unknown>>
  declare readonly serializer: ISerializer
}

let events: FlowcraftEvent[]
let seen: string[]
let container: DIContainer
beforeEach(() => {
  events = []
  seen = []
  const middleware: Middleware = {
    beforeNode: async (_context, nodeId) => void seen.push(nodeId),
  }
  const evaluator: IEvaluator = { evaluate: (expression) => expression === 'always' }
  container = createDefaultContainer({
    blueprints: { order: blueprint },
    registry,
    serializer: tagged,
    evaluator,
    middleware: [middleware],
    eventBus: { emit: async (event) => void events.push(event) },
    dependencies: { today: new Date(5) },
  })
})

describe('a container', () => {
  it('is what a run goes by, as in memory: nodes, dependencies, serializer, evaluator, middleware, events', async () => {
    const inMemory = await new FlowRuntime(container).run(blueprint, {})
    const before = { seen: seen.splice(0), events: events.splice(0) }
    const service = new TestService({ container })

    const { status, context } = await service.run({ blueprintId: 'order' })

    expect(status).toBe(inMemory.status)
    expect(context).toMatchObject({ date: new Date(5), pack: new Date(5) })
    expect(context).not.toHaveProperty('never')
    expect(inMemory.context).toMatchObject({ date: new Date(5), pack: new Date(5) })
    expect(seen).toEqual(before.seen)
    expect(seen).toEqual(['date', 'pack'])
    expect(finished(events)).toBe(finished(before.events))
  })

  it('is what a worker goes by', () => {
    const logger = { ...quiet, warn: vi.fn<ILogger['warn']>() }
    container.register(ServiceTokens.Logger, logger)

    const adapter = new Opened({ ...AWS, container })

    const { runtime } = adapter
    expect(runtime.serializer).toBe(tagged)
    expect(adapter.serializer).toBe(tagged)
    runtime.logger.warn('told', { at: 1 })
    expect(logger.warn).toHaveBeenCalledWith('told', { at: 1 })
    expect(runtime.dependencies['today']).toEqual(new Date(5))
    expect(runtime.evaluator).toBe(container.resolve(ServiceTokens.Evaluator))
    expect(runtime.middleware).toBe(container.resolve(ServiceTokens.Middleware))
    expect([...runtime.registry.keys()]).toEqual(expect.arrayContaining(['date', 'echo']))
  })

  it('of a worker function is checked as options are', () => {
    const known = { ...AWS, logger: quiet }

    expect(createWorkerHandler({ ...known, container })).toBeTypeOf('function')
    container.register(ServiceTokens.NodeRegistry, { date: registry.date })
    expect(() => createWorkerHandler({ ...known, container })).toThrow(/echo/)
  })
})

describe('options beside a container', () => {
  it('go first, save those that say nothing', () => {
    const serializer = new JsonSerializer()

    const options = withContainer({ container, serializer, logger: quiet, dependencies: undefined })

    expect(options).toMatchObject({ serializer, logger: quiet, dependencies: { today: new Date(5) } })
    expect(options).not.toHaveProperty('container')
  })

  it('of a worker go first', () => {
    const serializer = new JsonSerializer()

    const { runtime } = new Opened({ ...AWS, container, serializer })

    expect(runtime.serializer).toBe(serializer)
    expect(runtime.dependencies['today']).toEqual(new Date(5))
  })

  it('are all there is where there is none', () => {
    expect(withContainer({ logger: quiet })).toEqual({ logger: quiet })
  })

  it('are not needed for what an empty container lacks', async () => {
    const service = new TestService({
      container: new DIContainer(),
      blueprints: { order: blueprint },
      registry,
      dependencies: { today: 'today' },
    })

    expect(await service.run({ blueprintId: 'order' })).toMatchObject({
      status: 'completed',
      context: { date: 'today' },
    })
  })
})

describe('the logger of a container', () => {
  it('counts as none where it is the one that the engine puts there, so that errors are seen', () => {
    expect(container.resolve(ServiceTokens.Logger)).toBeInstanceOf(NullLogger)

    expect(withContainer({ container }).logger).toBeUndefined()
    expect(new Opened({ ...AWS, container }).runtime.logger).not.toBeInstanceOf(NullLogger)
  })

  it('is used where it is an own one', () => {
    container.register(ServiceTokens.Logger, quiet)

    expect(withContainer({ container }).logger).toBe(quiet)
  })
})

/** The events of a batch, beside those in memory. */
import { type FlowcraftEvent, FlowRuntime } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { TestService } from '../../../lib/testing/index.ts'
import { graph, value } from '../../conformance/case.ts'
import { quiet } from '../../end-to-end/driver.ts'

type BatchEvent = Extract<FlowcraftEvent, { type: 'batch:start' | 'batch:finish' }>

function batch(items: readonly unknown[], more: { chunkSize?: number } = {}) {
  return graph(
    {
      make: value(items),
      work_scatter: {
        run: 'batch-scatter',
        inputs: 'make',
        params: { workerUsesKey: 'worker', outputKey: 'results', gatherNodeId: 'work_gather', ...more },
      },
      work_gather: { run: 'batch-gather', params: { outputKey: 'results', gatherNodeId: 'work_gather' } },
    },
    ['make>work_scatter', 'work_scatter>work_gather'],
    {
      builtIn: {
        worker: async ({ input }) => ({ output: input === 1 ? undefined : `did ${String(input)}` }),
      },
    },
  )
}

function listen() {
  const events: BatchEvent[] = []
  const emit = async (event: FlowcraftEvent) => {
    if (event.type === 'batch:start' || event.type === 'batch:finish') events.push(event)
  }
  return { events, eventBus: { emit } }
}

const withoutIds = (events: readonly BatchEvent[]) =>
  events.map((event) =>
    event.type === 'batch:start'
      ? { ...event, payload: { ...event.payload, workerNodeIds: event.payload.workerNodeIds.length } }
      : event,
  )

describe('a batch', () => {
  for (const items of [[0, 1, 2], [0]]) {
    it(`of ${items.length} tells its beginning and its end as in memory`, async () => {
      const { blueprint, registry } = batch(items)
      const inMemory = listen()
      await new FlowRuntime({ registry, eventBus: inMemory.eventBus }).run(blueprint, {})
      const here = listen()
      const options = { blueprints: { case: blueprint }, registry, logger: quiet, eventBus: here.eventBus }
      const service = new TestService(options)

      const { status, runId } = await service.run({ blueprintId: 'case' })

      expect(status).toBe('completed')
      const expected = withoutIds(inMemory.events).map((event) => ({
        ...event,
        payload: { ...event.payload, executionId: runId },
      }))
      expect(expected).toHaveLength(2)
      expect(withoutIds(here.events)).toEqual(expected)
    })
  }

  it('tells of each round the nodes that work on it', async () => {
    const { blueprint, registry } = batch([0, 1, 2, 3, 4], { chunkSize: 2 })
    const { events, eventBus } = listen()
    const ran: string[] = []
    const bus = {
      emit: async (event: FlowcraftEvent) => {
        if (event.type === 'node:start') ran.push(event.payload.nodeId)
        await eventBus.emit(event)
      },
    }

    await new TestService({ blueprints: { case: blueprint }, registry, logger: quiet, eventBus: bus }).run({
      blueprintId: 'case',
    })

    const rounds = events.flatMap((event) =>
      event.type === 'batch:start' ? [event.payload.workerNodeIds] : [],
    )
    expect(rounds.map(({ length }) => length)).toEqual([2, 2, 1])
    expect(ran.filter((id) => id.startsWith('worker_'))).toEqual(rounds.flat())
  })
})

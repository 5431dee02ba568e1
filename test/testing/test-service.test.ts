import { createFlow, type FlowcraftEvent, WebhookNode } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { MemoryRunStore, TestService } from '../../lib/testing/index.ts'
import { quiet } from '../end-to-end/driver.ts'

const order = createFlow('order')
  .node('take', async ({ context }) => ({ output: await context.get('orderId' as never) }))
  .node('pack', async ({ input }) => ({ output: `packed ${String(input)}` }))
  .edge('take', 'pack')

describe('TestService', () => {
  it('runs a flow to its end and tells how it ended', async () => {
    const service = new TestService({ flows: [order] })

    expect(await service.run({ blueprintId: 'order', input: { orderId: 'A-17' } })).toMatchObject({
      status: 'completed',
      context: { orderId: 'A-17', take: 'A-17', pack: 'packed A-17' },
      nodes: { completed: ['take', 'pack'] },
    })
  })

  it('runs plain blueprints with a registry, and node failures are results', async () => {
    const service = new TestService({
      blueprints: { plain: { id: 'plain', nodes: [{ id: 'a', uses: 'fails' }], edges: [] } },
      registry: {
        fails: async () => {
          throw new Error('no good')
        },
      },
      logger: quiet,
    })

    expect(await service.run({ blueprintId: 'plain' })).toMatchObject({
      status: 'failed',
      errors: [{ nodeId: 'a' }],
    })
  })

  it('says what is wrong with a flow, and that a blueprint is unknown', async () => {
    const bad = createFlow('bad')
      .node('a', async () => ({}))
      .edge('a', 'b')

    expect(() => new TestService({ flows: [bad] })).toThrow('cannot register the blueprints')
    await expect(new TestService({ flows: [order] }).run({ blueprintId: 'nope' })).rejects.toThrow(
      "no blueprint 'nope' here",
    )
    await expect(new TestService({ flows: [order] }).get('nope')).rejects.toThrow("there is no run 'nope'")
  })

  it('starts a run and goes on when it is told', async () => {
    const service = new TestService({ flows: [order] })

    const { runId } = await service.start({ blueprintId: 'order', runId: 'a-b-c-d-e' })

    expect([runId, service.queue.size, await service.isOver('a-b-c-d-e')]).toEqual(['a-b-c-d-e', 1, false])
    await service.settle()
    expect([service.queue.size, await service.isOver('a-b-c-d-e')]).toEqual([0, true])
  })

  it('takes a chain step by step where inline is off', async () => {
    const events: FlowcraftEvent[] = []
    const eventBus = { emit: async (event: FlowcraftEvent) => void events.push(event) }
    const enqueued = () => events.filter(({ type }) => type === 'job:enqueued').length

    await new TestService({ flows: [order], eventBus }).run({ blueprintId: 'order' })
    expect(enqueued()).toBe(0)
    await new TestService({ flows: [order], eventBus, inline: false }).run({ blueprintId: 'order' })
    expect(enqueued()).toBe(1)
  })

  it('shares runs with others over one store', async () => {
    const store = new MemoryRunStore()
    const one = new TestService({ flows: [order], store })
    const other = new TestService({ flows: [order], store })
    const { runId } = await one.run({ blueprintId: 'order', input: { orderId: 1 } })

    expect(await other.get(runId)).toMatchObject({ status: 'completed', context: { take: 1 } })
  })

  it('lets time pass by its own clock where a message comes back later', async () => {
    const service = new TestService({ flows: [order] })
    const { runId } = await service.start({ blueprintId: 'order' })
    const [message] = service.queue.visible()
    // A worker took the lease and died.
    await service.services.store.lease({
      runId,
      strand: '0.1',
      token: 'dead',
      now: service.now,
      until: service.now + 60_000,
    })
    const before = service.now
    expect(message?.receives).toBe(0)

    await service.settle()

    expect(await service.isOver(runId)).toBe(true)
    expect(message?.receives).toBe(2)
    expect(service.now - before).toBeGreaterThan(60_000)
    expect(service.now - before).toBeLessThan(70_000)
  })
})

describe('webhooks of a TestService', () => {
  it('take one request each, as the output of the node that waits for it', async () => {
    const flow = createFlow('hooked')
      .node('hook', WebhookNode)
      .wait('wait', { params: { eventName: 'webhook:hook' } })
      .node('end', async ({ input }) => ({ output: input as unknown }))
      .edge('hook', 'wait')
      .edge('wait', 'end')
    const service = new TestService({ flows: [flow] })
    const { runId } = await service.start({ blueprintId: 'hooked' })
    await service.settle()
    const { url } = (await service.get(runId)).context['hook'] as { url: string }

    expect(await service.post(`${url}x`, 1)).toBe('unknown')
    expect(await service.post(`${url}?from=shop`, { paid: true })).toBe('resumed')
    expect(await service.post(url, { paid: false })).toBe('used')
    await service.settle()

    const request = { method: 'POST', headers: {}, query: { from: 'shop' }, body: { paid: true } }
    expect(await service.get(runId)).toMatchObject({ status: 'completed', context: { end: request } })
  })
})

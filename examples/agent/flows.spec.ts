import { FlowRuntime, NullLogger } from 'flowcraft'
import { TestService } from 'flowcraft-aws/testing'
import { describe, expect, it } from 'vitest'
import { agent, type Context, flows, type Services } from './flows.js'
import { type AskModel, askModel } from './model.js'
import { tools, type Tools } from './tools.js'

const question = 'The kettle of order A-17 leaks. May I have my money back?'
const HOUR_MS = 3_600_000

/** The tools, and the keys of what was refunded. */
function counted() {
  const refunds: string[] = []
  const refund = {
    ...tools['refund']!,
    run: async (_: object, key: string) => `refunded, ${refunds.push(key)}`,
  }
  return { refunds, tools: { ...tools, refund } satisfies Tools }
}

function serviceWith(services: Partial<Services> = {}) {
  return new TestService({
    flows,
    dependencies: { askModel, tools, ...services },
    logger: new NullLogger(),
  })
}

/** Until a person is asked, or the run stands still. */
async function untilAsked(service: TestService<typeof flows>, more = {}) {
  const { runId } = await service.start({ blueprintId: 'agent', input: { question }, ...more })
  await expect(service.waitFor(runId, { timeoutMs: HOUR_MS })).rejects.toMatchObject({
    code: 'RUN_TIMEOUT',
  })
  return runId
}

describe('in memory', () => {
  it('answers what needs no tool', async () => {
    const runtime = new FlowRuntime<Context, Services>({ dependencies: { askModel, tools } })
    const { status, context } = await agent.run(runtime, { question: 'Hello' })
    expect([status, (context as { answer?: string }).answer]).toEqual([
      'completed',
      'Of which order would you like the money back?',
    ])
  })
})

describe('by the protocol of AWS', () => {
  it('uses harmless tools by itself, and asks before it gives money back', async () => {
    const { refunds, tools: given } = counted()
    const service = serviceWith({ tools: given })
    const runId = await untilAsked(service)
    expect((await service.get(runId)).waiting).toMatchObject([{ nodeId: 'approval' }])
    expect(refunds).toEqual([])

    await service.resume(runId, { nodeId: 'approval', action: 'approve' })

    const { status, context } = await service.waitFor(runId)
    expect([status, context['answer']]).toEqual(['completed', 'refunded, 1'])
    expect(refunds).toEqual(['refund-A-17'])
  })

  it.each([
    ['is refused', 'refuse'],
    ['nobody answers within a day', undefined],
  ])('gives nothing back where it %s', async (_, action) => {
    const { refunds, tools: given } = counted()
    const service = serviceWith({ tools: given })
    const runId = await untilAsked(service)
    if (action) await service.resume(runId, { nodeId: 'approval', action })

    const { status, context } = await service.waitFor(runId)

    expect([status, context['answer'], refunds]).toEqual(['completed', 'a person refused this', []])
  })

  it('adds up what the model cost, and pays for no kept answer again where each message comes twice', async () => {
    const service = serviceWith()
    const send = service.queue.send.bind(service.queue)
    service.queue.send = async (jobs, delaySeconds) => send([...jobs, ...jobs], delaySeconds)
    const runId = await untilAsked(service)
    await service.resume(runId, { nodeId: 'approval', action: 'approve' })

    const { cost } = await service.waitFor(runId)

    expect(cost?.other).toEqual({ model: 0.006 })
  })

  it('stands still at its budget until somebody raises it', async () => {
    const service = serviceWith()
    const runId = await untilAsked(service, { maxUsd: 0.003, onBudget: 'pause' })
    expect(await service.get(runId)).toMatchObject({ status: 'paused', cost: { usd: 0.004 } })

    await service.unpause(runId, { maxUsd: 1 })

    await expect(service.waitFor(runId, { timeoutMs: HOUR_MS })).rejects.toThrow("'approval' waits")
  })

  it('asks a busy model again, and tells it what a tool cannot do', async () => {
    let asked = 0
    const busy: AskModel = async (messages) => {
      if (++asked < 3) throw new Error('Too many requests')
      const last = messages.at(-1)
      if (last?.role === 'tool') return { text: last.text, usd: 0 }
      return { calls: [{ id: '1', name: 'buy', input: {} }], usd: 0 }
    }

    const { context } = await serviceWith({ askModel: busy }).run({
      blueprintId: 'agent',
      input: { question },
    })

    expect([asked, context['answer']]).toEqual([4, 'there is no tool buy'])
  })

  it('ends a model that never answers', async () => {
    const call = { id: '1', name: 'order', input: { orderId: 'A-17' } }
    const { status, errors } = await serviceWith({ askModel: async () => ({ calls: [call], usd: 0 }) }).run({
      blueprintId: 'agent',
      input: { question },
    })
    expect(status).toBe('failed')
    expect(errors?.[0]?.message).toContain('no answer after 8 rounds')
  })
})

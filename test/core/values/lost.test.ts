/** Values that are gone, that are no values, or that would be more than a process holds. */
import { deflateRawSync } from 'node:zlib'
import { createFlow, type NodeContext, WebhookNode } from 'flowcraft'
import { describe, expect, it, vi } from 'vitest'
import { parseJson } from '../../../lib/core/common/parse-json.ts'
import { parseJob } from '../../../lib/core/queue/job.ts'
import { expand } from '../../../lib/core/values/compression.ts'
import { MemoryRunStore, TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { withMethods } from '../../support/one-message.ts'

const flow = createFlow('two')
  .node('a', async ({ context }: NodeContext) => {
    await context.set('big', 'x'.repeat(2_000))
    return { output: 'small' }
  })
  .node('b', async ({ context }: NodeContext) => ({ output: ((await context.get('big')) as string).length }))
  .edge('a', 'b')

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth)
}

/** A service in which what is stored on its own is gone at once. */
function forgetful(flows = [flow]) {
  const { store } = new TestService({ flows: [] }).services
  const gone = withMethods(store, { getValue: async () => undefined, getValues: async () => new Map() })
  return new TestService({ flows, store: gone, logger: quiet })
}

describe('a value that is lost', () => {
  it('fails the node that needs it, and is told by whoever looks at the run', async () => {
    const { status, nodes, errors, lost, context } = await forgetful().run({ blueprintId: 'two' })

    expect({ status, nodes }).toMatchObject({ status: 'failed', nodes: { completed: ['a'], failed: ['b'] } })
    expect(context).toMatchObject({ a: 'small' })
    // The record of the error is stored on its own too, and so it is lost with the others.
    expect(errors).toBeUndefined()
    expect(lost?.map(({ key }) => key).toSorted()).toEqual(['_errors.1.1', 'big'])
    expect(lost?.[0]?.reason).toMatch(/is gone: the table has no such item/)
  })

  it('is nothing to a node that does not need it, or that goes on without it', async () => {
    const careful = createFlow('two')
      .node(
        'a',
        async ({ context }: NodeContext) => (await context.set('big', 'x'.repeat(2_000)), { output: 1 }),
      )
      .node('b', async ({ context }: NodeContext) => ({
        output: await context.get('big').catch((error: unknown) => (error as { code: string }).code),
      }))
      .edge('a', 'b')

    expect(await forgetful([careful]).run({ blueprintId: 'two' })).toMatchObject({
      status: 'completed',
      context: { b: 'VALUE_LOST' },
      lost: [{ key: 'big' }],
    })
  })
})

describe('bytes', () => {
  it('that are no value, or would be more than any is, are a value that is lost', async () => {
    const bomb = deflateRawSync(Buffer.alloc(300 * 1024 * 1024))
    expect(bomb.byteLength).toBeLessThan(400_000)

    await expect(expand({ bytes: bomb })).rejects.toMatchObject({ code: 'VALUE_LOST' })
    await expect(expand({ bytes: Buffer.from('no value') })).rejects.toMatchObject({ code: 'VALUE_LOST' })
  })
})

describe('JSON that is nested deep', () => {
  it('is refused before anything fails by it', () => {
    expect(() => parseJson(nested(10_000))).toThrow(/nested deeper than 1000 levels/)
    expect(() => parseJson(`{"a":${nested(1_000)}}`)).toThrow(/nested deeper/)
    expect(parseJson(`{"a":${nested(999)},"b":"${'['.repeat(5_000)}\\"["}`)).toHaveProperty('b')
  })

  it('is a bad request to a webhook, which is not used up', async () => {
    const hooked = createFlow('hooked')
      .node('hook', WebhookNode)
      .wait('paid', { params: { eventName: 'webhook:hook' } })
      .edge('hook', 'paid')
    const service = new TestService({ flows: [hooked], logger: quiet })
    const { runId } = await service.start({ blueprintId: 'hooked' })
    await service.settle()
    const before = await service.services.store.read(runId)
    const { url } = (await service.get(runId)).context['hook'] as { url: string }
    const json = { headers: { 'content-type': 'application/json' } }

    const deep = await service.request(url, { ...json, body: nested(10_000) })
    await service.settle()

    expect(deep).toMatchObject({
      statusCode: 400,
      body: expect.stringMatching(/nested deeper than 1000/) as string,
    })
    expect(await service.services.store.read(runId)).toEqual(before)
    expect(await service.request(url, { ...json, body: nested(1_000) })).toMatchObject({ statusCode: 202 })
  })

  it('is no input of a run, from whatever side it comes', async () => {
    const service = new TestService({ flows: [flow], logger: quiet })
    const deep: unknown = JSON.parse(nested(5_000))
    await expect(service.start({ blueprintId: 'two', input: { deep } })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    await expect(service.start({ blueprintId: 'two', input: circle })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
  })

  it('is no job', () => {
    const body = `{"runId":${nested(10_000)}}`
    expect(() => parseJob(body)).toThrow(expect.objectContaining({ code: 'INVALID_JOB' }))
  })
})

const orderOf = (id: string) => createFlow('order').node(id, async () => ({}))

describe('the blueprint that a run goes by', () => {
  it('is told as lost where nobody has it any more: its status and its input are there', async () => {
    const store = new MemoryRunStore()
    const { runId } = await new TestService({ flows: [orderOf('a')], store }).start({
      blueprintId: 'order',
      input: { orderId: 'A-17' },
    })
    vi.spyOn(store, 'getGraph').mockResolvedValue(undefined)

    const described = await new TestService({ flows: [orderOf('b')], store }).get(runId)

    expect(described).toMatchObject({ status: 'running', context: { orderId: 'A-17' } })
    expect(described.lost).toEqual([
      { key: '_blueprint', reason: expect.stringMatching(/of blueprint 'order' is not stored/) },
    ])
  })
})

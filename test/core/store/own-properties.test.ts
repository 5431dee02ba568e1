/** What a process writes while some library has added to `Object.prototype`: own properties only. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { createFlow, type NodeContext } from 'flowcraft'
import { afterEach, describe, expect, it } from 'vitest'
import { Table } from '../../../lib/core/store/table.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'

const polluted = Object.prototype as unknown as Record<string, unknown>

afterEach(() => {
  for (const name of ['helper', 'o', 'g']) delete polluted[name]
})

/** A table whose requests go nowhere, and what they are. */
function tableOf(answer: object = {}) {
  const sent: string[] = []
  const requestHandler = {
    handle: async ({ body }: { body: Uint8Array }) => {
      sent.push(new TextDecoder().decode(body))
      const stream = new ReadableStream({
        start(controller) {
          controller.enqueue(Buffer.from(JSON.stringify(answer)))
          controller.close()
        },
      })
      return { response: { statusCode: 200, headers: {}, body: stream } }
    },
  }
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }
  const client = new DynamoDBClient({
    region: 'eu-central-1',
    credentials,
    requestHandler: requestHandler as never,
  })
  return { table: new Table(client, 'state'), sent }
}

describe('a table', () => {
  it('is sent what an item and the values of an update have of their own', async () => {
    const { table, sent } = tableOf()
    polluted['helper'] = 'text'
    await table.put({ pk: 'p', sk: 's', a: { '0.1': '' }, r: {} })
    await table.update(
      { pk: 'p', sk: 's' },
      {
        UpdateExpression: 'SET r = :r',
        ExpressionAttributeValues: { ':r': { ':key': '=1' }, ':s': new Set([1]), ':b': Buffer.from('x') },
      },
    )
    delete polluted['helper']

    expect(sent.join('')).not.toContain('helper')
    expect(JSON.parse(sent[0] as string)).toMatchObject({
      Item: { a: { M: { '0.1': { S: '' } } }, r: { M: {} } },
    })
    expect(JSON.parse(sent[1] as string)).toMatchObject({
      ExpressionAttributeValues: {
        ':r': { M: { ':key': { S: '=1' } } },
        ':s': { NS: ['1'] },
        ':b': { B: 'eA==' },
      },
    })
  })

  it('gives items that inherit nothing', async () => {
    const { table } = tableOf({ Item: { pk: { S: 'p' } } })
    polluted['o'] = 'end'
    const item = await table.get({ pk: 'p', sk: 's' })
    delete polluted['o']

    expect(item).toEqual({ pk: 'p' })
    expect(item?.['o']).toBeUndefined()
  })
})

describe('keys that objects inherit', () => {
  const keys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']

  it('are keys of a context, of an input and of a subflow like any other', async () => {
    const flow = createFlow('keys')
      .node('set', async ({ context }: NodeContext) => {
        for (const key of keys) await context.set(`${key}`, `set ${key}`)
        return { output: Object.fromEntries(keys.map((key) => [key, 1])) }
      })
      .node('read', async ({ context }: NodeContext) => ({
        output: await Promise.all(keys.map((key) => context.get(key))),
      }))
      .edge('set', 'read')
    const input = Object.fromEntries(keys.map((key) => [`${key}`, 'given']))
    const { status, context } = await new TestService({ flows: [flow], logger: quiet }).run({
      blueprintId: 'keys',
      input,
    })

    expect({ status, read: context['read'] }).toEqual({
      status: 'completed',
      read: keys.map((key) => `set ${key}`),
    })
    for (const key of keys) {
      expect(Object.getOwnPropertyDescriptor(context, key)?.value).toBe(`set ${key}`)
      expect(Object.hasOwn(context['set'] as object, key)).toBe(true)
    }
  })

  it('are ids of nodes like any other', async () => {
    const flow = createFlow('ids')
    for (const key of keys) flow.node(key, async () => ({ output: `of ${key}` }))
    const { status, context, nodes } = await new TestService({ flows: [flow], logger: quiet }).run({
      blueprintId: 'ids',
    })

    expect({ status, completed: nodes.completed }).toEqual({ status: 'completed', completed: keys })
    for (const key of keys) expect(Object.getOwnPropertyDescriptor(context, key)?.value).toBe(`of ${key}`)
  })

  it('are set by the items of a batch like any other', async () => {
    const flow = createFlow<Record<string, unknown>>('items')
      .node('make', async () => ({ output: keys }))
      .batch(
        'work',
        async ({ context, input }: NodeContext) => {
          await context.set(input as string, `by ${String(input)}`)
          return { output: input }
        },
        { inputKey: 'make', outputKey: 'out' },
      )
      .edge('make', 'work')
    const { status, context } = await new TestService({ flows: [flow], logger: quiet }).run({
      blueprintId: 'items',
    })

    expect(status).toBe('completed')
    for (const key of keys) expect(Object.getOwnPropertyDescriptor(context, key)?.value).toBe(`by ${key}`)
  })
})

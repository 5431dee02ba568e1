/** Inputs with schemas, and starts that come again, on the local AWS. */
import { ScanCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { createFlow, type NodeContext } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { createStartRunHandler, defineFlows } from '../../lib/index.ts'
import { depth, drain, put, quiet, receive } from '../end-to-end/driver.ts'
import { eachDeployment } from '../support/each-deployment.ts'
import { adapterOf, awsOptions, clientOf, type TestDeployment } from '../support/service.ts'

let deployment: TestDeployment
eachDeployment((made) => (deployment = made))

const order = createFlow('order').node('take', async ({ context }: NodeContext) => ({
  output: [await context.get('id'), await context.get('note')],
}))
const input = z.object({ id: z.string().toLowerCase(), note: z.string().default('x'.repeat(2_000)) })
const flows = defineFlows({ order: { flow: order, input } })

async function everything(): Promise<{ items: number; messages: number }> {
  const { Count = 0 } = await deployment.aws.clients.dynamoDbClient.send(
    new ScanCommand({ TableName: deployment.tableName, ConsistentRead: true }),
  )
  const { visible, hidden } = await depth(deployment, deployment.queueUrl)
  return { items: Count, messages: visible + hidden }
}

describe('a wrong input', () => {
  it('is refused by StartRun and by a client with flows, and nothing is written', async () => {
    const startRun = createStartRunHandler({ ...awsOptions(deployment), flows })
    const request = { blueprintId: 'order', input: { id: 7, note: 8 } }
    const message = expect.stringMatching(/cannot start 'order':\n- input\.id: .*\n- input\.note: .*$/)

    await expect(startRun(request)).rejects.toMatchObject({ code: 'INVALID_INPUT', message })
    await expect(clientOf(deployment, { flows }).start(request)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message,
    })
    expect(await everything()).toEqual({ items: 0, messages: 0 })
  })

  it('fails the run where only a worker has the schema', async () => {
    const client = clientOf(deployment)
    const { runId } = await client.start({ blueprintId: 'order', input: { id: 7 } })

    await drain(deployment, adapterOf(deployment, { flows: [...flows], logger: quiet }))

    expect(await client.get(runId)).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining("cannot start 'order': input.id: "),
    })
  })
})

describe('an input', () => {
  it.each([
    ['a client with flows', () => clientOf(deployment, { flows })],
    ['a client without, then the worker', () => clientOf(deployment)],
  ])('is what the schema gives: by %s', async (_, make) => {
    const client = make()
    const { runId } = await client.start({ blueprintId: 'order', input: { id: 'A', more: 1 } })

    await drain(deployment, adapterOf(deployment, { flows: [...flows], logger: quiet }))

    const { status, context } = await client.get(runId)
    expect([status, context['take'], context['more']]).toEqual([
      'completed',
      ['a', 'x'.repeat(2_000)],
      undefined,
    ])
  })
})

describe('a run whose header says nothing of its input, as older versions wrote it', () => {
  it('is in conflict with no input, and with another blueprint', async () => {
    const other = createFlow('other').node('a', async () => ({}))
    const client = clientOf(deployment, { flows: [order, other] })
    const start = (value: string) => client.start({ blueprintId: 'order', runId: 'r', input: { id: value } })
    await start('A')
    await expect(start('B')).rejects.toMatchObject({ code: 'RUN_CONFLICT' })
    await deployment.aws.clients.dynamoDbClient.send(
      new UpdateItemCommand({
        TableName: deployment.tableName,
        Key: { pk: { S: 'R#r' }, sk: { S: 'RUN' } },
        UpdateExpression: 'REMOVE h',
        ConditionExpression: 'attribute_exists(h)',
      }),
    )

    expect(await start('B')).toMatchObject({ created: false })
    await expect(client.start({ blueprintId: 'other', runId: 'r' })).rejects.toMatchObject({
      code: 'RUN_CONFLICT',
    })
    expect((await client.get('r')).context['id']).toBe('A')
  })
})

describe('a raw job that comes twice', () => {
  it('starts one run, with which a start without an input agrees, and one with an input does not', async () => {
    const plain = createFlow('order').node('take', async () => ({ output: 1 }))
    const adapter = adapterOf(deployment, { flows: [plain], logger: quiet })
    const job = { runId: 'r', blueprintId: 'order', nodeId: 'take' }
    await put(deployment, job)
    await put(deployment, job)

    await drain(deployment, adapter)

    const client = clientOf(deployment, { flows: [plain] })
    expect(await client.get('r')).toMatchObject({ status: 'completed' })
    expect(await receive(deployment)).toEqual([])
    expect(await client.start({ blueprintId: 'order', runId: 'r' })).toMatchObject({ created: false })
    await expect(client.start({ blueprintId: 'order', runId: 'r', input: { a: 1 } })).rejects.toMatchObject({
      code: 'RUN_CONFLICT',
    })
  })
})

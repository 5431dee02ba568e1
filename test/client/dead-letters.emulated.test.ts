/** The dead letters of a service, over real queues, by the client. */
import { SendMessageCommand } from '@aws-sdk/client-sqs'
import { describe, expect, it } from 'vitest'
import { RunClient } from '../../lib/index.ts'
import { graph, trail } from '../conformance/case.ts'
import { Durable } from '../end-to-end/durable.ts'
import { eachDeployment } from '../support/each-deployment.ts'
import { awsOptions, type TestDeployment } from '../support/service.ts'

let deployment: TestDeployment
eachDeployment((made) => {
  deployment = made
})

async function put(body: string, reason?: string): Promise<void> {
  const { aws, deadLetterQueueUrl: QueueUrl } = deployment
  const attribute = { 'flowcraft-reason': { DataType: 'String', StringValue: reason } }
  const MessageAttributes = reason === undefined ? {} : attribute
  await aws.clients.sqsClient.send(new SendMessageCommand({ QueueUrl, MessageBody: body, MessageAttributes }))
}

const setup = () => graph({ wait: { run: 'wait' }, end: trail('end') }, ['wait>end'])

describe('dead letters', () => {
  it('are listed with what they are about, again and again', async () => {
    const { client } = new Durable(deployment, setup())
    await put('no job at all', 'not a job')
    await put(JSON.stringify({ runId: 'r', blueprintId: 'case', nodeId: 'wait', iteration: 1 }))
    for (let time = 0; time < 2; time++) {
      const listed = await client.deadLetters.list()
      expect(listed.toSorted((a, b) => (a.runId ?? '').localeCompare(b.runId ?? ''))).toEqual([
        { id: expect.any(String), body: 'no job at all', reason: 'not a job' },
        { id: expect.any(String), body: expect.any(String), runId: 'r', blueprintId: 'case', nodeId: 'wait' },
      ])
    }
    expect(await client.deadLetters.list({ runId: 'r', limit: 1 })).toHaveLength(1)
  })

  it('go back to the workers: of a run, by id, or all that are jobs', async () => {
    const durable = new Durable(deployment, setup())
    const { client } = durable
    const runId = await durable.start()
    await client.resume(runId, { output: 'yes' })
    await put(
      JSON.stringify({ runId, blueprintId: 'case', nodeId: 'wait', iteration: 1 }),
      'sent back 50 times',
    )
    await put('no job at all', 'not a job')

    expect(await client.deadLetters.sendBack({ runId: 'another' })).toEqual([])
    const [letter] = await client.deadLetters.sendBack({ all: true })
    expect(letter).toMatchObject({ runId, reason: 'sent back 50 times' })

    expect(await durable.finish(runId)).toMatchObject({ status: 'completed' })
    expect(await client.deadLetters.list()).toMatchObject([{ body: 'no job at all' }])
  })

  it('are dropped, and a run that needs one says so, by whom and why', async () => {
    const durable = new Durable(deployment, setup())
    const { client } = durable
    const runId = await durable.start()
    await put(JSON.stringify({ runId, blueprintId: 'case', nodeId: 'wait', iteration: 1 }), 'why ever')
    await put('no job at all', 'not a job')
    const [other] = (await client.deadLetters.list()).filter((one) => one.runId === undefined)

    expect(await client.deadLetters.drop({ ids: [other?.id ?? ''] })).toMatchObject([
      { body: 'no job at all' },
    ])
    await client.deadLetters.drop({ runId, by: 'Ada', reason: 'a mistake' })

    expect(await client.deadLetters.list()).toEqual([])
    expect(await client.get(runId)).toMatchObject({
      deadLetters: [{ nodeId: 'wait', reason: 'its message was dropped by Ada: a mistake' }],
      operations: [{ kind: 'drop', by: 'Ada', reason: 'a mistake', nodes: ['wait'] }],
    })
  })

  it('are chosen on purpose, and need a queue', async () => {
    const { client } = new Durable(deployment, setup())
    const message = expect.stringContaining('give ids, runId or both, or all: true alone') as string
    const chosen = { code: 'INVALID_INPUT', message }
    await expect(client.deadLetters.drop({})).rejects.toMatchObject(chosen)
    await expect(client.deadLetters.sendBack({ all: true, runId: 'r' } as never)).rejects.toMatchObject(
      chosen,
    )
    await expect(client.deadLetters.drop({ ids: [] })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(client.deadLetters.list({ limit: 0 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    const without = new RunClient({ ...awsOptions(deployment), deadLetterQueueUrl: undefined })
    await expect(without.deadLetters.list()).rejects.toMatchObject({ code: 'INVALID_CONFIGURATION' })
  })
})

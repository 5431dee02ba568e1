/** What the sweep does with the dead-letter queue. */
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs'
import { createFlow } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { DeadLetterQueue } from '../../lib/core/queue/dead-letter-queue.ts'
import { createSweepHandler, type SweepResult } from '../../lib/index.ts'
import type { LocalAws } from '../../lib/local/index.ts'
import { eachDeployment } from '../support/each-deployment.ts'
import { adapterOf, awsOptions, clientOf, type TestDeployment } from '../support/service.ts'
import { depth, drain, jobOf, put, quiet, receive } from './driver.ts'

const flows = [
  createFlow('order')
    .node('a', async () => ({ output: 1 }))
    .node('b', async () => ({ output: 2 }))
    .edge('a', 'b'),
]

let aws: LocalAws
let deployment: TestDeployment
eachDeployment((made) => {
  deployment = made
  aws = made.aws
})

/** As SQS's redrive policy does it: the body as it is, without a reason. */
async function bury(body: unknown): Promise<void> {
  const MessageBody = typeof body === 'string' ? body : JSON.stringify(body)
  const QueueUrl = deployment.deadLetterQueueUrl
  await aws.clients.sqsClient.send(new SendMessageCommand({ QueueUrl, MessageBody }))
}

async function reasons(): Promise<(string | undefined)[]> {
  const { sqsClient: client } = aws.clients
  const letters = await new DeadLetterQueue({ client, queueUrl: deployment.deadLetterQueueUrl }).receive()
  return letters.map(({ reason }) => reason)
}

const sweep = (): Promise<SweepResult> => createSweepHandler({ ...awsOptions(deployment), logger: quiet })()
const start = (runId: string) => clientOf(deployment, { flows }).start({ blueprintId: 'order', runId })

describe('the sweep', () => {
  it('sends a job that was received too often back to its queue, and the run goes on', async () => {
    await start('r1')
    const [message] = await receive(deployment)
    await bury(message?.Body)
    const { sqsClient: sqs } = aws.clients
    await sqs.send(
      new DeleteMessageCommand({ QueueUrl: deployment.queueUrl, ReceiptHandle: message?.ReceiptHandle }),
    )

    expect(await sweep()).toEqual({ runs: 0, jobs: 0, released: 0, returned: 1, deadLetters: 0 })

    expect(await depth(deployment, deployment.deadLetterQueueUrl)).toEqual({ visible: 0, hidden: 0 })
    await drain(deployment, adapterOf(deployment, { flows }))
    expect(await clientOf(deployment).get('r1')).toMatchObject({ status: 'completed' })
  })

  it('gets it there by itself, through the redrive policy of the queue', async () => {
    const { queueUrl, deadLetterQueueUrl } = await aws.createQueue({
      maxReceiveCount: 1,
      visibilityTimeoutSeconds: 0,
    })
    deployment = { ...deployment, queueUrl, deadLetterQueueUrl }
    await start('r1')
    for (let receives = 0; receives < 2; receives++) {
      await aws.clients.sqsClient.send(new ReceiveMessageCommand({ QueueUrl: queueUrl }))
    }
    expect(await depth(deployment, deadLetterQueueUrl)).toMatchObject({ visible: 1 })

    expect(await sweep()).toMatchObject({ returned: 1 })
    const [message] = await receive(deployment)
    expect(message && jobOf(message)).toMatchObject({ runId: 'r1', nodeId: 'a', returns: 1 })
  })

  it('drops what nobody needs any more', async () => {
    await start('r1')
    await drain(deployment, adapterOf(deployment, { flows }))
    await bury({ runId: 'r1', blueprintId: 'order', nodeId: 'a', iteration: 1 })
    await bury({ runId: 'deleted by hand', blueprintId: 'order', nodeId: 'a', iteration: 1 })
    await bury({ runId: 'deleted-by-hand', blueprintId: 'order', nodeId: 'a', iteration: 1 })

    expect(await sweep()).toMatchObject({ returned: 0 })

    expect(await depth(deployment, deployment.queueUrl)).toEqual({ visible: 0, hidden: 0 })
    // A run id with spaces makes it no job at all, which a person should see.
    expect(await reasons()).toEqual([expect.stringMatching(/^not a job: runId must be/)])
  })

  it("sends back the guide's job, which begins a run", async () => {
    await bury({ runId: 'raw', blueprintId: 'order', nodeId: 'a' })

    expect(await sweep()).toMatchObject({ returned: 1 })

    await drain(deployment, adapterOf(deployment, { flows }))
    expect(await clientOf(deployment).get('raw')).toMatchObject({ status: 'completed' })
  })

  it('leaves what has a reason where it is, visible to others, and marks what is no job', async () => {
    const { sqsClient: client } = aws.clients
    const letters = new DeadLetterQueue({ client, queueUrl: deployment.deadLetterQueueUrl })
    for (let at = 0; at < 25; at++) await letters.put(`{"n":${at}}`, 'a worker refused it')
    await bury('hello')
    await start('r1')

    expect(await sweep()).toMatchObject({ returned: 0 })
    expect(await sweep()).toMatchObject({ returned: 0, deadLetters: 26 })

    expect(await depth(deployment, deployment.deadLetterQueueUrl)).toEqual({ visible: 26, hidden: 0 })
  })

  it('gives up a job that it sent back 50 times: the message has a reason, and the run says so', async () => {
    await start('r1')
    const [message] = await receive(deployment)
    await bury({ ...JSON.parse(message?.Body ?? ''), returns: 50 })

    expect(await sweep()).toMatchObject({ returned: 0 })

    const reason = 'sent back 50 times, and no worker was done with it'
    const client = clientOf(deployment, { flows })
    expect(await client.get('r1')).toMatchObject({
      status: 'running',
      deadLetters: [{ nodeId: 'a', reason }],
    })
    expect(await reasons()).toEqual([reason])

    // Somebody sends it back by hand.
    await put(deployment, message?.Body)
    await drain(deployment, adapterOf(deployment, { flows }))
    const after = await client.get('r1')
    expect(after.status).toBe('completed')
    expect(after.deadLetters).toBeUndefined()
  })

  it('says it of a run that nobody has begun, too', async () => {
    await clientOf(deployment).start({ blueprintId: 'order', runId: 'r1' })
    await bury({ runId: 'r1', blueprintId: 'order', returns: 50 })

    await sweep()

    expect((await clientOf(deployment).get('r1')).deadLetters).toEqual([
      { reason: 'sent back 50 times, and no worker was done with it' },
    ])
  })

  it('of a long-lived worker does the same', async () => {
    await start('r1')
    await bury({ runId: 'r1', blueprintId: 'order', nodeId: 'a', iteration: 1 })

    expect(await adapterOf(deployment, { flows }).sweep()).toMatchObject({ returned: 1 })
  })
})

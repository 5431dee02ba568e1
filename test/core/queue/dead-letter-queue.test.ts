/** What SQS is asked to take as the reason of a message that is no job. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { mockClient } from 'aws-sdk-client-mock'
import { afterEach, describe, expect, it } from 'vitest'
import { rejectMessage } from '../../../lib/core/queue/dead-letter-queue.ts'
import { parseJob } from '../../../lib/core/queue/job.ts'
import { quiet } from '../../end-to-end/driver.ts'

const client = new SQSClient({ region: 'us-east-1' })
const sqs = mockClient(client)
afterEach(() => sqs.reset())

/** As SQS words it. */
function refusal(name: string, message: string): Error {
  return Object.assign(new Error(message), { name, $fault: 'client' })
}

/** As SQS does: what it does not take is refused. */
function takes({ MessageBody = '', MessageAttributes = {} }: SendMessageCommand['input']) {
  let bytes = Buffer.byteLength(MessageBody)
  const bad = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u
  for (const [name, { DataType = '', StringValue = '' }] of Object.entries(MessageAttributes)) {
    bytes += name.length + DataType.length + Buffer.byteLength(StringValue)
    if (StringValue === '') throw refusal('InvalidParameterValueException', 'must contain a non-empty value')
    if (bad.test(StringValue)) throw refusal('InvalidParameterValueException', 'invalid characters')
  }
  if (bytes > 1_048_576) throw refusal('InvalidParameterValueException', 'One or more parameters are invalid')
  return { MessageId: 'm' }
}

async function reject(body: string, error?: Error): Promise<{ taken: boolean; reason: string | undefined }> {
  sqs.on(SendMessageCommand).callsFake(takes)
  const options = { sqsClient: client, deadLetterQueueUrl: 'https://sqs.local/1/dead', logger: quiet }
  const taken = await rejectMessage(options, body, error ?? notAJob(body))
  const { args } = sqs.commandCalls(SendMessageCommand).at(-1) ?? {}
  expect(args?.[0].input.MessageBody).toBe(body)
  return { taken, reason: args?.[0].input.MessageAttributes?.['flowcraft-reason']?.StringValue }
}

function notAJob(body: string): Error {
  try {
    parseJob(body)
  } catch (error) {
    return error as Error
  }
  throw new Error('it is a job')
}

describe('a message that is no job gets into the dead-letter queue', () => {
  const escaped = {
    'a control character': String.raw`{"runId":"a\u0001b","blueprintId":"b"}`,
    'a null character': String.raw`{"runId":"r","blueprintId":"b","nodeId":"","passedOn":"\u0000"}`,
    'an escape of a terminal': String.raw`{"runId":"\u001b[31m","blueprintId":"b"}`,
    'half a character': String.raw`{"runId":"\ud83d","blueprintId":"b"}`,
    'the other half': String.raw`{"runId":"\ude80","blueprintId":"b"}`,
    'no character at all': String.raw`{"runId":"\uffff\ufffe","blueprintId":"b"}`,
  }
  for (const [what, body] of Object.entries(escaped)) {
    it(`though its run id escapes ${what}`, async () => {
      const { taken, reason } = await reject(body)

      expect(taken).toBe(true)
      expect(reason).toMatch(/^not a job: /)
    })
  }

  it('though its reason would be cut inside a character', async () => {
    for (let length = 0; length < 4; length++) {
      const { taken, reason } = await reject('x', new Error('a'.repeat(length) + '🚀'.repeat(2_000)))

      expect(taken).toBe(true)
      expect(reason).not.toContain('\u{fffd}')
    }
  })

  it('though its error says nothing', async () => {
    expect(await reject('x', new Error(''))).toEqual({ taken: true, reason: 'no reason was given' })
  })

  it('though it leaves room for a short reason only', async () => {
    const attribute = 'flowcraft-reason'.length + 'String'.length
    const body = 'x'.repeat(1_048_576 - attribute - 12)

    expect(await reject(body)).toEqual({ taken: true, reason: 'not a job: t' })
  })
})

describe('a message that the dead-letter queue cannot take', () => {
  it('stays where it is: its queue moves it in time', async () => {
    expect(await reject('x'.repeat(1_048_576))).toMatchObject({ taken: false })
  })

  it('is not the same as a queue that is away', async () => {
    sqs.on(SendMessageCommand).rejects(refusal('ServiceUnavailable', 'try later'))
    const options = { sqsClient: client, deadLetterQueueUrl: 'https://sqs.local/1/dead', logger: quiet }

    await expect(rejectMessage(options, 'x', new Error('no'))).rejects.toThrow(
      'ServiceUnavailable: try later',
    )
  })
})

/** What SQS refuses and emulators take: no test against them would tell. */
import { describe, expect, it } from 'vitest'
import { SqsRefusals } from '../../lib/local/proxy/sqs-refusals.ts'

const MIB = 1_048_576
const attribute = (StringValue: string, DataType = 'String') => ({ why: { DataType, StringValue } })
const batch = (...Entries: object[]) => ({ Entries: Entries.map((entry, at) => ({ Id: `${at}`, ...entry })) })

/** The name of the error, of the request or of an entry. */
function refused(operation: string, input: object): string | undefined {
  const refusals = new SqsRefusals({ strict: true })
  const { type } = refusals.ofRequest(operation, { ...input }) ?? {}
  return type ?? refusals.ofEntries(operation, { ...input })[0]?.Code
}

describe('SQS', () => {
  it.each<[string, string, object]>([
    [
      'a body with every character that is allowed',
      'SendMessage',
      { MessageBody: '\t\n\r ~\u007f\ud7ff\ue000\ufffd😀' },
    ],
    ['as many bytes as there may be', 'SendMessage', { MessageBody: 'x'.repeat(MIB) }],
    ['an attribute', 'SendMessage', { MessageBody: 'x', MessageAttributes: attribute('since') }],
    [
      'a batch of ten',
      'SendMessageBatch',
      batch(...Array.from({ length: 10 }, () => ({ MessageBody: 'x' }))),
    ],
    ['the longest delay', 'SendMessage', { MessageBody: 'x', DelaySeconds: 900 }],
    ['a message that comes back at once', 'ChangeMessageVisibility', { VisibilityTimeout: 0 }],
    ['a long poll', 'ReceiveMessage', { WaitTimeSeconds: 20, MaxNumberOfMessages: 10 }],
  ])('takes %s', (_, operation, input) => {
    expect(refused(operation, input)).toBeUndefined()
  })

  it.each<[string, string, object, string]>([
    ['an empty body', 'SendMessage', { MessageBody: '' }, 'MissingParameter'],
    ['U+0001', 'SendMessage', { MessageBody: 'a\u0001' }, 'InvalidMessageContents'],
    ['U+FFFE', 'SendMessageBatch', batch({ MessageBody: '\ufffe' }), 'InvalidMessageContents'],
    ['half a character', 'SendMessage', { MessageBody: '😀'.slice(0, 1) }, 'InvalidMessageContents'],
    ['a byte too many', 'SendMessage', { MessageBody: 'x'.repeat(MIB + 1) }, 'InvalidParameterValue'],
    [
      'a byte too many with the attributes',
      'SendMessage',
      // 3 bytes of name, 6 of type, 2 of value.
      { MessageBody: 'x'.repeat(MIB - 10), MessageAttributes: attribute('é') },
      'InvalidParameterValue',
    ],
    [
      'a byte too many in a batch',
      'SendMessageBatch',
      batch({ MessageBody: 'x'.repeat(MIB) }, { MessageBody: 'x' }),
      'BatchRequestTooLong',
    ],
    ['a batch of none', 'SendMessageBatch', batch(), 'EmptyBatchRequest'],
    [
      'a batch of eleven',
      'DeleteMessageBatch',
      batch(...Array.from({ length: 11 }, () => ({}))),
      'TooManyEntriesInBatchRequest',
    ],
    [
      'an Id twice',
      'DeleteMessageBatch',
      { Entries: [{ Id: 'a' }, { Id: 'a' }] },
      'BatchEntryIdsNotDistinct',
    ],
    ['an Id with a dot', 'DeleteMessageBatch', { Entries: [{ Id: 'a.b' }] }, 'InvalidBatchEntryId'],
    [
      'a longer delay',
      'SendMessageBatch',
      batch({ MessageBody: 'x', DelaySeconds: 901 }),
      'InvalidParameterValue',
    ],
    ['half a second', 'ChangeMessageVisibility', { VisibilityTimeout: 0.5 }, 'InvalidParameterValue'],
    ['a longer poll', 'ReceiveMessage', { WaitTimeSeconds: 21 }, 'InvalidParameterValue'],
    [
      'a control character in an attribute',
      'SendMessage',
      { MessageBody: 'x', MessageAttributes: attribute('\u0000') },
      'InvalidParameterValue',
    ],
    [
      'an empty attribute',
      'SendMessage',
      { MessageBody: 'x', MessageAttributes: attribute('') },
      'InvalidParameterValue',
    ],
    [
      'an attribute of no type',
      'SendMessage',
      { MessageBody: 'x', MessageAttributes: attribute('x', 'Text') },
      'InvalidParameterValue',
    ],
    [
      "AWS's own attributes",
      'SendMessage',
      { MessageBody: 'x', MessageAttributes: { 'AWS.why': attribute('x').why } },
      'InvalidParameterValue',
    ],
    [
      'eleven attributes',
      'SendMessage',
      {
        MessageBody: 'x',
        MessageAttributes: Object.fromEntries(
          Array.from({ length: 11 }, (__, at) => [`a${at}`, attribute('x').why]),
        ),
      },
      'InvalidParameterValue',
    ],
  ])('refuses %s', (_, operation, input, type) => {
    expect(refused(operation, input)).toBe(type)
  })

  it('takes all of that where it is not strict', () => {
    const lenient = new SqsRefusals({ strict: false })
    const body = { MessageBody: '\u0001' }
    expect(lenient.ofRequest('SendMessage', body)).toBeUndefined()
    expect(lenient.ofEntries('SendMessageBatch', batch(body))).toEqual([])
  })

  it('refuses entries of a batch, and not the others beside them', () => {
    const entries = batch(
      { MessageBody: 'x' },
      { MessageBody: '\ufffe' },
      { MessageBody: 'x', DelaySeconds: 901 },
    )
    const refusals = new SqsRefusals({ strict: true })
    expect(refusals.ofRequest('SendMessageBatch', entries)).toBeUndefined()
    expect(refusals.ofEntries('SendMessageBatch', entries)).toEqual([
      {
        Id: '1',
        Code: 'InvalidMessageContents',
        Message: 'a body may not have the character #xFFFE',
        SenderFault: true,
      },
      expect.objectContaining({ Id: '2', Code: 'InvalidParameterValue' }),
    ])
  })

  it('keeps a message from others for 12 hours in all, from when it was received', () => {
    let now = 0
    const refusals = new SqsRefusals({ strict: true, now: () => now })
    const change = (VisibilityTimeout: number, ReceiptHandle = 'a') =>
      refusals.ofRequest('ChangeMessageVisibility', { ReceiptHandle, VisibilityTimeout })
    const Messages = ['a', 'b'].map((ReceiptHandle) => ({ ReceiptHandle, MessageId: `of ${ReceiptHandle}` }))
    refusals.observe('ReceiveMessage', { VisibilityTimeout: 600 }, { Messages })
    expect(change(43_200)).toBeUndefined()
    now = 60_000
    expect(change(43_140)).toBeUndefined()
    expect(change(43_141)).toMatchObject({
      type: 'InvalidParameterValue',
      message: expect.stringContaining('Total VisibilityTimeout for the message is beyond the limit'),
    })
    expect(
      refusals.ofEntries('ChangeMessageVisibilityBatch', {
        Entries: [
          { Id: '1', ReceiptHandle: 'b', VisibilityTimeout: 43_141 },
          { Id: '2', ReceiptHandle: 'b', VisibilityTimeout: 43_140 },
        ],
      }),
    ).toEqual([expect.objectContaining({ Id: '1' })])

    expect(change(43_141, 'never seen')).toBeUndefined()
  })
})

describe('messages in flight', () => {
  const QueueUrl = 'q'
  let now = 0
  const refusalsOf = (inFlightLimit?: number) => {
    now = 0
    const refusals = new SqsRefusals({ strict: true, inFlightLimit, now: () => now })
    const observe = (operation: string, input: object, output: object = {}) =>
      refusals.observe(operation, { QueueUrl, ...input }, { ...output })
    return {
      observe,
      receive: (MessageId: string, ReceiptHandle: string, input: object = {}) =>
        observe('ReceiveMessage', input, { Messages: [{ MessageId, ReceiptHandle }] }),
      /** What a change by a handle says. */
      change: (ReceiptHandle: string) =>
        refusals.ofRequest('ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout: 10 })
          ?.type,
      poll: (WaitTimeSeconds = 0, url = QueueUrl) => {
        const input = { QueueUrl: url, WaitTimeSeconds }
        const refusal = refusals.ofRequest('ReceiveMessage', input)?.type
        return refusal ?? (refusals.givesNothing('ReceiveMessage', input) ? 'nothing' : 'asks')
      },
    }
  }

  it('are those of the last receive, until they are deleted or come back', () => {
    const { observe, receive, change } = refusalsOf()
    receive('m', 'first')
    expect(change('first')).toBeUndefined()
    now = 30_000
    expect(change('first')).toBe('MessageNotInflight')
    receive('m', 'second')
    expect([change('first'), change('second')]).toEqual(['MessageNotInflight', undefined])
    observe('DeleteMessageBatch', { Entries: [{ Id: '1', ReceiptHandle: 'second' }] })
    expect(change('second')).toBe('MessageNotInflight')
  })

  it('stay for the visibility timeout of the queue, of the receive, or of the last change', () => {
    const { observe, receive, change } = refusalsOf()
    observe('CreateQueue', { QueueUrl: undefined, Attributes: { VisibilityTimeout: '60' } }, { QueueUrl })
    receive('of the queue', 'q')
    receive('of the receive', 'r', { VisibilityTimeout: 100 })
    observe('ChangeMessageVisibility', { ReceiptHandle: 'q', VisibilityTimeout: 80 })
    now = 79_999
    expect([change('q'), change('r')]).toEqual([undefined, undefined])
    now = 80_000
    expect([change('q'), change('r')]).toEqual(['MessageNotInflight', undefined])
  })

  it('are so many of a queue at most: a short poll is refused then, a long one gets nothing', () => {
    const { observe, receive, poll } = refusalsOf(2)
    receive('1', 'a')
    receive('1', 'b')
    expect(poll()).toBe('asks')
    receive('2', 'c')
    expect([poll(), poll(20), poll(0, 'another queue')]).toEqual(['OverLimit', 'nothing', 'asks'])
    observe('DeleteMessage', { ReceiptHandle: 'c' })
    expect([poll(), poll(20)]).toEqual(['asks', 'asks'])
  })
})

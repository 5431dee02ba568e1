/** What AWS refuses and emulators take: no test against them would tell. */
import { describe, expect, it } from 'vitest'
import { DynamoDbRules } from '../../lib/local/proxy/dynamodb-rules.ts'
import { refusalOfSqs } from '../../lib/local/proxy/sqs-rules.ts'

const MIB = 1_048_576
const attribute = (StringValue: string, DataType = 'String') => ({ why: { DataType, StringValue } })
const batch = (...Entries: object[]) => ({ Entries: Entries.map((entry, at) => ({ Id: `${at}`, ...entry })) })

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
    expect(refusalOfSqs(operation, input as never)).toBeUndefined()
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
    expect(refusalOfSqs(operation, input as never)).toMatchObject({ type })
  })
})

const key = (pk: string, sk = 's') => ({ pk: { S: pk }, sk: { S: sk } })

describe('DynamoDB', () => {
  const rules = new DynamoDbRules({ consistentReads: true })
  const TableName = 'state'
  rules.refusalOf('CreateTable', {
    TableName,
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    GlobalSecondaryIndexes: [{ IndexName: 'due' }],
  })
  const nested = (levels: number): object => (levels === 0 ? { S: 'x' } : { M: { a: nested(levels - 1) } })
  const put = (more: object, pk = 'p') => ({ TableName, Item: { ...key(pk), ...more } })
  const sized = (bytes: number) => put({ v: { S: 'x'.repeat(bytes - 'pkpsksv'.length) } })
  const update = (more: object) => ({ TableName, Key: key('p'), ...more })

  it.each<[string, string, object]>([
    ['a consistent read', 'GetItem', { TableName, Key: key('p'), ConsistentRead: true }],
    ['a read of what is paused', 'GetItem', { TableName, Key: key('S#', 'PAUSES') }],
    ['a read of an index', 'Query', { TableName, IndexName: 'due' }],
    ['an item of 400 KB', 'PutItem', sized(409_600)],
    ['32 levels', 'PutItem', put({ v: nested(32) })],
    ['the longest keys', 'PutItem', { TableName, Item: key('x'.repeat(2_048), 'x'.repeat(1_024)) }],
    ['the longest expression', 'UpdateItem', update({ UpdateExpression: 'x'.repeat(4_096) })],
    ['a text with a whole emoji', 'PutItem', put({ v: { S: '😀' } })],
    ['an empty text that is no key', 'PutItem', put({ v: { S: '' } })],
  ])('takes %s', (_, operation, input) => {
    expect(rules.refusalOf(operation, input as never)).toBeUndefined()
  })

  it.each<[string, string, object, string]>([
    ['a read that may be stale', 'GetItem', { TableName, Key: key('p') }, 'GetItem without ConsistentRead'],
    ['a query that may be', 'Query', { TableName, ConsistentRead: false }, 'Query without ConsistentRead'],
    ['a scan that may be', 'Scan', { TableName }, 'Scan without ConsistentRead'],
    [
      'a batch that may be',
      'BatchGetItem',
      { RequestItems: { state: { Keys: [key('p')] } } },
      'BatchGetItem without ConsistentRead',
    ],
    [
      'a consistent read of an index',
      'Query',
      { TableName, IndexName: 'due', ConsistentRead: true },
      'not supported on global secondary indexes',
    ],
    ['a byte more than 400 KB', 'PutItem', sized(409_601), 'Item size has exceeded'],
    [
      'that in a batch',
      'BatchWriteItem',
      { RequestItems: { state: [{ PutRequest: sized(409_601) }] } },
      'Item size has exceeded',
    ],
    [
      'that in a transaction',
      'TransactWriteItems',
      { TransactItems: [{ Put: sized(409_601) }] },
      'Item size has',
    ],
    ['33 levels', 'PutItem', put({ v: nested(33) }), 'Nesting Levels'],
    ['an empty key', 'PutItem', put({}, ''), 'key pk must have 1 to 2048 bytes; got 0'],
    [
      'a long key',
      'GetItem',
      { TableName, Key: key('x'.repeat(2_049)), ConsistentRead: true },
      'key pk must have',
    ],
    [
      'a long sort key',
      'GetItem',
      { TableName, Key: key('p', 'é'.repeat(513)), ConsistentRead: true },
      'key sk must have 1 to 1024 bytes; got 1026',
    ],
    [
      'a long expression',
      'UpdateItem',
      update({ ConditionExpression: 'x'.repeat(4_097) }),
      'Invalid ConditionExpression',
    ],
    [
      'a long placeholder',
      'UpdateItem',
      update({ ExpressionAttributeNames: { [`#${'x'.repeat(255)}`]: 'a' } }),
      'a placeholder may have 255 bytes',
    ],
    ['half a character', 'PutItem', put({ v: { S: 'Sales 🚀'.slice(0, 7) } }), 'half of a character'],
    [
      'half a character as a name',
      'UpdateItem',
      update({ ExpressionAttributeNames: { '#a': '🚀'.slice(0, 1) } }),
      'half of a character',
    ],
    [
      'too many at once',
      'TransactWriteItems',
      { TransactItems: Array.from({ length: 101 }, () => ({ Put: put({}) })) },
      'TransactWriteItems takes 100 items; got 101',
    ],
  ])('refuses %s', (_, operation, input, message) => {
    expect(rules.refusalOf(operation, input as never)?.message).toContain(message)
  })

  it('takes reads that may be stale unless a test says otherwise', () => {
    const lenient = new DynamoDbRules({ consistentReads: false })
    expect(lenient.refusalOf('GetItem', { TableName, Key: key('p') })).toBeUndefined()
  })
})

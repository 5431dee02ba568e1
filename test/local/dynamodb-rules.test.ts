/** What DynamoDB refuses of items and keys, and emulators take: no test against them would tell. */
import { describe, expect, it } from 'vitest'
import { DynamoDbRules } from '../../lib/local/proxy/dynamodb-rules.ts'

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
    GlobalSecondaryIndexes: [
      {
        IndexName: 'due',
        KeySchema: [
          { AttributeName: 'due', KeyType: 'HASH' },
          { AttributeName: 'at', KeyType: 'RANGE' },
        ],
      },
    ],
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
    [
      'the longest keys of an index',
      'PutItem',
      put({ due: { S: 'x'.repeat(2_048) }, at: { S: 'x'.repeat(1_024) } }),
    ],
    ['a key of an index that is a number', 'PutItem', put({ due: { S: 'x' }, at: { N: '1' } })],
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
    [
      '33 levels in a value',
      'UpdateItem',
      update({ ExpressionAttributeValues: { ':v': nested(33) } }),
      'Nesting',
    ],
    [
      'an empty key of an index',
      'PutItem',
      put({ due: { S: '' } }),
      'key due of index due must have 1 to 2048',
    ],
    [
      'a long one',
      'PutItem',
      put({ at: { S: 'x'.repeat(1_025) } }),
      'key at of index due must have 1 to 1024',
    ],
    [
      'an empty key of bytes',
      'PutItem',
      { TableName, Item: { ...key('p'), sk: { B: '' } } },
      'key sk must have',
    ],
    [
      'a long one of bytes',
      'PutItem',
      { TableName, Item: { ...key('p'), sk: { B: Buffer.alloc(1_025).toString('base64') } } },
      'key sk must have 1 to 1024 bytes; got 1025',
    ],
    [
      'a number of 39 digits',
      'PutItem',
      put({ v: { N: '1'.repeat(39) } }),
      'more than 38 significant digits',
    ],
    [
      'that in the values of an expression',
      'UpdateItem',
      update({ ExpressionAttributeValues: { ':v': { N: '1'.repeat(39) } } }),
      'more than 38 significant digits',
    ],
    [
      'paths that overlap, in a transaction',
      'TransactWriteItems',
      { TransactItems: [{ Update: update({ UpdateExpression: 'SET a.b = :v REMOVE a' }) }] },
      'Two document paths overlap',
    ],
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

  it('takes all but stale reads where it is not strict', () => {
    const lenient = new DynamoDbRules({ consistentReads: true, strict: false })
    expect(lenient.refusalOf('PutItem', sized(409_601))).toBeUndefined()
    expect(lenient.refusalOf('GetItem', { TableName, Key: key('p') })).toBeDefined()
  })
})

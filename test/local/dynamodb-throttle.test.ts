import { describe, expect, it } from 'vitest'
import { PartitionBuckets, type PartitionLimits } from '../../lib/local/proxy/dynamodb-throttle.ts'

const TableName = 'state'
const key = (pk: string) => ({ TableName, Key: { pk: { S: pk }, sk: { S: 's' } } })
const query = (pk: string) => ({
  TableName,
  KeyConditionExpression: 'pk = :pk AND sk > :sk',
  ExpressionAttributeValues: { ':pk': { S: pk }, ':sk': { S: 's' } },
})

let now = 0
function bucketsOf(limits: PartitionLimits) {
  now = 0
  const buckets = new PartitionBuckets(limits, undefined, () => now)
  buckets.refusalOf('CreateTable', { TableName, KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }] })
  return {
    buckets,
    isRefused: (operation: string, input: object) =>
      buckets.refusalOf(operation, { ...input })?.type === 'ThrottlingException',
  }
}

describe('a partition', () => {
  it('bears its units in a second, and again as they come back', () => {
    const { buckets, isRefused } = bucketsOf({ writeUnits: 10 })
    buckets.consume('UpdateItem', key('a'), 9)
    expect(isRefused('UpdateItem', key('a'))).toBe(false)
    buckets.consume('PutItem', { TableName, Item: key('a').Key }, 3)
    expect(isRefused('UpdateItem', key('a'))).toBe(true)
    // Two units too many were taken: they come back in a fifth of a second.
    now = 200
    expect(isRefused('UpdateItem', key('a'))).toBe(true)
    now = 201
    expect(isRefused('UpdateItem', key('a'))).toBe(false)
  })

  it('saves up no more than those of a second', () => {
    const { buckets, isRefused } = bucketsOf({ writeUnits: 10 })
    buckets.consume('UpdateItem', key('a'), 5)
    now = 60_000
    buckets.consume('UpdateItem', key('a'), 10)
    expect(isRefused('UpdateItem', key('a'))).toBe(true)
  })

  it('is hindered neither by another one, nor in reads by writes', () => {
    const { buckets, isRefused } = bucketsOf({ writeUnits: 1, readUnits: 1 })
    buckets.consume('DeleteItem', key('a'), 5)
    expect(isRefused('UpdateItem', key('b'))).toBe(false)
    expect(isRefused('GetItem', key('a'))).toBe(false)
    expect(isRefused('Query', query('a'))).toBe(false)
    buckets.consume('Query', query('a'), 5)
    expect([
      isRefused('Query', query('a')),
      isRefused('GetItem', key('a')),
      isRefused('Query', query('b')),
    ]).toEqual([true, true, false])
    expect(isRefused('Query', { ...query('a'), IndexName: 'due' })).toBe(false)
  })

  it('of a batch bears its part, and where one is empty all wait', () => {
    const { buckets, isRefused } = bucketsOf({ writeUnits: 4 })
    const put = (pk: string) => ({ PutRequest: { Item: key(pk).Key } })
    buckets.consume('BatchWriteItem', { RequestItems: { state: [put('a'), put('b')] } }, 6)
    expect(isRefused('UpdateItem', key('a'))).toBe(false)
    buckets.consume('UpdateItem', key('a'), 1)
    const both = { RequestItems: { state: [put('b'), put('a')] } }
    expect([isRefused('UpdateItem', key('b')), isRefused('BatchWriteItem', both)]).toEqual([false, true])
  })

  it('without limits bears all', () => {
    const { buckets, isRefused } = bucketsOf({ writeUnits: 1 })
    buckets.consume('GetItem', key('a'), 1e9)
    expect(isRefused('GetItem', key('a'))).toBe(false)
  })
})

/** Limits that are options: what a batch leaves undone, what a table and a prefix bear. */
import { describe, expect, it } from 'vitest'
import { Batch } from '../../lib/local/proxy/dynamodb-batches.ts'
import { PartitionBuckets } from '../../lib/local/proxy/dynamodb-throttle.ts'
import { PrefixBuckets } from '../../lib/local/proxy/s3-slow-down.ts'

const key = (pk: string) => ({ pk: { S: pk } })

describe('a batch', () => {
  const reads = {
    RequestItems: { A: { Keys: [key('1'), key('2')], ConsistentRead: true }, B: { Keys: [key('3')] } },
  }

  it('does so many items, and says which it left, as they were asked for', () => {
    const batch = new Batch('BatchGetItem', reads, { items: 1 })
    expect(batch.kept).toEqual({ RequestItems: { A: { Keys: [key('1')], ConsistentRead: true } } })
    const answer = { Responses: { A: [{ ...key('1'), x: { N: '1' } }] }, UnprocessedKeys: {} }
    expect(batch.complete(answer)).toEqual({
      Responses: answer.Responses,
      UnprocessedKeys: { A: { Keys: [key('2')], ConsistentRead: true }, B: { Keys: [key('3')] } },
    })
  })

  it('of writes leaves requests', () => {
    const requests = [{ PutRequest: { Item: key('1') } }, { DeleteRequest: { Key: key('2') } }]
    const batch = new Batch('BatchWriteItem', { RequestItems: { A: requests } }, { items: 1 })
    expect(batch.kept).toEqual({ RequestItems: { A: requests.slice(0, 1) } })
    expect(batch.complete({})).toEqual({ UnprocessedItems: { A: requests.slice(1) } })
  })

  it('gives 16 MB of items, and the keys of the others', () => {
    const item = (pk: string) => ({ ...key(pk), text: { S: 'x'.repeat(399_000) } })
    const ids = Array.from({ length: 60 }, (_, at) => String(at))
    const batch = new Batch('BatchGetItem', { RequestItems: { A: { Keys: ids.map(key) } } }, {})
    const answer = batch.complete({ Responses: { A: ids.map(item) }, UnprocessedKeys: {} })
    const given = (answer['Responses'] as { A: object[] }).A
    expect(given).toHaveLength(Math.floor((16 * 1024 * 1024) / 399_010))
    expect(answer['UnprocessedKeys']).toEqual({ A: { Keys: ids.slice(given.length).map(key) } })
  })

  it('that leaves nothing answers what the engine does', () => {
    const answer = { Responses: {} }
    expect(new Batch('BatchGetItem', reads, {}).complete(answer)).toBe(answer)
  })
})

describe('a table', () => {
  const put = { TableName: 'T', Item: key('1') }

  it('bears so much in a second, and double its peak half an hour later', () => {
    let now = 0
    const buckets = new PartitionBuckets({}, { writeUnits: 10 }, () => now)
    const write = (units: number) => {
      const refusal = buckets.refusalOf('PutItem', put)
      if (!refusal) buckets.consume('PutItem', put, units)
      return refusal?.type ?? 'done'
    }
    expect([write(6), write(6), write(1)]).toEqual(['done', 'done', 'ThrottlingException'])
    now += 1_000
    expect(write(1)).toBe('done')
    // Of another kind.
    expect(buckets.refusalOf('GetItem', { TableName: 'T', Key: key('1') })).toBeUndefined()
    now += 30 * 60_000
    // 12 units were the peak.
    expect([write(20), write(5), write(1)]).toEqual(['done', 'done', 'ThrottlingException'])
  })

  it('on demand takes 4,000 writes in a second at first', () => {
    const buckets = new PartitionBuckets({}, {}, () => 0)
    buckets.consume('PutItem', put, 4_000)
    expect(buckets.refusalOf('PutItem', put)?.type).toBe('ThrottlingException')
  })
})

describe('a prefix of a bucket', () => {
  it('bears so many requests in a second, of each kind', () => {
    let now = 0
    const buckets = new PrefixBuckets({ writes: 2 }, () => now)
    const put = (path: string) => buckets.isTooSoon('PUT', path)
    expect([put('/b/runs/1'), put('/b/runs/2?x-id=PutObject'), put('/b/runs/3')]).toEqual([
      false,
      false,
      true,
    ])
    expect([put('/b/other/3'), buckets.isTooSoon('GET', '/b/runs/3')]).toEqual([false, false])
    now += 500
    expect([put('/b/runs/3'), put('/b/runs/4')]).toEqual([false, true])
  })
})

import { describe, expect, it } from 'vitest'
import { poolProblems, Pools } from '../../../lib/adapter/queue/pools.ts'

const DEFAULT = 'https://sqs.local/1/jobs'
const HEAVY = 'https://sqs.local/1/heavy'
const GPU = 'https://sqs.local/1/gpu'
const declared = {
  heavy: { queueUrl: HEAVY, nodes: ['transcode', 'resize', 'video:render'] },
  gpu: { queueUrl: GPU, nodes: ['render', 'faces_scatter'] },
}
const pools = new Pools(DEFAULT, declared)
const urlOf = (blueprintId: string, nodeId?: string, items?: unknown) =>
  pools.queueUrlOf({ blueprintId, nodeId, items })

describe('Pools', () => {
  it('send a node to the pool that names it, in any blueprint', () => {
    expect(urlOf('any', 'transcode')).toBe(HEAVY)
    expect(urlOf('any', 'upload')).toBe(DEFAULT)
  })

  it('let a rule for one blueprint go before one for all', () => {
    expect(urlOf('video', 'render')).toBe(HEAVY)
    expect(urlOf('photo', 'render')).toBe(GPU)
  })

  it('send the items of a batch by the id of the batch, and the node that scatters them to the default pool', () => {
    expect(urlOf('photo', 'resize_scatter', { round: 0, item: 7 })).toBe(HEAVY)
    expect(urlOf('photo', 'resize_scatter')).toBe(DEFAULT)
    expect(urlOf('photo', 'faces_scatter')).toBe(GPU)
    expect(urlOf('photo', 'faces_scatter', { round: 0, from: 0, to: 3 })).toBe(GPU)
  })

  it('let any worker begin a run', () => {
    expect(urlOf('video')).toBe(DEFAULT)
    expect(new Pools(DEFAULT, declared, 'heavy').isOwn({ blueprintId: 'video' })).toBe(true)
  })

  it('know which nodes are their own worker’s, and its queue', () => {
    const heavy = new Pools(DEFAULT, declared, 'heavy')
    expect(heavy.ownQueueUrl).toBe(HEAVY)
    expect(heavy.isOwn({ blueprintId: 'x', nodeId: 'transcode' })).toBe(true)
    expect(heavy.isOwn({ blueprintId: 'x', nodeId: 'upload' })).toBe(false)
    expect(pools.ownQueueUrl).toBe(DEFAULT)
    expect(pools.isOwn({ blueprintId: 'x', nodeId: 'upload' })).toBe(true)
    expect(pools.isOwn({ blueprintId: 'x', nodeId: 'transcode' })).toBe(false)
  })
})

describe('what is wrong with a description of pools', () => {
  it('is told all at once', () => {
    expect(
      poolProblems(
        {
          a: { queueUrl: 'here', nodes: ['x'] },
          b: { queueUrl: HEAVY, nodes: [] },
          c: { queueUrl: HEAVY, nodes: ['x'] },
        },
        'd',
      ),
    ).toEqual([
      "queueUrl of pool 'a' must be a URL; got 'here'",
      "nodes of pool 'b' must be a list of node ids; got []",
      "node 'x' is in pool 'a' and in pool 'c'",
      "pool must be one of 'a', 'b', 'c'; got 'd'",
    ])
  })

  it.each([['[]'], [null], ['{'], [7]])('is that %j is no object of pools', (pools) => {
    expect(poolProblems(pools, undefined)).toEqual([
      expect.stringMatching(/^pools must be an object of pools/),
    ])
  })

  it('is nothing where there is nothing', () => {
    expect(poolProblems(declared, 'heavy')).toEqual([])
    expect(poolProblems({}, undefined)).toEqual([])
  })
})

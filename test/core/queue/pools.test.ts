import { createFlow, type ILogger } from 'flowcraft'
import { describe, expect, it, vi } from 'vitest'
import { poolProblems, Pools } from '../../../lib/core/queue/pools.ts'
import { SqsAdapter } from '../../../lib/index.ts'

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
const passed = (nodeId: string, passedOn: string) =>
  pools.queueUrlOf({ blueprintId: 'photo', nodeId, passedOn })

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

  it('take the id of a batch before that of the node which scatters it, for its items', () => {
    const both = new Pools(DEFAULT, {
      heavy: { queueUrl: HEAVY, nodes: ['resize_scatter'] },
      gpu: { queueUrl: GPU, nodes: ['resize'] },
    })

    expect(
      both.queueUrlOf({ blueprintId: 'x', nodeId: 'resize_scatter', items: { round: 0, item: 1 } }),
    ).toBe(GPU)
    expect(both.queueUrlOf({ blueprintId: 'x', nodeId: 'resize_scatter' })).toBe(HEAVY)
  })

  it('send a job that was passed on to the pool of the node that it was passed on for', () => {
    expect(passed('upload', 'transcode')).toBe(HEAVY)
    expect(passed('transcode', 'upload')).toBe(DEFAULT)
    expect(passed('upload', 'render')).toBe(GPU)
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

describe('a rule that names no node', () => {
  const photos = createFlow('photos')
    .node('list', async () => ({ output: [1] }))
    .batch('resize', async () => ({ output: 1 }), { inputKey: 'list', outputKey: 'sizes' })
    .edge('list', 'resize_scatter')
  const nodes = ['list', 'photos:list', 'resize', 'photos:resize', 'resize_scatter', 'resize_gather']
  const wrong = ['lst', 'videos:list', 'photos:lst', 'size']
  const mistyped = { heavy: { queueUrl: HEAVY, nodes: [...nodes, ...wrong] } }

  it('is found, by the id of a batch as well', () => {
    const found = new Pools(DEFAULT, mistyped).rulesWithoutNode({ photos: photos.toBlueprint() })

    expect(found).toEqual(wrong)
  })

  it('is warned of by a worker that starts', () => {
    const warn = vi.fn<ILogger['warn']>()
    const logger = { debug() {}, info() {}, warn, error() {} }
    const config = { queueUrl: DEFAULT, tableName: 'state', pools: mistyped }

    expect(new SqsAdapter({ ...config, flows: [photos], logger })).toBeDefined()

    const told = warn.mock.calls.filter(
      ([message]) => message === 'a pool names a node that no blueprint has',
    )
    expect(told.map(([, meta]) => meta)).toEqual(wrong.map((rule) => ({ rule })))
  })
})

describe('what is wrong with a description of pools', () => {
  it('is told all at once', () => {
    expect(
      poolProblems(
        {
          a: { queueUrl: 'here', nodes: ['x'] },
          b: { queueUrl: HEAVY, nodes: [] },
          c: { queueUrl: HEAVY, nodes: ['x', 'video:', ' y', 7] },
        },
        'd',
      ),
    ).toEqual([
      "pools.a.queueUrl must be a URL; got 'here'",
      'pools.b.nodes must be a list of node ids; got []',
      "pools a and c both have 'x'; a node has one pool",
      "pools.c.nodes must be node ids or blueprintId:nodeId; got 'video:'",
      "pools.c.nodes must be node ids or blueprintId:nodeId; got ' y'",
      'pools.c.nodes must be node ids or blueprintId:nodeId; got 7',
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

import { describe, expect, it } from 'vitest'
import type { GraphView, HistoryEntryView, NodeProgressView, RunStatusView } from '../../lib/console/views.ts'
import { factsOf } from '../../console/src/run/facts.ts'
import { looksOf, steady } from '../../console/src/run/graph/looks.ts'

const graph: GraphView = {
  blueprintId: 'order',
  nodes: [
    { id: 'charge', uses: 'charge' },
    { id: 'approve', uses: 'wait' },
    { id: 'ship', uses: 'subflow', child: 'shipping' },
    { id: 'refund', uses: 'refundPayment', join: 'any 2' },
  ],
  edges: [
    { source: 'charge', target: 'approve' },
    { source: 'approve', target: 'ship', action: 'approve' },
    { source: 'approve', target: 'refund', action: 'reject' },
    { source: 'approve', target: 'refund', action: 'timeout' },
  ],
}

interface Case {
  readonly status?: RunStatusView
  readonly progress?: readonly NodeProgressView[]
  readonly entries?: readonly HistoryEntryView[]
}

function looks({ status = 'running', progress = [], entries = [] }: Case = {}) {
  return looksOf(graph, { status, progress }, factsOf(entries))
}

function lookOf(nodeId: string, of: Case) {
  return looks(of).nodes.get(nodeId)
}

const at = (ms: number) => new Date(ms).toISOString()

describe('how a node looks', () => {
  it('is named with its state and its tries', () => {
    const entries: HistoryEntryView[] = [
      { type: 'nodeStarted', nodeId: 'charge', iteration: 1, attempt: 3 },
      { type: 'nodeFailed', nodeId: 'charge', iteration: 1 },
    ]
    const progress = [{ nodeId: 'charge', state: 'failed' } as const]
    expect(lookOf('charge', { status: 'failed', progress, entries })?.name).toBe('charge, failed, try 3')
  })

  it('counts down to the next try', () => {
    const waiting = { nodeId: 'charge', reason: 'retry', wakeUpAt: at(5_000) } as const
    const progress = [{ nodeId: 'charge', state: 'waiting', failedTries: 2, waiting } as const]
    expect(lookOf('charge', { progress })).toMatchObject({ detail: 'try 3', until: 5_000, state: 'waiting' })
  })

  it('has a bar for the items of a batch, with those that failed', () => {
    const waiting = { nodeId: 'charge', reason: 'items' } as const
    const items = { done: 812, total: 1_000 }
    const progress = [{ nodeId: 'charge', state: 'waiting', waiting, items } as const]
    const entries = [1, 2, 3].map((item) => ({ type: 'itemFailed', nodeId: 'charge', item }))
    expect(lookOf('charge', { progress, entries })).toMatchObject({
      items: { done: 812, total: 1_000, failed: 3 },
      detail: '812 of 1,000, 3 failed',
    })
  })

  it('has the round of a loop, and the child run of a subflow', () => {
    const progress = [
      { nodeId: 'charge', state: 'completed', iteration: 3 } as const,
      {
        nodeId: 'ship',
        state: 'waiting',
        waiting: { nodeId: 'ship', reason: 'subflow', childRunId: 'c' },
      } as const,
    ]
    expect(lookOf('charge', { progress })).toMatchObject({ round: 3, name: 'charge, completed, round 3' })
    expect(lookOf('ship', { progress })).toMatchObject({ childRunId: 'c', detail: 'for its child run' })
  })

  it('says how many have arrived at a join, while that can still change', () => {
    const progress = [{ nodeId: 'refund', state: 'notRun', arrived: { count: 1, of: 2 } } as const]
    expect(lookOf('refund', { progress })?.detail).toBe('1 of 2 arrived')
    expect(lookOf('refund', { progress, status: 'failed' })).toMatchObject({ isLeftOut: true })
    expect(lookOf('refund', { progress, status: 'failed' })?.detail).not.toContain('arrived')
  })

  it('is still where the run is paused', () => {
    const progress = [{ nodeId: 'charge', state: 'active' } as const]
    expect(lookOf('charge', { progress, status: 'paused' })).toMatchObject({
      isPaused: true,
      detail: 'paused',
    })
    expect(lookOf('charge', { progress })?.isPaused).toBeUndefined()
  })

  it('says what a node of a blueprint is', () => {
    const plan = looksOf(graph, undefined)
    expect([...plan.nodes.values()].map(({ detail }) => detail)).toEqual([
      'step',
      'wait',
      'runs shipping',
      'refundPayment, joins any 2',
    ])
    expect([...plan.nodes.values()].map(({ mark }) => mark)).toEqual([
      'circle',
      'clock',
      'external',
      'circle',
    ])
    expect(plan.taken.size).toBe(0)
  })

  it('is the same object where nothing about it has changed', () => {
    const progress: NodeProgressView[] = [{ nodeId: 'charge', state: 'active' }]
    const before = looks({ progress })
    const after = steady(before, looks({ progress: [...progress, { nodeId: 'approve', state: 'active' }] }))
    expect(after.nodes.get('charge')).toBe(before.nodes.get('charge'))
    expect(after.nodes.get('approve')).not.toBe(before.nodes.get('approve'))
  })
})

const completed = (nodeId: string) => ({ nodeId, state: 'completed' }) as const

describe('the edges that were taken', () => {
  const progress = [completed('charge'), completed('approve'), completed('refund')]

  it('are those that the history names, and of two to one target the one whose action it was', () => {
    const entries: HistoryEntryView[] = [
      { type: 'nodeCompleted', nodeId: 'charge', next: ['approve'] },
      { type: 'nodeCompleted', nodeId: 'approve', action: 'timeout', next: ['refund'] },
    ]
    expect([...looks({ progress, entries }).taken]).toEqual([0, 3])
  })

  it('are those between nodes that have begun, where the history does not say it', () => {
    expect([...looks({ progress }).taken]).toEqual([0, 2, 3])
  })

  it('are not taken by a node that completed and led nowhere', () => {
    const entries: HistoryEntryView[] = [{ type: 'nodeCompleted', nodeId: 'charge', next: [] }]
    expect([...looks({ progress: [completed('charge')], entries }).taken]).toEqual([])
  })
})

/** What events of runs say, and by which id. */
import { describe, expect, it } from 'vitest'
import { PRICES } from '../../../lib/core/common/prices.ts'
import { RunGraph } from '../../../lib/core/protocol/run-graph.ts'
import type { ActiveEntry, RunState } from '../../../lib/core/protocol/run-state.ts'
import {
  endedEvent,
  redrivenEvent,
  startedEvent,
  waitingEvent,
} from '../../../lib/core/telemetry/run-events.ts'

const run = {
  runId: 'r1',
  blueprintId: 'order',
  status: 'running',
  errors: 0,
  startedAt: Date.UTC(2026, 0, 1),
  labels: { orderId: 'A-17' },
} as unknown as RunState
const again = { ...run, redrives: 2 }
const child = { ...run, parent: { runId: 'p', blueprintId: 'parent', nodeId: 'n', iteration: 1 } }
const common = {
  runId: 'r1',
  blueprintId: 'order',
  startedAt: '2026-01-01T00:00:00.000Z',
  labels: { orderId: 'A-17' },
}

const graph = new RunGraph({
  id: 'order',
  nodes: [
    { id: 'hook', uses: 'webhook' },
    { id: 'paid', uses: 'wait', params: { eventName: 'webhook:hook' } },
    { id: 'approve', uses: 'wait', params: { eventName: 7 } },
    { id: 'named', uses: 'wait', params: { eventName: 'approval' } },
    { id: 'yes', uses: 'yes' },
    { id: 'no', uses: 'no' },
  ],
  edges: [
    { source: 'approve', target: 'yes', action: 'approved' },
    { source: 'approve', target: 'no', action: 'rejected' },
    { source: 'approve', target: 'no', action: 'approved' },
  ],
})
const waits = (wait: ActiveEntry['wait']): ActiveEntry => ({ scheduledBy: '', inline: false, wait })
const waiting = {
  ...run,
  active: new Map([
    ['1.1', waits({ kind: 'event', at: Date.UTC(2026, 0, 3) })],
    ['2.3', waits({ kind: 'event' })],
    ['3.1', waits({ kind: 'event' })],
  ]),
} as unknown as RunState

describe('an event of a run', () => {
  it('says that it started, once', () => {
    expect(startedEvent(run)).toEqual({ name: 'started', detail: { ...common, id: 'r1:started' } })
    expect(startedEvent(again).detail.id).toBe('r1:started')
    expect(startedEvent(child).detail).toMatchObject({ parentRunId: 'p' })
    expect(startedEvent({ ...run, forkedFrom: 'f' }).detail).toEqual({
      ...common,
      id: 'r1:started',
      forkedFromRunId: 'f',
    })
  })

  it('says of a wait which node it is, for what, until when, and what may be decided', () => {
    expect(waitingEvent(graph, waiting, '2.3')).toEqual({
      name: 'waiting',
      detail: {
        ...common,
        id: 'r1:waiting:2.3',
        nodeId: 'approve',
        iteration: 3,
        reason: 'event',
        actions: ['approved', 'rejected'],
      },
    })
    expect(waitingEvent(graph, waiting, '1.1').detail).toMatchObject({
      nodeId: 'paid',
      reason: 'webhook',
      eventName: 'webhook:hook',
      actions: [],
      timeoutAt: '2026-01-03T00:00:00.000Z',
    })
    expect(waitingEvent(graph, waiting, '3.1').detail).toMatchObject({
      reason: 'event',
      eventName: 'approval',
    })
  })

  it('says who redrove it, why, and which nodes run again', () => {
    const noted = {
      kind: 'redrive' as const,
      at: new Date(Date.UTC(2026, 0, 2)),
      by: 'ada',
      reason: 'x'.repeat(3_000),
      nodes: Array.from({ length: 200 }, (_, at) => `n${at}`),
    }

    const { name, detail } = redrivenEvent(again, noted)

    expect(name).toBe('redriven')
    expect(detail).toEqual({
      ...common,
      id: 'r1:redriven:2',
      redrives: 2,
      operation: 'redrive',
      by: 'ada',
      reason: 'x'.repeat(2_000),
      nodes: noted.nodes.slice(0, 100),
      redrivenAt: '2026-01-02T00:00:00.000Z',
    })
    expect(redrivenEvent(again, undefined).detail).toEqual({ ...common, id: 'r1:redriven:2', redrives: 2 })
  })

  it('has whole characters only, whatever somebody wrote', () => {
    const noted = {
      kind: 'redrive' as const,
      at: new Date(0),
      by: 'a\uD800',
      reason: 'x'.repeat(1_999) + '🙂',
    }

    expect(redrivenEvent(again, noted).detail).toMatchObject({ by: 'a\uFFFD', reason: 'x'.repeat(1_999) })
  })

  it('of a child run does not name the nodes of its parent', () => {
    const noted = { kind: 'redrive' as const, at: new Date(0), nodes: ['call'] }

    expect(redrivenEvent(child, noted).detail).not.toHaveProperty('nodes')
  })

  it('has another id in each life of its run', () => {
    const ended = { ...run, status: 'failed' as const, endedAt: Date.UTC(2026, 0, 2) }

    expect(endedEvent(ended, PRICES).detail.id).toBe('r1:failed')
    expect(endedEvent(ended, PRICES).detail).not.toHaveProperty('cost')
    const paid = { ...ended, cost: { $w: 2, '$.bedrock': 500_000_000 } }
    expect(endedEvent(paid, PRICES).detail).toMatchObject({
      cost: { usd: 0.5 + 2 * 0.625e-6, writeUnits: 2 },
    })
    expect(endedEvent({ ...ended, redrives: 1 }, PRICES).detail.id).toBe('r1:failed:1')
    expect(waitingEvent(graph, { ...waiting, redrives: 2 }, '2.3').detail.id).toBe('r1:waiting:2.3:2')
  })
})

import { describe, expect, it } from 'vitest'
import type { HistoryEntryView } from '../../lib/console/views.ts'
import { sliced } from '../../console/src/run/timeline/item-slices.ts'
import { timelineOf, type TimelineOptions } from '../../console/src/run/timeline/model.ts'
import { rowName } from '../../console/src/run/timeline/row-name.ts'

const at = (ms: number) => new Date(ms).toISOString()

function entry(type: string, nodeId: string, ms: number | undefined, more: Partial<HistoryEntryView> = {}) {
  const time = ms === undefined ? {} : { at: at(ms) }
  return { type, nodeId, iteration: 1, ...time, ...more } satisfies HistoryEntryView
}

function timeline(entries: readonly HistoryEntryView[], more: Partial<TimelineOptions> = {}) {
  return timelineOf({ entries, order: ['a', 'b', 'c'], startedAt: 0, now: 10_000, ...more })
}

const spansOf = (...of: Parameters<typeof timeline>) =>
  timeline(...of).rows[0]?.spans.map(({ kind, from, to }) => [kind, from, to])

describe('the timeline of a run', () => {
  it('has a row a node, in the order in which they began', () => {
    const { rows } = timeline([
      entry('nodeStarted', 'b', 50),
      entry('nodeStarted', 'c', 10),
      entry('nodeStarted', 'a', 50),
      entry('nodeCompleted', 'b', undefined),
    ])
    expect(rows.map(({ nodeId }) => nodeId)).toEqual(['c', 'a', 'b'])
  })

  it('shows an execution, a try that failed, and the gap before the next one', () => {
    const entries = [
      entry('nodeStarted', 'a', 100, { attempt: 1 }),
      entry('nodeRetried', 'a', 200, { attempt: 1 }),
      entry('nodeWaits', 'a', 200, { reason: 'retry', until: at(900) }),
      entry('nodeStarted', 'a', 1_000, { attempt: 2 }),
      entry('nodeCompleted', 'a', 1_300, { durationMs: 300 }),
    ]
    expect(spansOf(entries)).toEqual([
      ['failed', 100, 200],
      ['again', 200, 1_000],
      ['runs', 1_000, 1_300],
    ])
  })

  it('shows tries in one execution one after the other', () => {
    const entries = [
      entry('nodeStarted', 'a', 100),
      entry('nodeRetried', 'a', 200),
      entry('nodeFailed', 'a', 500),
    ]
    expect(spansOf(entries)).toEqual([
      ['failed', 100, 200],
      ['failed', 200, 500],
    ])
  })

  it('shows a wait until it goes on, and one that still waits without an end', () => {
    const entries = [
      entry('nodeStarted', 'a', 100),
      entry('nodeWaits', 'a', 120, { reason: 'external_event' }),
    ]
    expect(spansOf(entries)).toEqual([
      ['runs', 100, 120],
      ['waits', 120, undefined],
    ])
    const woken = [...entries, entry('nodeWoke', 'a', 900), entry('nodeCompleted', 'a', 910)]
    expect(spansOf(woken)).toEqual([
      ['runs', 100, 120],
      ['waits', 120, 900],
      ['runs', 900, 910],
    ])
  })

  it('has rounds of a loop side by side', () => {
    const entries = [1, 2].flatMap((iteration) => [
      entry('nodeStarted', 'a', iteration * 100, { iteration }),
      entry('nodeCompleted', 'a', iteration * 100 + 50, { iteration }),
    ])
    expect(spansOf(entries)).toEqual([
      ['runs', 100, 150],
      ['runs', 200, 250],
    ])
  })

  it('takes the begin from the duration where it is lost', () => {
    expect(spansOf([entry('nodeCompleted', 'a', 500, { durationMs: 200 })])).toEqual([['runs', 300, 500]])
  })

  it('says where no time is kept', () => {
    const { rows, hasTimes } = timeline([
      { type: 'runStarted', at: at(0) },
      entry('nodeCompleted', 'a', undefined),
    ])
    expect(hasTimes).toBe(false)
    expect(rows[0]).toMatchObject({ untimed: 1, spans: [] })
  })

  it('shows what runs now since the page has seen it', () => {
    const progress = [{ nodeId: 'a', state: 'active' } as const, { nodeId: 'b', state: 'completed' } as const]
    const seenActive = new Map([
      ['a', 7_000],
      ['b', 1_000],
    ])
    const { rows, to } = timeline([], { progress, seenActive })
    expect(rows).toMatchObject([{ nodeId: 'a', spans: [{ kind: 'runs', from: 7_000 }] }])
    expect(to).toBe(10_000)
  })

  it('marks what was done from outside, and ends', () => {
    const { marks } = timeline([
      { type: 'operation', kind: 'redrive', by: 'Ada', at: at(5) },
      { type: 'runEnded', status: 'failed', at: at(9) },
    ])
    expect(marks).toEqual([
      { at: 5, what: 'redrive by Ada' },
      { at: 9, what: 'the run ended: failed' },
    ])
  })

  it('puts a thousand items together, and loses none', () => {
    const items = Array.from({ length: 1_000 }, (_, item) =>
      entry(item % 100 === 0 ? 'itemFailed' : 'itemCompleted', 'a', item * 10, { item }),
    )
    const slices = timeline(items).rows[0]?.items ?? []
    expect(slices.length).toBeLessThan(50)
    expect(slices.at(-1)?.to).toBeCloseTo(9_990)
    expect(slices.reduce((sum, { count }) => sum + count, 0)).toBe(1_000)
    expect(slices.reduce((sum, { failed }) => sum + failed, 0)).toBe(10)
  })

  it('keeps items of one moment together, and none where there are none', () => {
    expect(sliced([])).toEqual([])
    const one = { at: 5, failed: false }
    expect(sliced([one, one])).toEqual([{ from: 5, to: 6, count: 2, failed: 0 }])
  })

  it('tells a row in words', () => {
    const row = timeline([
      entry('nodeStarted', 'a', 0),
      entry('nodeRetried', 'a', 1_000),
      entry('nodeWaits', 'a', 1_000, { reason: 'retry' }),
      entry('nodeStarted', 'a', 3_000),
      entry('nodeCompleted', 'a', 4_500),
    ]).rows[0]
    expect(row && rowName(row, 10_000)).toBe('a: 2 executions, 2.5 s, 1 failed, waited 2.0 s')
  })
})

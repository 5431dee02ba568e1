import { describe, expect, it } from 'vitest'
import type { HistoryEntryView } from '../../lib/console/views.ts'
import { withFailedBatches } from '../../console/src/run/failed-batches.ts'
import { factsOf, tookOf, triesOf } from '../../console/src/run/facts.ts'

const at = (ms: number) => new Date(ms).toISOString()
const entry = (
  type: string,
  ms: number | undefined,
  more: Partial<HistoryEntryView> = {},
): HistoryEntryView => ({
  type,
  nodeId: 'charge',
  iteration: 1,
  ...(ms === undefined ? {} : { at: at(ms) }),
  ...more,
})
const ofCharge = (...entries: HistoryEntryView[]) => factsOf(entries).get('charge')

describe('what a history says of a node', () => {
  it('has each try of one execution', () => {
    const facts = ofCharge(
      entry('nodeStarted', 100, { attempt: 1 }),
      entry('nodeRetried', 200, { attempt: 1, error: { message: 'busy' } }),
      entry('nodeRetried', 350, { attempt: 2, error: { message: 'busy' } }),
      entry('nodeFailed', 500, { durationMs: 400, error: { message: 'gone' } }),
    )
    expect(facts?.attempts).toMatchObject([
      { attempt: 1, startedAt: 100, endedAt: 200, outcome: 'retried' },
      { attempt: 2, startedAt: 200, endedAt: 350, outcome: 'retried' },
      { attempt: 3, startedAt: 350, endedAt: 500, outcome: 'failed', error: { message: 'gone' } },
    ])
    expect(triesOf(facts)).toBe(3)
    expect(tookOf(facts)).toBe(400)
  })

  it('has tries in executions of their own, without the wait between them', () => {
    const facts = ofCharge(
      entry('nodeStarted', 100, { attempt: 1 }),
      entry('nodeRetried', 200, { attempt: 1 }),
      entry('nodeWaits', 200, { reason: 'retry', until: at(900) }),
      entry('nodeStarted', 1_000, { attempt: 2 }),
      entry('nodeCompleted', 1_300, { durationMs: 300, next: ['ship'], action: 'ok' }),
    )
    expect(facts?.attempts.map(({ outcome }) => outcome)).toEqual(['retried', 'completed'])
    expect(tookOf(facts)).toBe(400)
    expect([...(facts?.next ?? [])]).toEqual(['ship'])
    expect([...(facts?.actions ?? [])]).toEqual(['ok'])
  })

  it('has what it waited for, and its child runs', () => {
    const facts = ofCharge(
      entry('nodeStarted', 100, { attempt: 1 }),
      entry('nodeWaits', 150, { reason: 'subflow', childRunId: 'child-1' }),
      entry('nodeWoke', 900, { reason: 'subflow' }),
      entry('nodeCompleted', 950, { durationMs: 50, next: [] }),
    )
    expect(facts?.childRunIds).toEqual(['child-1'])
    expect(facts?.attempts).toMatchObject([
      { outcome: 'waits', waitsFor: 'subflow' },
      { outcome: 'completed', startedAt: 900 },
    ])
  })

  it('counts the items of a batch', () => {
    const facts = ofCharge(
      entry('itemCompleted', 1, { item: 0 }),
      entry('itemFailed', 2, { item: 1, error: { message: 'first' } }),
      entry('itemFailed', 3, { item: 2, error: { message: 'second' } }),
    )
    expect(facts).toMatchObject({ itemsCompleted: 1, itemsFailed: 2, itemError: { message: 'first' } })
    expect(facts?.attempts).toEqual([])
  })

  it('has an end of which the begin is lost, by its duration, and one without a time', () => {
    expect(ofCharge(entry('nodeCompleted', 500, { durationMs: 100 }))?.attempts).toMatchObject([
      { attempt: 1, startedAt: 400, endedAt: 500 },
    ])
    expect(ofCharge(entry('nodeCompleted', undefined))?.attempts).toEqual([
      { iteration: 1, attempt: 1, outcome: 'completed', action: undefined },
    ])
  })

  it('counts tries of the last iteration only', () => {
    const facts = ofCharge(
      entry('nodeStarted', 1, { attempt: 1 }),
      entry('nodeRetried', 2, { attempt: 1 }),
      entry('nodeCompleted', 3),
      entry('nodeStarted', 4, { attempt: 1, iteration: 2 }),
      entry('nodeCompleted', 5, { iteration: 2 }),
    )
    expect(triesOf(facts)).toBe(1)
    expect(tookOf(facts)).toBe(1)
  })

  it('says which node stood in', () => {
    const facts = ofCharge(entry('nodeStarted', 1), entry('nodeFellBack', 2, { fallback: 'letter' }))
    expect(facts).toMatchObject({ fallback: 'letter', attempts: [{ outcome: 'fellBack' }] })
    expect(facts?.next.has('letter')).toBe(true)
  })
})

describe('a batch of which items failed', () => {
  const entries = [
    entry('nodeStarted', 1),
    entry('nodeWaits', 2, { reason: 'items' }),
    entry('itemFailed', 3, { item: 5 }),
    entry('nodeWoke', 4, { reason: 'items' }),
    entry('nodeFailed', 5),
  ]
  const progress = [
    { nodeId: 'charge', state: 'completed' } as const,
    { nodeId: 'ship', state: 'completed' } as const,
  ]
  const stateOf = (run: Parameters<typeof withFailedBatches>[0], of = entries) =>
    withFailedBatches(run, factsOf(of)).progress.map(({ state }) => state)

  it('is where the run failed', () => {
    expect(stateOf({ status: 'failed', progress })).toEqual(['failed', 'completed'])
  })

  it('is not a node that failed and was skipped', () => {
    const skipped = [entry('nodeStarted', 1), entry('nodeFailed', 2)]
    expect(stateOf({ status: 'failed', progress }, skipped)).toEqual(['completed', 'completed'])
  })

  it('is not, where the run went on', () => {
    expect(stateOf({ status: 'running', progress })).toEqual(['completed', 'completed'])
    const redriven = [
      ...entries,
      entry('nodeStarted', 6, { iteration: 2 }),
      entry('nodeCompleted', 7, { iteration: 2 }),
    ]
    expect(stateOf({ status: 'failed', progress }, redriven)).toEqual(['completed', 'completed'])
  })
})

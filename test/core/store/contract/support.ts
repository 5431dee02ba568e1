/** What the contract's parts share: runs and changes with all that a test does not care about filled in. */
import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { Change } from '../../../../lib/core/protocol/change.ts'
import {
  type ActivationKey,
  type ActiveEntry,
  type RunState,
  START,
} from '../../../../lib/core/protocol/run-state.ts'
import { NOTHING } from '../../../../lib/core/protocol/transition.ts'
import type { NewRun, RunStore } from '../../../../lib/core/store/run-store.ts'

export const ENTRY: ActiveEntry = { scheduledBy: START, inline: false }
export const STARTED_AT = Date.UTC(2026, 0, 1)

export const freshId = () => `run-${randomUUID()}`

export function newRun(over: Partial<NewRun> = {}): NewRun {
  return {
    runId: freshId(),
    blueprintId: 'order',
    graph: 'abcdefghijkl',
    active: new Map([['0.1', ENTRY]]),
    fired: new Set(),
    iterations: new Map(),
    inlineValues: new Map(),
    startedAt: STARTED_AT,
    ...over,
  }
}

/** A commit of 0.1 that sets nothing else. */
export function change(over: Partial<Change> = {}): Change {
  return {
    end: '0.1',
    seen: ENTRY,
    ...NOTHING,
    inlineValues: new Map(),
    offloaded: [],
    ...over,
  }
}

export function actives(...keys: ActivationKey[]): Map<ActivationKey, ActiveEntry> {
  return new Map(keys.map((key) => [key, ENTRY]))
}

/** A run whose header says all this: put, then led there by one commit. */
export async function given(store: RunStore, over: Partial<NewRun> = {}, first: Partial<Change> = {}) {
  const run = newRun({ active: actives('0.1', '500.1'), ...over })
  const whole = new Map([...run.active, ['500.1', ENTRY] as const])
  await store.create({ ...run, active: whole })
  const result = await store.commit(run.runId, change({ end: '500.1', ...first }))
  expect(result.committed).toBe(true)
  return result.run as RunState
}

export const accepted = () =>
  newRun({ graph: undefined, active: new Map(), inlineValues: new Map([[':in', '={"v":1}']]) })

/** A run that has ended. */
export async function ended(store: RunStore, over: Partial<NewRun> = {}): Promise<RunState> {
  const { run } = await store.create(newRun(over))
  const end = { final: { status: 'completed', endedAt: STARTED_AT + 5 } } as const
  const result = await store.commit(run.runId, change(end))
  expect(result.committed).toBe(true)
  return result.run as RunState
}

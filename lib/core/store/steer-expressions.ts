/** How a run is steered from outside, as one UpdateItem of its header each. Pure. */
import { WORD_BITS, wordOf } from '../protocol/change.ts'
import type { RunState } from '../protocol/run-state.ts'
import { ExpressionBuilder } from './expression.ts'
import { packFirst } from './header.ts'
import type { RedriveState } from './run-store.ts'

/**
 * The whole state of a run that has ended, so nobody else changes it: but for another redrive, which `q` tells, and for
 * whoever publishes the end, who must be done. What the end left goes: its time, its reason, its time to live, and the pause
 * that it came in.
 */
export function redriveExpression(seen: RunState, next: RedriveState): ExpressionBuilder {
  const e = new ExpressionBuilder()
  e.when(`${e.path('s')} = ${e.value(seen.status)}`).when(`${e.path('q')} = ${e.value(seen.seq)}`)
  e.when(`attribute_not_exists(${e.path('o')})`)
  e.set(e.path('s'), 'running').set(e.path('rs'), true)
  e.add(e.path('q'), 1).add(e.path('rd'), 1)
  const maps = {
    ...packFirst(next),
    p: Object.fromEntries([...next.pending].map((node) => [node, 1])),
    r: Object.fromEntries(next.inlineValues),
  }
  for (const [name, map] of Object.entries(maps)) e.set(e.path(name), map)
  e.set(e.path('e'), next.errors)
  for (let word = 0; seen.done >> BigInt(word * WORD_BITS) > 0n; word++) {
    const bits = wordOf(next.done, word)
    if (bits !== wordOf(seen.done, word)) e.set(e.path(`d${word}`), bits)
  }
  for (const node of new Set([...seen.arrivals.keys(), ...next.arrivals.keys()])) {
    const count = next.arrivals.get(node)
    if (count === undefined) e.remove(e.path(`j${node}`))
    else if (count !== seen.arrivals.get(node)) e.set(e.path(`j${node}`), count)
  }
  for (const name of ['z', 'x', 'cc', 'ca', 'pz', 'expiresAt']) e.remove(e.path(name))
  return e
}

export function pauseExpression(now: number): ExpressionBuilder {
  const e = new ExpressionBuilder()
  e.when(`${e.path('s')} = ${e.value('running')}`).when(`attribute_not_exists(${e.path('pz')})`)
  return e.set(e.path('pz'), now)
}

/**
 * What was active while it was paused has no messages any more, and the sweep dropped the times of timers that it sent.
 * Crash after the write: the sweep sends the jobs.
 */
export function unpauseExpression(): ExpressionBuilder {
  const e = new ExpressionBuilder()
  e.when(`${e.path('s')} = ${e.value('running')}`).when(`attribute_exists(${e.path('pz')})`)
  return e.set(e.path('rs'), true).remove(e.path('pz'))
}

/** What a redrive makes of the state of a run that has ended: as `steer-expressions.ts` has it in the table. Pure. */
import type { RunState } from '../protocol/run-state.ts'
import type { RedriveState } from './run-store.ts'

export function redrivenState(run: RunState, next: RedriveState): RunState {
  const { endedAt: _z, reason: _x, cancelledChildren: _cc, activeAtEnd: _ca, pausedAt: _pz, ...left } = run
  const { fallbacks: _fb, ...rest } = left
  return {
    ...rest,
    active: next.active,
    done: next.done,
    arrivals: next.arrivals,
    fired: next.fired,
    pending: next.pending,
    iterations: next.iterations,
    errors: next.errors,
    fallback: next.fallback,
    ...(next.fallbacks ? { fallbacks: next.fallbacks } : {}),
    inlineValues: next.inlineValues,
    offloaded: next.offloaded,
    dueAt: next.dueAt,
    status: 'running',
    seq: run.seq + 1,
    redrives: (run.redrives ?? 0) + 1,
    steered: true,
  }
}

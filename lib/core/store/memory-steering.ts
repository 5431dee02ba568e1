/** How a run is steered from outside, in memory: what the expressions of `steer-expressions.ts` say. Pure. */
import type { RunState } from '../protocol/run-state.ts'
import type { RedriveState } from './run-store.ts'

/** What a redrive makes of the state of a run that has ended. */
export function redrivenState(run: RunState, next: RedriveState): RunState {
  const { endedAt: _z, reason: _x, cancelledChildren: _cc, activeAtEnd: _ca, pausedAt: _pz, ...left } = run
  const { fallbacks: _fb, arrived: _m, heldBy: _pb, pausedByFailure: _pf, ...rest } = left
  return {
    ...rest,
    active: next.active,
    done: next.done,
    arrivals: next.arrivals,
    ...(next.arrived ? { arrived: next.arrived } : {}),
    fired: next.fired,
    pending: next.pending,
    iterations: next.iterations,
    errors: next.errors,
    fallback: next.fallback,
    ...(next.fallbacks ? { fallbacks: next.fallbacks } : {}),
    inlineValues: next.inlineValues,
    offloaded: next.offloaded,
    ...(next.packs === undefined ? {} : { packs: next.packs }),
    ...(next.costIsTold && run.cost ? { costTold: run.cost } : {}),
    dueAt: next.dueAt,
    status: 'running',
    seq: run.seq + 1,
    redrives: (run.redrives ?? 0) + 1,
    redriveNote: next.note ?? {},
    steered: true,
  }
}

/** Undefined where it is refused. */
export function pausedState(run: RunState | undefined, now: number): RunState | undefined {
  const isFree = run?.status === 'running' && run.pausedAt === undefined
  return isFree ? { ...run, pausedAt: now } : undefined
}

/** Undefined where it is refused. */
export function unpausedState(run: RunState | undefined, at: number): RunState | undefined {
  const isPaused = run?.status === 'running' && run.pausedAt !== undefined && !run.pausedByFailure
  return isPaused ? { ...run, pausedAt: undefined, dueAt: at, steered: true } : undefined
}

/** Without an outbox entry, if it is that of this life of the run; undefined where there is none. */
export function publishedState(
  run: RunState | undefined,
  entry: 'outbox' | 'redriveNote',
  redrives: number | undefined,
): RunState | undefined {
  if (!run?.[entry] || run.redrives !== redrives) return undefined
  const { [entry]: _, ...rest } = run
  return rest
}

/** What a process learns from the answers of the store. */
import { type RunState, timeOf } from '../../lib/core/protocol/run-state.ts'
import type { CommitResult, RunStore } from '../../lib/core/store/run-store.ts'
import type { HostWorld, Task } from './host.ts'

/** Notes what a task was told of a run. */
export function see(task: Task, answer: unknown): unknown {
  const run = (answer as { run?: RunState } | undefined)?.run ?? (answer as RunState | undefined)
  if (run?.active) task.seen.set(run.runId, run)
  return answer
}

/** By the world's clock a timer ends when its time has passed for whoever began it. */
export function noteTimer(
  world: Pick<HostWorld, 'now' | 'suspended'>,
  skewMs: number,
  [runId, { end, suspend, schedule }]: Parameters<RunStore['commit']>,
  answer: unknown,
): void {
  if (!(answer as CommitResult).committed) return
  for (const [key, entry] of [...schedule, [end, suspend] as const]) {
    const wait = entry?.wait
    const at = timeOf(wait)
    const isBegun = wait?.kind !== 'timer' || !wait.awaited
    if (at !== undefined && isBegun) world.suspended(runId, key, at - world.now() - skewMs)
  }
}

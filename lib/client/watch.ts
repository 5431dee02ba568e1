/** A run as it changes, by looks at its header. */
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import * as v from 'valibot'
import { problemsError } from '../core/common/errors.ts'
import { checked, must } from '../core/common/schema.ts'
import type { RunDescription } from '../core/run/describe.ts'
import { isOver, type RunState } from '../core/protocol/run-state.ts'

/** Options of `watch`. */
export interface WatchOptions {
  /**
   * Milliseconds between looks, at most; 50 to 3600000. After a change the next ones come sooner. `TestService` does not look, it
   * works. @default 2000
   */
  readonly pollMs?: number
  /** Milliseconds between looks, at least; at most `pollMs`. @default 250 */
  readonly minPollMs?: number
  /** Whether `context` is read; without, it is empty, and a change costs little. @default true */
  readonly context?: boolean
  /** Ends the watch: its reason is thrown, an `AbortError` by default. @default - until the run is over */
  readonly signal?: AbortSignal
}

export interface WatchParts {
  readonly read: () => Promise<RunState>
  readonly describe: (run: RunState) => Promise<RunDescription>
}

const SOONEST_MS = 250
const LATEST_MS = 2_000
const POLL_AT_MOST_MS = 3_600_000

const watchOptions = v.object({
  pollMs: v.optional(
    must(
      v.pipe(v.number(), v.minValue(50), v.maxValue(POLL_AT_MOST_MS)),
      `pollMs must be a number from 50 to ${POLL_AT_MOST_MS}`,
    ),
  ),
  minPollMs: v.optional(
    must(
      v.pipe(v.number(), v.minValue(50), v.maxValue(POLL_AT_MOST_MS)),
      `minPollMs must be a number from 50 to ${POLL_AT_MOST_MS}`,
    ),
  ),
  context: v.optional(must(v.boolean(), 'context must be true or false')),
  signal: v.optional(must(v.instance(AbortSignal), 'signal must be an AbortSignal')),
})

/** @throws FlowcraftAwsError INVALID_INPUT */
export function checkWatch(options: WatchOptions): WatchOptions {
  return checked(watchOptions, options, (problems) =>
    problemsError('INVALID_INPUT', 'cannot watch a run', problems),
  )
}

/** A read unit for each look, and what `get` costs for each change. */
export async function* watchRun(
  { read, describe }: WatchParts,
  { pollMs = LATEST_MS, minPollMs = SOONEST_MS, signal }: WatchOptions,
): AsyncGenerator<RunDescription, void, undefined> {
  const soonest = Math.min(minPollMs, pollMs)
  let seen: RunState | undefined
  let given: RunDescription | undefined
  for (let pause = soonest; ; pause = Math.min(pause * 1.5, pollMs)) {
    signal?.throwIfAborted()
    const run = await read()
    if (!isDeepStrictEqual(run, seen)) {
      seen = run
      pause = soonest
      const described = await describe(run)
      if (!isDeepStrictEqual(described, given)) yield (given = described)
    }
    if (isOver(run)) return
    // Woken early by the signal, whose reason is thrown next.
    await sleep(pause, undefined, { signal }).catch(() => signal?.throwIfAborted())
  }
}

// Ends what was started.

import { setTimeout as sleep } from 'node:timers/promises'

/** What goes on by itself. */
export interface Stoppable {
  stop(): Promise<void>
}

/** Does all steps, each after the one before, also when one fails; then throws what went wrong. */
export async function inTurn(steps: (() => unknown)[]): Promise<void> {
  const errors: unknown[] = []
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, 'the local AWS did not stop cleanly')
}

/** Kills what is still at work then; the rest of the end follows. */
export async function killAfter(
  ms: number,
  functions: readonly Stoppable[],
  done: Promise<void>,
): Promise<void> {
  const late = new AbortController()
  await Promise.race([done, sleep(ms, undefined, { signal: late.signal }).then(() => stopAll(functions))])
  late.abort()
}

export async function stopAll(things: readonly Stoppable[]): Promise<void> {
  await Promise.all(things.map((thing) => thing.stop()))
}

/**
 * Several changes that follow one another, as one: those of nodes whose end was put off (`checkpoints.ts`), and the one that is
 * committed now. Its effects are those of all; its conditions are what must hold before the first, so that each holds in its turn. Pure.
 */
import { apply, type Change, type Requirement, wordOf } from './change.ts'
import type { CoreChange } from './outcome.ts'
import type { RunState } from './run-state.ts'

/** A change with the values that its commit adds. */
export type ValuedChange = CoreChange & Pick<Change, 'inlineValues'>

/** The state as if a change had been committed, for whoever goes on before it is: nothing was, so commits do not count up. */
export function appliedAhead(run: RunState, change: ValuedChange): RunState {
  const after = apply(run, { ...change, offloaded: [] })
  if (!after) throw new Error(`the end of ${change.end} was put off on a state that refuses it`)
  return { ...after, seq: run.seq }
}

/** What all of them come to, without their values. `before` are changes that `mayBePutOff` said so of. */
export function composed(before: readonly ValuedChange[], last: CoreChange): CoreChange {
  const [first] = before
  if (!first) return last
  const { suspend, ...rest } = last
  const done = new Set(before.flatMap(({ completed }) => completed))
  return {
    ...rest,
    end: first.end,
    seen: first.seen,
    through: [...before.slice(1).map(({ end }) => end), ...(suspend ? [] : [last.end])],
    // One that waits now was never in the header.
    schedule: suspend ? new Map([[last.end, suspend]]) : last.schedule,
    completed: [...[...done].filter((node) => !last.reset.includes(node)), ...last.completed],
    reset: last.reset.filter((node) => !done.has(node)),
    iterations: new Map([...before.flatMap(({ iterations }) => [...iterations]), ...last.iterations]),
    require: requirementsOf(before, last),
  }
}

function requirementsOf(before: readonly ValuedChange[], last: CoreChange): Requirement[] {
  const [iterations, values] = [new Set<number>(), new Set<string>()]
  let done = 0n
  // What one before it sets is as it is to be.
  const isSet = (one: Requirement) =>
    (one.kind === 'iteration' && iterations.has(one.node)) ||
    (one.kind === 'inlineValueIs' && values.has(one.name))
  const atFirst = (one: Requirement) =>
    one.kind === 'doneWord' ? { ...one, is: one.is & ~wordOf(done, one.word) } : one
  const all: Requirement[] = []
  for (const { require, iterations: next, completed, inlineValues } of [...before, withoutValues(last)]) {
    all.push(...require.filter((one) => !isSet(one)).map(atFirst))
    for (const node of next.keys()) iterations.add(node)
    for (const name of inlineValues.keys()) values.add(name)
    for (const node of completed) done |= 1n << BigInt(node)
  }
  return all
}

const withoutValues = (change: CoreChange): ValuedChange => ({ ...change, inlineValues: new Map() })

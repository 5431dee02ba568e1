/**
 * The state machine: (graph, run state, ended activation, outcome) -> what its commit sets, and on which conditions.
 * Pure. The engine decides what follows (`traversal.ts`); `decision.ts` what of it is still to be done.
 */
import { LONGEST_DELAY_MS } from '../common/sqs-limits.ts'
import { boundPassed } from './bounds.ts'
import type { Final } from './change.ts'
import { Decision } from './decision.ts'
import type { Ended } from './draft.ts'
import type { CoreChange, Outcome, TransitionOptions } from './outcome.ts'
import type { RunGraph } from './run-graph.ts'
import {
  type ActivationKey,
  activationKey,
  type ActiveEntry,
  childrenOf,
  type RunState,
  START,
  timeOf,
  type Wait,
  outboxEntries,
} from './run-state.ts'

export type { CoreChange, Outcome, TransitionOptions } from './outcome.ts'

/** The state of a run that has just begun: its start nodes are queued. */
export function firstActivations(graph: RunGraph): Pick<RunState, 'active' | 'fired' | 'iterations'> {
  const entry: ActiveEntry = { scheduledBy: START, inline: false }
  return {
    active: new Map(graph.startNodes.map((node) => [activationKey(node, 1), entry])),
    fired: new Set(graph.startNodes.filter((node) => graph.contested.has(node))),
    iterations: new Map(
      graph.startNodes.filter((node) => graph.repeatable.has(node)).map((node) => [node, 1]),
    ),
  }
}

/** The start node that a run's first message works on itself; undefined where there is none. */
export function firstStartOf({ startNodes }: Pick<RunGraph, 'startNodes'>): number | undefined {
  return startNodes[0]
}

export function decide(
  graph: RunGraph,
  run: RunState,
  key: ActivationKey,
  outcome: Outcome,
  options: TransitionOptions,
): CoreChange {
  const seen = run.active.get(key) as ActiveEntry
  if (outcome.kind === 'suspended') {
    return suspendedChange(run, key, seen, outcome.wait, options.now)
  }
  const change = new Decision({ graph, run, key, entry: seen, outcome }).toChange(options)
  const reason = boundPassed(run, change.iterations, options.bounds, (node) => graph.node(node).id)
  return reason === undefined ? change : givenUpChange(run, key, seen, outcome, reason, options)
}

/**
 * The run ends with this activation, whatever else is active: as a cancelled run, on the condition that nothing was
 * committed since, so that no child run that a node begins to wait for is overlooked.
 */
function givenUpChange(
  run: RunState,
  key: ActivationKey,
  seen: ActiveEntry,
  outcome: Ended,
  reason: string,
  { now, outbox }: TransitionOptions,
): CoreChange {
  const children = childrenOf(run)
  const final: Final = {
    status: 'failed',
    endedAt: now,
    outbox: outbox ?? (children.length > 0 ? outboxEntries.notify : undefined),
    givenUp: { reason, children },
  }
  return {
    ...NOTHING,
    end: key,
    seen,
    errors: outcome.kind === 'failed' ? (outcome.errors ?? 1) : 0,
    final,
    require: [{ kind: 'unchanged', seq: run.seq }],
  }
}

/**
 * A suspended activation is a strand of its own from now on: the message that wakes it names it. It stays queued under
 * its origin, whose redelivery asks after it.
 *
 * A wait that the queue cannot hold makes the sweep look at the run before it ends.
 */
function suspendedChange(
  run: RunState,
  key: ActivationKey,
  seen: ActiveEntry,
  wait: Wait,
  now: number,
): CoreChange {
  const suspend = { ...seen, inline: false, wait, suspensions: (seen.suspensions ?? 0) + 1 }
  const change = { ...NOTHING, end: key, seen, suspend }
  const at = timeOf(wait)
  if (at === undefined || at - now <= LONGEST_DELAY_MS) return change
  const dueAt = at - LONGEST_DELAY_MS
  if (run.dueAt !== undefined && run.dueAt <= dueAt) {
    // The sweep may be about to look, and to say that it need not look again.
    return { ...change, require: [{ kind: 'dueBy', at: dueAt }] }
  }
  return { ...change, dueAt, require: [{ kind: 'dueNotBefore', at: dueAt }] }
}

/**
 * A sleeper that an event is to wake. Its time stays as it is, and so does what brings the message of it: that was sent,
 * or the sweep knows of it.
 */
export function awaitedChange(key: ActivationKey, seen: ActiveEntry, at: number): CoreChange {
  const wait: Wait = { kind: 'timer', at, awaited: true }
  return {
    ...NOTHING,
    end: key,
    seen,
    suspend: { ...seen, wait, suspensions: (seen.suspensions ?? 0) + 1 },
  }
}

/** One that waits for its next try, and is to wait for an event in its place. */
export function skippedChange(key: ActivationKey, seen: ActiveEntry): CoreChange {
  const suspend: ActiveEntry = {
    ...seen,
    wait: { kind: 'event' },
    suspensions: (seen.suspensions ?? 0) + 1,
  }
  return { ...NOTHING, end: key, seen, suspend }
}

/** A commit that changes nothing but the activation that it ends. */
export const NOTHING: Omit<CoreChange, 'end' | 'seen'> = {
  schedule: new Map(),
  completed: [],
  reset: [],
  arrive: new Map(),
  arrivals: new Map(),
  close: [],
  fire: [],
  unfire: [],
  pend: [],
  unpend: [],
  iterations: new Map(),
  errors: 0,
  fallback: false,
  require: [],
}

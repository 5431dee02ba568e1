/** What may go wrong in a simulated run, and how likely each request is to meet it. */
import type { RunEventName } from '../../lib/core/telemetry/names.ts'
import type { Fault } from './faults.ts'
import type { Spell } from './weather.ts'

interface Together {
  /**
   * `batch`: an invocation gets them together, answers for all of them together, and gets no others meanwhile.
   * `slots`: a long-lived worker gets another whenever it is done with one, and prolongs its leases.
   */
  readonly as: 'batch' | 'slots'
  readonly atMost: number
}

export interface Profile {
  readonly name: string
  /** Probability of a fault, for each request. */
  readonly faults: Partial<Record<Fault, number>>
  /** Faults per run at most; then everything heals. */
  readonly faultsAtMost: number
  /** A queue that delivers some messages twice, and late. */
  readonly duplicates: number
  readonly delays: number
  /** Loses messages for good, which SQS does not: what only the sweep can mend. */
  readonly losses?: number
  /** A message that is being worked on comes again after this. */
  readonly visibilityMs: number
  readonly sweep: boolean
  /** Processes that work on messages. */
  readonly workers: number
  /** The clocks of hosts are off by up to so many milliseconds, either way. @default 1000 */
  readonly skewMs?: number
  /** By so many milliseconds a timer that the queue holds may be late. @default - by the number of faults */
  readonly timerLateMs?: number
  /** Messages that a process works on at a time, all of which die or stand still with it. @default - one */
  readonly together?: Together
  /** Another run has a node that kills its process each time. @default false */
  readonly killer?: boolean
  /** How long each node's own code takes, but for the one that kills. In milliseconds. @default 0 */
  readonly codeMs?: number
  /** Requests of these names only meet faults. @default - any request */
  readonly aim?: readonly string[]
  /** First deliveries are worked on without a lease. @default false */
  readonly unleased?: true
  /** Its trouble passes while an invocation has time, so no node runs again for it. @default false */
  readonly passes?: true
  /** On each lease the first commits end in an error that nobody expects: always the same, or in turn, nine times. */
  readonly bugs?: 'same' | 'inTurn'
  /** So many jobs come that name something active, whether a message of its own works on it or another's. @default 0 */
  readonly strays?: number
  /** The run is started with labels, by which it must be found from its start on. @default false */
  readonly labels?: true
  /** Workers note what becomes of the run, and the history of it must tell each end once. @default false */
  readonly history?: true
  /** The start of the run is delayed, by less than the queue can hold or by more. @default false */
  readonly delaysStart?: true
  /**
   * What is published besides ends. With 'waiting', nobody gives an event before that is published: so a run whose wait is told
   * to nobody never ends. @default - nothing
   */
  readonly events?: readonly RunEventName[]
  /** Somebody cancels the run within so many steps. @default - nobody does */
  readonly cancelsBy?: number
  /** Whoever cancelled it redrives it; then it may be cancelled again, so many times. @default - nobody does */
  readonly redrives?: number
  /** Whoever cancelled it forks it, so many times; each fork but the last may be cancelled. @default - nobody does */
  readonly forks?: number
  /** The run fails that paid for more calls of its nodes, before its next node. @default - as many as it makes */
  readonly callsAtMost?: number
  /** So many times a node fails before it does anything; whoever finds the run failed redrives it. @default 0 */
  readonly failures?: number
  /** Of the failed nodes that may be skipped, whether some are. @default false */
  readonly skips?: true
  /** The stored graph of the run is lost within so many steps. @default - it is not */
  readonly losesGraphBy?: number
  /** Somebody pauses the run so many times, and unpauses it. @default 0 */
  readonly pauses?: number
  /** Somebody pauses its blueprint so many times, and unpauses it. @default 0 */
  readonly blueprintPauses?: number
  /** Runs that would end as failed are paused in place of that. @default - they end */
  readonly pausesFailed?: true
  /** What all requests to a service meet for a while. @default - nothing */
  readonly weather?: Spell
  /** What does not fit into the header is an object in S3. @default - an item of the table */
  readonly objects?: true
  /** No node of it has a checkpoint (`checkpoint: false`). @default - as the case has them */
  readonly noCheckpoints?: true
  /** A host looks so often which blueprints are paused, in milliseconds. @default - once */
  readonly pausesSeenAfterMs?: number
}

const calm = {
  faults: {},
  faultsAtMost: 0,
  duplicates: 0,
  delays: 0,
  visibilityMs: 60_000,
  sweep: false,
  workers: 4,
}

/** No trouble at all, in any order. */
export const CALM: Profile = { ...calm, name: 'calm' }
/** Only what SQS does every day. */
export const BUSY_QUEUE: Profile = { ...calm, name: 'busy-queue', duplicates: 0.4, delays: 0.4 }
/** Messages come back while they are worked on. */
const SHORT_VISIBILITY: Profile = {
  ...calm,
  name: 'short-visibility',
  duplicates: 0.1,
  visibilityMs: 15,
}

/** Somebody sends jobs that the protocol has not sent, as the guide's client or an operator may. */
export const STRAYS: Profile = { ...calm, name: 'strays', duplicates: 0.1, strays: 8 }

const trouble = { ...calm, duplicates: 0.1, delays: 0.2, faultsAtMost: 6 }
export const NETWORK: Profile = {
  ...trouble,
  name: 'network',
  faults: { refused: 0.04, lost: 0.05, late: 0.04 },
}
export const CRASHES: Profile = { ...trouble, name: 'crashes', faults: { dieBefore: 0.05, dieAfter: 0.05 } }
export const ZOMBIES: Profile = {
  ...trouble,
  name: 'zombies',
  faults: { freezeBefore: 0.06, freezeAfter: 0.06, late: 0.03 },
}
const everything = {
  refused: 0.02,
  lost: 0.03,
  late: 0.03,
  dieBefore: 0.02,
  dieAfter: 0.02,
  freezeBefore: 0.03,
  freezeAfter: 0.03,
}
export const CHAOS: Profile = {
  ...trouble,
  name: 'chaos',
  faults: everything,
  faultsAtMost: 12,
  duplicates: 0.2,
}
export const STORM: Profile = {
  ...trouble,
  name: 'storm',
  faults: Object.fromEntries(Object.entries(everything).map(([fault, p]) => [fault, p * 3])),
  faultsAtMost: 40,
  duplicates: 0.3,
  visibilityMs: 5_000,
}
/** Of runs with four nodes or more in a row. */
export const BUDGET: Profile = { ...CHAOS, name: 'budget', callsAtMost: 1 }
export const LABELS: Profile = { ...CHAOS, name: 'labels', labels: true }
export const HISTORY: Profile = { ...CHAOS, name: 'history', history: true }
export const LOSSES: Profile = { ...CHAOS, name: 'losses', losses: 0.15, sweep: true }
export const CANCELS: Profile = { ...CHAOS, name: 'cancels', faultsAtMost: 6, cancelsBy: 80 }

/** Cancelled in vain: it ends as if nobody had. */
export const REDRIVES: Profile = { ...CANCELS, name: 'redrives', cancelsBy: 60, redrives: 3 }
/** Without faults, so that nothing but the redrive itself brings messages. */
export const CALM_REDRIVES: Profile = {
  ...CALM,
  name: 'calm-redrives',
  cancelsBy: 40,
  redrives: 2,
  delays: 0.3,
}
/** Cancelled, and forked: the last fork ends as the run would have. */
export const FORKS: Profile = { ...CANCELS, name: 'forks', cancelsBy: 60, forks: 3 }
export const CALM_FORKS: Profile = { ...CALM, name: 'calm-forks', cancelsBy: 40, forks: 2, delays: 0.3 }
/** Nodes fail, and run again in another life; those who worked on the lives before may still be there. */
export const FAILURES: Profile = { ...CHAOS, name: 'failures', faultsAtMost: 8, failures: 3 }
export const CALM_FAILURES: Profile = { ...CALM, name: 'calm-failures', failures: 3, delays: 0.3 }
/** Somebody skips some of them, and cancels in vain. */
const SKIPS: Profile = { ...FAILURES, name: 'skips', skips: true, cancelsBy: 80, redrives: 2 }
export const PAUSES: Profile = { ...CHAOS, name: 'pauses', faultsAtMost: 6, pauses: 4 }
export const CALM_PAUSES: Profile = { ...CALM, name: 'calm-pauses', pauses: 3, delays: 0.3 }
/** A run that would end as failed is paused in place of that. */
export const PAUSED_FAILURES: Profile = {
  ...CHAOS,
  name: 'paused-failures',
  faultsAtMost: 6,
  pausesFailed: true,
}
/** A run stands still for as long as its blueprint is paused. */
const whilePaused = { timerLateMs: Infinity } as const
/** Somebody pauses its blueprint, or one of its children's, and workers see that late. */
export const BLUEPRINT_PAUSES: Profile = {
  ...PAUSES,
  ...whilePaused,
  name: 'blueprint-pauses',
  pauses: 1,
  blueprintPauses: 4,
  pausesSeenAfterMs: 200,
}
export const CALM_BLUEPRINT_PAUSES: Profile = {
  ...CALM_PAUSES,
  ...whilePaused,
  name: 'calm-blueprint-pauses',
  pauses: 0,
  blueprintPauses: 3,
  pausesSeenAfterMs: 50,
}

/** Nobody can say what follows in it: it ends, with whatever waits for it and what it waits for. */
export const LOST_GRAPH: Profile = { ...CHAOS, name: 'lost-graph', faultsAtMost: 6, losesGraphBy: 100 }

/** Delayed by ten minutes or three hours, by whoever may die at it. */
export const DELAYED: Profile = { ...CHAOS, name: 'delayed-start', delaysStart: true }
/** And paused, or cancelled in vain, before it starts or after. */
export const DELAYED_STEERED: Profile = {
  ...DELAYED,
  ...whilePaused,
  name: 'delayed-start-steered',
  faultsAtMost: 6,
  pauses: 3,
  blueprintPauses: 2,
  pausesSeenAfterMs: 200,
  cancelsBy: 30,
  redrives: 2,
}

/** Nobody gives a run its events unless asked. */
export const ASKED: Profile = { ...CHAOS, name: 'asked', events: ['started', 'waiting'] }
/** And it is paused meanwhile. */
const ASKED_PAUSES: Profile = { ...PAUSES, name: 'asked-pauses', events: ['started', 'waiting'] }
/** Whoever redrives it dies, and who is to be asked is asked once more. */
export const TOLD_REDRIVES: Profile = {
  ...REDRIVES,
  name: 'told-redrives',
  events: ['started', 'waiting', 'redriven'],
}

const batch = { as: 'batch', atMost: 10 } as const
const slots = { as: 'slots', atMost: 4 } as const
/** A function that gets several messages at a time. */
export const BATCHES: Profile = { ...CHAOS, name: 'batches', workers: 3, together: batch }
/** A long-lived worker. */
export const SLOTS: Profile = {
  ...CHAOS,
  name: 'slots',
  faults: { ...everything, slow: 0.15 },
  workers: 2,
  together: slots,
}
/** Where several items share a message, some are under way when their invocation is about to end. */
export const LATE_ITEMS: Profile = {
  ...BATCHES,
  name: 'late-items',
  faults: { ...everything, slow: 0.15 },
  // As long as an item has in a short invocation: some are done when it is over.
  codeMs: 3_200,
}
const killer = { killer: true, codeMs: 400, faultsAtMost: 3 } as const
/** Beside them, a node that kills its process each time, sooner than others are done: it must take no other run down. */
export const BATCH_KILLER: Profile = { ...BATCHES, ...killer, name: 'batch-killer' }
export const SLOT_KILLER: Profile = { ...SLOTS, ...killer, name: 'slot-killer' }

/** What ends in the same unexpected error on each delivery fails with it; where the error is another, it goes on. */
export const SAME_BUG: Profile = { ...calm, name: 'same-bug', workers: 1, bugs: 'same' }
export const BUGS_IN_TURN: Profile = { ...SAME_BUG, name: 'bugs-in-turn', bugs: 'inTurn' }

/** Clocks that differ by up to twenty minutes. Leases may be taken over, and nodes executed twice. */
export const SKEWED: Profile = {
  ...calm,
  name: 'skewed-clocks',
  faultsAtMost: 1,
  delays: 0.4,
  sweep: true,
  skewMs: 600_000,
  timerLateMs: 15_000,
}

/** Trouble with requests of one name only, most of the time. */
export function aimedAt(aim: string, faults: Profile['faults'], base: Profile = CHAOS): Profile {
  return { ...base, name: `${base.name} at ${aim}`, aim: [aim], faults, faultsAtMost: 6 }
}

/**
 * Nearly no commit gets through, and nearly no lease can be given back, for longer than a strand may be lost.
 */
export const THROTTLED: Profile = {
  ...calm,
  name: 'throttled',
  faults: { refused: 0.97 },
  faultsAtMost: 70,
  aim: ['commit', 'release'],
}

/** First deliveries are worked on without a lease; no message comes twice, so each node runs once all the same. */
export const UNLEASED_CALM: Profile = { ...calm, name: 'unleased-calm', unleased: true, delays: 0.4 }
/** What SQS does every day. */
export const UNLEASED_DOUBLES: Profile = { ...BUSY_QUEUE, name: 'unleased-doubles', unleased: true }
/** Messages come back while they are worked on, since nobody has prolonged their time. */
const UNLEASED_SHORT: Profile = { ...SHORT_VISIBILITY, name: 'unleased-short', unleased: true }
const UNLEASED_CRASHES: Profile = { ...CRASHES, name: 'unleased-crashes', unleased: true }
export const UNLEASED_ZOMBIES: Profile = { ...ZOMBIES, name: 'unleased-zombies', unleased: true }
const UNLEASED_STORM: Profile = { ...STORM, name: 'unleased-storm', unleased: true }
/** And jobs that the protocol has not sent. */
const UNLEASED_STRAYS: Profile = { ...STRAYS, name: 'unleased-strays', unleased: true }
/** Several lives of a run, in which those of the lives before may still be there. */
const UNLEASED_REDRIVES: Profile = { ...REDRIVES, name: 'unleased-redrives', unleased: true }
const UNLEASED_PAUSES: Profile = { ...PAUSES, name: 'unleased-pauses', unleased: true }
const UNLEASED_SLOTS: Profile = { ...SLOTS, name: 'unleased-slots', unleased: true }
export const UNLEASED_BATCH_KILLER: Profile = {
  ...BATCH_KILLER,
  name: 'unleased-batch-killer',
  unleased: true,
}

/** For seconds many writes of whoever holds a lease are throttled, or their answers lost. */
export const PASSING: Profile = {
  ...calm,
  name: 'passing-trouble',
  faults: { refused: 0.3, lost: 0.2 },
  faultsAtMost: 8,
  aim: ['commit', 'putValue', 'putOnce', 'writePage', 'evict', 'arrive', 'create', 'send', 'begin', 'lease'],
  passes: true,
}

/** As a profile, and no node has a checkpoint: strands go on ahead of the header. */
const ahead = (profile: Profile): Profile => ({
  ...profile,
  name: `${profile.name}-no-checkpoints`,
  noCheckpoints: true,
})
export const CALM_AHEAD = ahead(CALM)
/** Without leases a message too many shows: what it is for runs twice. */
const UNLEASED_CALM_AHEAD = ahead(UNLEASED_CALM)
const UNLEASED_ZOMBIES_AHEAD = ahead(UNLEASED_ZOMBIES)
export const BUSY_AHEAD = ahead(BUSY_QUEUE)
export const CRASHES_AHEAD = ahead(CRASHES)
export const ZOMBIES_AHEAD = ahead(ZOMBIES)
export const CHAOS_AHEAD = ahead(CHAOS)
export const BUDGET_AHEAD = ahead(BUDGET)
const HISTORY_AHEAD = ahead(HISTORY)
const REDRIVES_AHEAD = ahead(REDRIVES)
const FORKS_AHEAD = ahead(FORKS)
const FAILURES_AHEAD = ahead(FAILURES)
const PAUSES_AHEAD = ahead(PAUSES)
const PAUSED_FAILURES_AHEAD = ahead(PAUSED_FAILURES)
const BLUEPRINT_PAUSES_AHEAD = ahead(BLUEPRINT_PAUSES)
const SLOTS_AHEAD = ahead(SLOTS)
export const BATCH_KILLER_AHEAD = ahead(BATCH_KILLER)
const THROTTLED_AHEAD = ahead(THROTTLED)

export const profiles: readonly Profile[] = [
  CALM,
  BUSY_QUEUE,
  SHORT_VISIBILITY,
  STRAYS,
  NETWORK,
  CRASHES,
  ZOMBIES,
  CHAOS,
  STORM,
  LOSSES,
  CANCELS,
  REDRIVES,
  CALM_REDRIVES,
  FORKS,
  CALM_FORKS,
  FAILURES,
  CALM_FAILURES,
  SKIPS,
  PAUSES,
  CALM_PAUSES,
  PAUSED_FAILURES,
  BLUEPRINT_PAUSES,
  CALM_BLUEPRINT_PAUSES,
  LOST_GRAPH,
  DELAYED,
  DELAYED_STEERED,
  BATCHES,
  LATE_ITEMS,
  SLOTS,
  SKEWED,
  THROTTLED,
  PASSING,
  BATCH_KILLER,
  SLOT_KILLER,
  LABELS,
  HISTORY,
  ASKED,
  ASKED_PAUSES,
  TOLD_REDRIVES,
  UNLEASED_CALM,
  UNLEASED_DOUBLES,
  UNLEASED_SHORT,
  UNLEASED_CRASHES,
  UNLEASED_ZOMBIES,
  UNLEASED_STORM,
  UNLEASED_STRAYS,
  UNLEASED_REDRIVES,
  UNLEASED_PAUSES,
  UNLEASED_SLOTS,
  UNLEASED_BATCH_KILLER,
  CALM_AHEAD,
  UNLEASED_CALM_AHEAD,
  UNLEASED_ZOMBIES_AHEAD,
  BUSY_AHEAD,
  CRASHES_AHEAD,
  ZOMBIES_AHEAD,
  CHAOS_AHEAD,
  HISTORY_AHEAD,
  REDRIVES_AHEAD,
  FORKS_AHEAD,
  FAILURES_AHEAD,
  PAUSES_AHEAD,
  PAUSED_FAILURES_AHEAD,
  BLUEPRINT_PAUSES_AHEAD,
  SLOTS_AHEAD,
  THROTTLED_AHEAD,
  BATCH_KILLER_AHEAD,
]

/**
 * Mutants of the protocol, each of which the simulation must notice: each leaves out one thing that a commit demands or
 * one rule of message handling, and some run must go wrong.
 *
 * What each condition of a single write is for, the store's contract shows (`test/core/store/store-mutants.ts`).
 *
 * Where two demands keep one another's promise, both are left out: a cancelled run has nothing active, so 'still
 * running' alone is not missed; what is scheduled twice at a time is refused by 'has fired' and by the iteration as
 * well. Not here, since the store's contract suite shows it better: `last` (whoever is alone stays alone) and
 * `doneWord` of loops (the memory store clears bits where DynamoDB subtracts).
 */
import { ENDLESS, SUMS } from '../conformance/cases/unordered-cases.ts'
import type { Mutation } from './mutation.ts'
import {
  aimedAt,
  BATCHES,
  BUSY_QUEUE,
  CALM,
  CANCELS,
  CHAOS,
  CRASHES,
  LOSSES,
  NETWORK,
  type Profile,
  SKEWED,
  SLOTS,
  ZOMBIES,
} from './profile.ts'

export interface Mutant {
  readonly what: string
  readonly mutation: Mutation
  readonly cases: readonly string[]
  readonly profiles: readonly Profile[]
  /** Whether the header must be full for it to show. */
  readonly fat?: boolean
}

const BUSY_LOOP = 'a loop with branches that end inside it, and work beside it'
const BUSY_FAN = 'a loop around a fan-out, and work beside it'
const SLEEPS = 'sleeps of 20 minutes and 3 hours side by side'
const LATER_SLEEP = 'a sleep that begins when the sweep comes for another'
const WAIT = 'a wait whose event approves'
const CHILD = 'a subflow with the input of its node'
const MADE_FALLBACK = 'a made node and one of the graph with one fallback'
const MANY_KEYS = 'keys that are set one by one and many together'
const EARLY_CANCELS: Profile = { ...CANCELS, name: 'early-cancels', cancelsBy: 10 }

/** Messages come while a zombie wakes, and whoever has them then may die: rare, whatever the profile. */
const MANY_ZOMBIES: Profile = {
  ...CHAOS,
  name: 'many-zombies',
  faults: { freezeBefore: 0.12, freezeAfter: 0.12, dieBefore: 0.1, dieAfter: 0.05 },
  faultsAtMost: 10,
  duplicates: 0.5,
}

export const mutants: readonly Mutant[] = [
  {
    what: 'a commit that does not ask whether a join is still short of arrivals',
    mutation: { drop: ['arrivalsBelow'] },
    cases: ['crossed joins', 'several starts and several terminals'],
    profiles: [CALM],
  },
  {
    what: 'a commit that does not ask whether a join of some is still short of them',
    mutation: { drop: ['arrivedBelow'] },
    cases: ['three of three', 'two of three, and the third fails'],
    profiles: [CALM],
  },
  {
    what: 'a commit that does not ask whether a node has fired',
    mutation: { drop: ['notFired'] },
    cases: ["an 'any' join of 5 successful predecessors", 'a fallback that two failing nodes share'],
    profiles: [CALM],
  },
  {
    what: 'a commit that does not ask for the iteration it saw',
    mutation: { drop: ['iteration'] },
    cases: ['two edges back to one head', 'two cycles through one node, and two ways in'],
    profiles: [CALM],
  },
  {
    what: 'a commit that does not ask whether somebody else will end the run',
    mutation: { drop: ['notLast'] },
    cases: ["an 'any' join whose predecessors all fail"],
    profiles: [CALM],
  },
  {
    what: 'a controller that waits for a witness which may have left',
    mutation: { drop: ['active'] },
    cases: [BUSY_LOOP],
    profiles: [CALM],
  },
  {
    what: 'leaving a loop without asking whether its controller waits',
    mutation: { drop: ['notPending'] },
    cases: [BUSY_LOOP],
    profiles: [CALM],
  },
  {
    what: 'leaving a loop to another that may have left',
    mutation: { drop: ['activeOrNotPending'] },
    cases: [BUSY_LOOP],
    profiles: [CALM],
  },
  {
    what: 'taking inline values out of the header that were written meanwhile',
    mutation: { drop: ['inlineValueAsSeen'] },
    cases: [BUSY_FAN],
    profiles: [LOSSES, CHAOS, BUSY_QUEUE],
    fat: true,
  },
  {
    what: 'a run that is given up without asking what was committed meanwhile',
    mutation: { drop: ['unchanged'] },
    cases: [ENDLESS],
    profiles: [CALM, BUSY_QUEUE],
  },
  {
    what: 'a context key that is overwritten without asking whether another has changed it',
    mutation: { drop: ['inlineValueIs'] },
    cases: [SUMS],
    profiles: [CALM],
  },
  {
    what: 'a context key that is overwritten without asking whether it was moved meanwhile',
    mutation: { drop: ['notMoved'] },
    cases: [SUMS],
    profiles: [BATCHES, SLOTS],
  },
  {
    what: 'a context key in a page that is overwritten without asking what was committed meanwhile',
    mutation: { drop: ['unchanged'] },
    cases: [SUMS],
    profiles: [aimedAt('commit', { late: 0.4 })],
    fat: true,
  },
  {
    what: 'the end of a child run that leaves no word for its parent',
    mutation: { noOutbox: true },
    cases: ['a subflow with the input of its node'],
    profiles: [CALM],
  },
  {
    what: 'arrivals of items that are counted instead of kept as a set',
    mutation: { countArrivals: true },
    cases: ['a batch of 20', 'a batch with workers that give nothing'],
    profiles: [BUSY_QUEUE, CRASHES],
  },
  {
    what: 'a full shard that is passed up only by whoever filled it',
    mutation: { fillerOnly: true },
    cases: ['a batch of 1', 'a batch whose workers set keys of their own'],
    profiles: [CRASHES],
  },
  {
    what: 'a zombie that acknowledges',
    mutation: { zombieAcknowledges: true },
    cases: ['a linear chain', 'fan-out and fan-in'],
    profiles: [MANY_ZOMBIES, { ...MANY_ZOMBIES, visibilityMs: 92_000 }],
  },
  {
    what: 'no job is sent again when a message comes back',
    mutation: { noResend: true },
    cases: ['fan-out and fan-in'],
    profiles: [CRASHES],
  },
  {
    what: 'jobs are sent before the commit that schedules them',
    mutation: { sendFirst: true },
    cases: ['fan-out and fan-in'],
    profiles: [CALM, BUSY_QUEUE],
  },
  {
    what: 'a commit that does not ask whether the run is still running, where cancelling leaves what is active',
    mutation: { forget: ['running'], cancelKeepsActive: true },
    cases: ['fan-out and fan-in', 'two fans in a row'],
    profiles: [CANCELS],
  },
  {
    what: 'a begin that does not ask whether the run was cancelled',
    mutation: { beginsCancelled: true },
    cases: ['one node', 'fan-out and fan-in'],
    profiles: [EARLY_CANCELS],
  },
  {
    what: 'a begin that does not ask whether another has begun the run',
    mutation: { beginsAgain: true },
    cases: ['one node', 'fan-out and fan-in'],
    profiles: [ZOMBIES, CHAOS],
  },
  {
    what: 'a commit that does not ask whether its activation has ended',
    mutation: { forget: ['unended'] },
    cases: ['fan-out and fan-in', 'a linear chain'],
    profiles: [NETWORK, ZOMBIES],
  },
  {
    what: 'a commit that does not ask whether its activation is as it was seen',
    mutation: { forget: ['seen'] },
    cases: ['a batch in rounds of 7', 'tries that the queue keeps apart'],
    profiles: [aimedAt('commit', { freezeBefore: 0.2, late: 0.2 })],
  },
  {
    what: 'a commit that asks neither whether a node is scheduled nor whether it has fired',
    mutation: { forget: ['unscheduled'], drop: ['notFired'] },
    cases: ["an 'any' join of 2 successful predecessors"],
    profiles: [CALM],
  },
  {
    what: 'a commit that asks neither whether a node is scheduled nor for its iteration',
    mutation: { forget: ['unscheduled'], drop: ['iteration'] },
    cases: ['two edges back to one head'],
    profiles: [CALM],
  },
  {
    what: "an 'any' join or a fallback without the mark that it has fired",
    mutation: { neverFires: true },
    cases: ["an 'any' join of 3 successful predecessors", 'a fallback that two failing nodes share'],
    profiles: [CALM],
  },
  {
    what: 'arrivals of edges that were taken only',
    mutation: { takenEdgesOnly: true },
    cases: ['a fallback with an edge of its own to what follows'],
    profiles: [CALM],
  },
  {
    what: 'a loop that is not drained before its next round',
    mutation: { undrained: true },
    cases: ["a loop around an 'any' join of two branches"],
    profiles: [CALM],
  },
  {
    what: 'values that are visible before their commit',
    mutation: { earlyValues: true },
    cases: ['a key that is deleted and set again', "a self-edge on an 'any' node"],
    profiles: [CRASHES],
  },
  {
    what: 'a fallback that does not ask whether a made node that failed has named it',
    mutation: { drop: ['notFired'] },
    cases: [MADE_FALLBACK],
    profiles: [CHAOS],
  },
  {
    what: 'a fallback of a made node that does not ask whether it has completed',
    mutation: { drop: ['doneWord'] },
    cases: [MADE_FALLBACK],
    profiles: [aimedAt('commit', { freezeBefore: 0.4, late: 0.3 })],
  },
  {
    what: 'a bundle of keys that leaves what the header has of them',
    mutation: { keepsBundled: true },
    cases: ['parallel nodes that set many keys of their own'],
    profiles: [CALM],
  },
  {
    what: 'a bundle of keys that is never newer than a pack',
    mutation: { pagesAre: 'newer' },
    cases: [MANY_KEYS],
    profiles: [CALM],
    fat: true,
  },
  {
    what: 'a bundle of keys that is always newer than a pack',
    mutation: { pagesAre: 'older' },
    cases: [MANY_KEYS],
    profiles: [CALM],
    fat: true,
  },
  {
    what: 'two packs of one number, of which whoever has read one never sees the other',
    mutation: { drop: ['packs'] },
    cases: ['keys that branches set, read along them and behind them'],
    profiles: [aimedAt('writePack', { late: 0.2, freezeBefore: 0.2 }), BUSY_QUEUE],
  },
  {
    what: 'attempts that all have one number',
    mutation: { firstAttempts: true },
    cases: ['a small and a large value that belong together, read after a sleep'],
    profiles: [aimedAt('putValue', { late: 0.5 })],
  },
  {
    what: 'a lease that everybody gets',
    mutation: { noLease: true },
    cases: ['one node', 'a linear chain'],
    profiles: [BUSY_QUEUE],
  },
  {
    what: 'a sweep that moves the time of its next look, whatever was committed meanwhile',
    mutation: { blindDue: true },
    cases: [LATER_SLEEP],
    profiles: [aimedAt('reschedule', { freezeBefore: 0.8 })],
  },
  {
    what: 'a sweep that moves the time of its next look before it sends',
    mutation: { sweepMovesFirst: true },
    cases: [SLEEPS, 'a sleep of 30 days beside one of milliseconds'],
    profiles: [CRASHES],
  },
  {
    what: 'a timer that does not ask whether the sweep still comes',
    mutation: { drop: ['dueBy'] },
    cases: [LATER_SLEEP],
    profiles: [aimedAt('commit', { freezeBefore: 0.3, late: 0.3 })],
  },
  {
    what: 'a timer that makes the sweep come later',
    mutation: { drop: ['dueNotBefore'] },
    cases: [SLEEPS],
    profiles: [CALM],
  },
  {
    what: 'a timer that is not sent again when its message comes early',
    mutation: { timerOnce: true },
    cases: ['a sleep of 20 minutes'],
    profiles: [CALM],
  },
  {
    what: 'an event that is given but whose job is not sent',
    mutation: { eventUnsent: true },
    cases: [WAIT],
    profiles: [CALM],
  },
  {
    what: 'an event whose job goes to what waited before it was given',
    mutation: { eventByOldLook: true },
    cases: [WAIT, 'two waits, one after the other and twice over, into a join'],
    profiles: [CALM, BUSY_QUEUE],
  },
  {
    what: 'an event whose job is sent only by whoever gave it first',
    mutation: { eventOnce: true },
    cases: [WAIT, 'a wait whose event rejects'],
    profiles: [CHAOS],
  },
  {
    what: 'a timeout that is not put where its event would be',
    mutation: { timeoutUnput: true },
    cases: ['a wait whose event may come too late'],
    profiles: [CALM, BUSY_QUEUE, NETWORK],
  },
  {
    what: 'a sleeper that is given an event without being asked to wait for it',
    mutation: { sleeperUnasked: true },
    cases: ['a sleeper that may be woken too late', 'a sleeper that is woken'],
    profiles: [CALM, BUSY_QUEUE],
  },
  {
    what: "a timer's message that is held against the clock of whoever gets it",
    mutation: { distrusted: true },
    cases: ['a wait that fails since its event does not come'],
    profiles: [SKEWED],
  },
  {
    what: 'a child that is made before its parent waits for it',
    mutation: { childFirst: true },
    cases: [CHILD],
    profiles: [CANCELS],
  },
  {
    what: 'a cancelled child that is not there yet, and for which nothing is put',
    mutation: { noTombstone: true },
    cases: [CHILD],
    profiles: [aimedAt('create', { freezeBefore: 0.7 }, { ...CANCELS, cancelsBy: 40 })],
  },
  {
    what: 'an end that is marked as told before it is told',
    mutation: { publishedFirst: true },
    cases: ['one node'],
    profiles: [aimedAt('publishRunEnd', { dieBefore: 0.5, refused: 0.5 })],
  },
]

/**
 * Mutants of the protocol's own code: a piece of a file of lib/core is replaced, and the simulation is bundled with
 * what comes of it. For what no store or queue can make go wrong from outside.
 */
import { costMutants } from './cost-mutants.ts'
import { flowMutants } from './flow-mutants.ts'
import { forkMutants } from './fork-mutants.ts'
import { pauseMutants } from './pause-mutants.ts'
import type { Mutant } from './mutants.ts'
import type { Mutation } from './mutation.ts'
import {
  aimedAt,
  BATCH_KILLER,
  SLOT_KILLER,
  BUGS_IN_TURN,
  BUSY_QUEUE,
  CALM,
  CALM_PAUSES,
  CALM_REDRIVES,
  CANCELS,
  CHAOS,
  CRASHES,
  DELAYED,
  DELAYED_STEERED,
  HISTORY,
  LABELS,
  NETWORK,
  REDRIVES,
  SAME_BUG,
  STRAYS,
  THROTTLED,
  ZOMBIES,
} from './profile.ts'
import type { Replacement } from './source-mutation.ts'

export interface SourceMutant extends Omit<Mutant, 'mutation'>, Replacement {
  /** What is replaced with it, where two demands keep one another's promise. */
  readonly also?: readonly Omit<Replacement, 'what'>[]
  readonly mutation?: Mutation
}

const LARGE_WAIT = 'a wait that has a large value and gets another'
const LARGE_TRIES = 'tries a minute apart, each of which sets a large value'
const CHILD = 'a subflow with the input of its node'
const TIMERS = 'sleeps of 20 minutes and 3 hours side by side'

export const sourceMutants: readonly SourceMutant[] = [
  {
    what: 'a worker that notes what is not committed yet',
    file: 'worker/commit.ts',
    replace: /const result = await commit\(/,
    by: 'noteCommit(activation, run, execution)\n    const result = await commit(',
    cases: ['fan-out and fan-in'],
    profiles: [HISTORY],
  },
  {
    what: 'a history that asks nobody but workers',
    file: 'run/read-history.ts',
    replace: /const rounds = isDone/,
    by: 'const rounds = graph.size > 0 ? 0 : isDone',
    cases: ['a linear chain'],
    profiles: [HISTORY],
  },
  {
    what: 'a history that has failures from workers alone',
    file: 'run/read-history.ts',
    replace: /failures\.filter\(\(\{ key \}\) => !known\.has\(key\)\)/,
    by: 'failures.filter(() => false)',
    cases: ["an 'all' join with a failed predecessor"],
    profiles: [HISTORY],
  },
  {
    what: 'a run whose labels are put when it is there',
    file: 'run/start.ts',
    replace:
      /if \(run\.labels\) await services\.store\.putLabels\(run\)\n\s*(const \{ created, run: there \} = await services\.store\.create\(run\))/,
    by: '$1\n  if (run.labels) await services.store.putLabels(run)',
    cases: ['one node'],
    profiles: [LABELS],
  },
  {
    what: 'a list by label that does not ask whether the run is of that start',
    file: 'run/list.ts',
    replace: /header\?\.startedAt === time && isWanted\(query, header\)/,
    by: 'header && isWanted(query, header)',
    cases: ['one node', 'a linear chain'],
    profiles: [aimedAt('putLabels', { dieAfter: 0.5 }, LABELS)],
  },
  {
    what: 'a delayed run that is not in the index of due runs from its first write on',
    file: 'run/start.ts',
    replace: /\{ startsAt, dueAt: dueForStart\(startsAt, now\) \}/,
    by: '{ startsAt }',
    cases: ['one node'],
    profiles: [DELAYED],
  },
  {
    what: 'a worker that begins a delayed run when any message comes',
    file: 'worker/open-run.ts',
    replace: /startOf\(found, services\.now\(\), job\.due\) !== undefined/,
    by: 'startOf(found, services.now(), found.startsAt) !== undefined',
    cases: ['one node'],
    profiles: [DELAYED_STEERED],
  },
  {
    what: 'a message that comes before its run may begin, and is done with',
    file: 'worker/open-run.ts',
    replace: /await holdBack\(services, found, false\)\n/,
    by: '\n',
    cases: ['one node'],
    profiles: [DELAYED],
  },
  {
    what: 'a delayed run that is taken out of the index before its message is sent',
    file: 'run/delayed-start.ts',
    replace: /const sent = await sendStart\(services, run, trusted\)\n/,
    by: 'await services.store.reschedule(runId, { seq, dueAt: undefined, was })\n  const sent = await sendStart(services, run, trusted)\n',
    cases: ['one node'],
    profiles: [aimedAt('send', { dieBefore: 0.5, refused: 0.3 }, DELAYED)],
  },
  {
    what: 'a strand that is what the message names',
    file: 'worker/process-job.ts',
    replace: /strand = entry \? strandOf\(key, entry\) : key/,
    by: 'strand = key',
    cases: ['a linear chain'],
    profiles: [STRAYS],
  },
  {
    what: 'one name for what is written before and after a wait',
    file: 'protocol/attempt.ts',
    replace: /const PARK = [\d_]+/,
    by: 'const PARK = 0',
    cases: [LARGE_TRIES],
    profiles: [ZOMBIES],
  },
  {
    what: 'one name for what is written inline and as a strand of its own',
    file: 'protocol/attempt.ts',
    replace: /const CARRIED_ON = [\d_]+/,
    by: 'const CARRIED_ON = 0',
    cases: [LARGE_WAIT],
    profiles: [ZOMBIES, CHAOS],
  },
  {
    what: 'one label for the pages that all attempts on a batch write',
    file: 'batch/scatter.ts',
    replace: /\n    label,\n/,
    by: "\n    label: label && 'same',\n",
    cases: ['a batch of 20', 'a batch of 1'],
    profiles: [NETWORK, CRASHES],
  },
  {
    what: 'a message whose work is done that sends again what the start has queued',
    file: 'worker/process-job.ts',
    replace: /sendQueued\(open, strand\)/,
    by: 'sendQueued(open, START)',
    cases: ['fan-out and fan-in'],
    profiles: [CRASHES],
  },
  {
    what: 'a suspension after which nobody asks whether what it waits for is there',
    file: 'worker/strand.ts',
    replace: /suspended = result\.suspended \? current : undefined/,
    by: 'if (result.suspended) return STILL_WAITING',
    cases: ['a wait whose event approves', 'a sleep of 20 minutes'],
    profiles: [CALM],
  },
  {
    what: 'a cancelled run that leaves its children alone',
    file: 'run/run-end.ts',
    replace: /await cancelChildren\(services, run\)/,
    by: '',
    cases: [CHILD],
    profiles: [CANCELS],
  },
  {
    what: 'a cancel that overlooks what was committed meanwhile',
    file: 'store/memory-run-store.ts',
    replace: / \|\| run\.seq !== seen\.seq\) return this\.written\(runId, undefined\)/,
    by: ') return this.written(runId, undefined)',
    cases: [CHILD],
    profiles: [aimedAt('cancel', { freezeBefore: 0.8 }, { ...CANCELS, cancelsBy: 40 })],
  },
  {
    what: 'a child whose end is marked as told before its parent has word of it',
    file: 'run/run-end.ts',
    replace: /if \(run\.parent\) await services\.queue\.send\(\[run\.parent\]\)/,
    by: `if (run.parent) {
      await services.store.markPublished(run)
      await services.queue.send([run.parent])
    }`,
    cases: [CHILD],
    profiles: [aimedAt('send', { dieBefore: 0.4 })],
  },
  {
    what: 'the tries of a subflow that share a child',
    file: 'protocol/run-state.ts',
    replace: /\$\{tries === 0 \? '' : `~\$\{tries\}`\}/,
    by: '',
    cases: ['a subflow that fails and is tried again'],
    profiles: [CALM],
  },
  {
    what: 'a later event that counts instead of the first',
    file: 'run/events.ts',
    replace: /if \(await services\.store\.putOnce\(runId, eventKey\(activation\), value\)\) return true/,
    by: 'return (await services.store.putValue(runId, eventKey(activation), value), true)',
    cases: ['two waits, one after the other and twice over, into a join'],
    profiles: [CALM],
  },
  {
    what: 'a later result of an item that counts instead of the first',
    file: 'batch/results.ts',
    replace: /first = await services\.store\.putOnce\((.*)\)\n/,
    by: 'first = (await services.store.putValue($1), true)\n',
    cases: ['a batch of 20'],
    profiles: [ZOMBIES, NETWORK],
  },
  {
    what: 'an item of an earlier round that runs in a later one',
    file: 'batch/item-job.ts',
    replace: / \|\| wait\.round !== job\.items\.round/,
    by: '',
    cases: ['a batch in rounds of 7'],
    profiles: [BUSY_QUEUE],
  },
  {
    what: 'a lease that was given back and counts as a death',
    file: 'store/memory-leases.ts',
    replace: /if \(there\.isAlone\) there\.alone--/,
    by: '',
    cases: ['one node'],
    profiles: [{ ...aimedAt('commit', { refused: 0.95, dieBefore: 0.2 }), faultsAtMost: 60 }],
  },
  {
    what: 'a sweep that comes back for the last timer instead of the next',
    file: 'run/sweep.ts',
    replace: /Math\.min\(\.\.\.later\)/,
    by: 'Math.max(...later)',
    cases: ['a sleep that begins when the sweep comes for another'],
    profiles: [CALM, CRASHES],
  },
  {
    what: 'a strand that was lost before and is worked on beside others',
    file: 'execution/held-lease.ts',
    replace: /mayBegin = \(await place\?\.enter\(wasLost, /,
    by: 'mayBegin = (await place?.enter(false, ',
    cases: ['a linear chain', 'fan-out and fan-in'],
    profiles: [BATCH_KILLER, SLOT_KILLER],
  },
  {
    what: 'a lease that a function tries to give back only once, and does not remember',
    file: 'execution/give-back.ts',
    replace: /if \(givenUp\?\.aborted \|\| .*\n(.*\n) *return remember\(.*\)/,
    by: 'if (givenUp?.aborted || !extendsLease) {\n$1 return',
    cases: ['one node'],
    profiles: [THROTTLED],
  },
  {
    what: 'an unexpected error that is not counted',
    file: 'worker/strand.ts',
    replace: /lease\.ended\.times \+ 1 : 1/,
    by: '1 : 1',
    cases: ['one node'],
    profiles: [SAME_BUG],
  },
  {
    what: 'a count of unexpected errors that goes on when another comes',
    file: 'worker/strand.ts',
    replace: /lease\.ended\?\.print === print \?/,
    by: 'lease.ended ?',
    cases: ['one node'],
    profiles: [BUGS_IN_TURN],
  },
  {
    what: 'a redrive that leaves a child run as it ended',
    file: 'run/redrive.ts',
    replace: /for \(const child of ended\) \{/,
    by: 'for (const child of [] as RunState[]) {',
    cases: [CHILD],
    profiles: [CALM_REDRIVES],
  },
  {
    what: 'a child that was cancelled before it was made, and is waited for',
    file: 'run/redrive.ts',
    replace: /if \(!last && entry\.wait\) \{/,
    by: 'if (false as boolean) {',
    cases: [CHILD],
    profiles: [CALM_REDRIVES, REDRIVES],
  },
  {
    what: 'a redrive whose jobs nobody sends where its caller died',
    file: 'run/sweep.ts',
    replace: /const all = run\.steered\s+\?/,
    by: 'const all = (false as boolean) ?',
    cases: ['a linear chain', 'fan-out and fan-in'],
    profiles: [aimedAt('send', { dieBefore: 0.3 }, CALM_REDRIVES)],
  },
  {
    what: 'a run that ends before its end is published is redriven',
    file: 'run/redrive.ts',
    replace: /if \(run\.outbox !== undefined\) throw await stillEnding\(services, run\)\n/,
    by: '',
    cases: [CHILD],
    profiles: [CALM_REDRIVES],
  },
  {
    what: 'a redrive that forgets what was active',
    file: 'run/cancel.ts',
    replace: /keepsActive: keepsActive\(run\)/,
    by: 'keepsActive: false',
    cases: ['a linear chain'],
    profiles: [CALM_REDRIVES],
  },
  {
    what: 'a run that goes on without its jobs',
    file: 'run/pause.ts',
    replace: /if \(committed\) await sendActive\(services, unpaused\)/,
    by: 'if (false as boolean) await sendActive(services, unpaused)',
    cases: [TIMERS],
    profiles: [CALM_PAUSES],
  },
  ...costMutants,
  ...flowMutants,
  ...forkMutants,
  ...pauseMutants,
]

/** Mutants of what steers a run from outside, and of its life after: see `source-mutants.ts`. */
import type { Profile } from './profile.ts'
import {
  aimedAt,
  CALM_FAILURES,
  CALM_PAUSES,
  CALM_REDRIVES,
  FAILURES,
  LOST_GRAPH,
  PAUSES,
  REDRIVES,
} from './profile.ts'
import type { SourceMutant } from './source-mutants.ts'

const CHILD = 'a subflow with the input of its node'
const FAN = 'fan-out and fan-in'
const TIMERS = 'sleeps of 20 minutes and 3 hours side by side'
/** Of a worker that gave up, just when the run was cancelled and goes on again. */
const LATE_COMMITS: Profile = {
  ...aimedAt('commit', { late: 0.5 }, CALM_REDRIVES),
  delays: 0.5,
  cancelsBy: 15,
  redrives: 4,
}

export const steeringMutants: readonly SourceMutant[] = [
  {
    what: "an entry that a worker of the run's first life may still commit",
    file: 'protocol/run-state.ts',
    replace: /suspensions: \(entry\.suspensions \?\? 0\) \+ 1 \}/,
    by: 'suspensions: entry.suspensions }',
    cases: ['a linear chain', FAN],
    profiles: [LATE_COMMITS],
  },
  {
    what: 'a failed node that runs again as the same activation',
    file: 'protocol/redrive.ts',
    replace:
      /this\.#iterations\.set\(node, this\.#lastOf\(node\) \+ 1\)\n\s*this\.#again\.set\(activationKey\(node, this\.#lastOf\(node\) \+ 1\), last\)/,
    by: 'this.#again.set(last, last)',
    cases: ['a linear chain', FAN],
    profiles: [CALM_FAILURES, FAILURES],
  },
  {
    what: 'a redriven node whose error stays',
    file: 'protocol/redrive.ts',
    replace: /for \(const name of names\) this\.#forgotten\.add\(name\)/,
    by: '',
    cases: ['a linear chain'],
    profiles: [CALM_FAILURES],
  },
  {
    what: 'a redrive whose jobs nobody sends',
    file: 'run/redrive.ts',
    replace: /if \(skipped === undefined\) await sendJobs\(/,
    by: 'if (false as boolean) await sendJobs(',
    also: [
      {
        file: 'run/sweep.ts',
        replace: /const all = run\.steered\s+\?/,
        by: 'const all = (false as boolean) ?',
      },
    ],
    cases: [FAN],
    profiles: [CALM_FAILURES],
  },
  {
    what: 'a redrive of a run whose end is still to be published, which neither its reader nor its write asks for',
    file: 'run/redrive.ts',
    replace: /if \(run\.outbox !== undefined\) throw await stillEnding\(services, run\)\n/,
    by: '',
    also: [{ file: 'store/', replace: / \|\| run\.outbox\) \{/, by: ') {' }],
    cases: [CHILD],
    profiles: [CALM_REDRIVES, REDRIVES],
  },
  {
    what: 'a redrive that comes late, when the run goes on',
    file: 'store/',
    replace: /run\.status !== seen\.status \|\| run\.seq !== seen\.seq \|\| run\.outbox/,
    by: 'run.outbox',
    cases: ['a linear chain', FAN],
    profiles: [aimedAt('redrive', { late: 0.5, lost: 0.2 }, FAILURES)],
  },
  {
    what: 'a cancel that comes again, and forgets what was active',
    file: 'store/',
    replace:
      /if \(run\?\.status !== 'running' \|\| run\.seq !== seen\.seq\) return this\.written\(runId, undefined\)\n\s*return this\.written\(runId, \{\n\s*\.\.\.run,\n\s*status: 'cancelled'/,
    by: "if (!run || run.seq !== seen.seq) return this.written(runId, undefined)\n    return this.written(runId, {\n      ...run,\n      status: 'cancelled'",
    cases: ['a linear chain'],
    profiles: [aimedAt('cancel', { late: 0.5, lost: 0.3 }, REDRIVES)],
  },
  {
    what: 'a paused run whose strand goes on',
    file: 'worker/strand.ts',
    replace: /run = await unlessPaused\(services, run\)\n/,
    by: '',
    cases: ['a linear chain'],
    profiles: [CALM_PAUSES, aimedAt('unpause', { freezeBefore: 0.8 }, PAUSES)],
  },
  {
    what: 'a paused run whose messages are worked on',
    file: 'worker/open-run.ts',
    replace: /const free = await unlessPaused\(services, found\)/,
    by: 'const free = found',
    also: [
      {
        file: 'worker/process-job.ts',
        replace: /if \(run\.pausedAt !== undefined\) return ACKNOWLEDGE\n/,
        by: '',
      },
      { file: 'worker/strand.ts', replace: /run = await unlessPaused\(services, run\)\n/, by: '' },
    ],
    cases: [FAN],
    profiles: [CALM_PAUSES],
  },
  {
    what: 'a sweep that moves the time which unpause has set',
    file: 'store/',
    replace: /if \(look\.was !== undefined && run\.dueAt !== look\.was\) return false\n/,
    by: '',
    cases: [TIMERS],
    profiles: [aimedAt('reschedule', { freezeBefore: 0.5, late: 0.3 }, { ...PAUSES, faults: {} })],
  },
  {
    what: 'a run that is unpaused, and whose jobs only its caller would send',
    file: 'store/',
    replace: /pausedAt: undefined, dueAt: at, steered: true \} : undefined/,
    by: 'pausedAt: undefined, dueAt: at } : undefined',
    cases: ['a linear chain', FAN],
    profiles: [aimedAt('send', { dieBefore: 0.4 }, PAUSES)],
  },
  {
    what: 'a run that is redriven before its children are',
    file: 'run/redrive.ts',
    replace:
      /( {2}for \(const child of ended\) \{\n(?:.*\n){2} {2}\}\n)([\s\S]*?whyNot\(run, written\.run\)\)\n)/,
    by: '$2$1',
    cases: [CHILD],
    profiles: [aimedAt('redrive', { dieAfter: 0.5 }, CALM_REDRIVES), REDRIVES],
  },
  {
    what: 'a run whose graph is lost and that leaves its children alone',
    file: 'run/lost-blueprint.ts',
    replace: /children: childrenOf\(run\),/,
    by: 'children: [],',
    cases: [CHILD],
    profiles: [LOST_GRAPH],
  },
]

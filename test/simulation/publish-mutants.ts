/** Mutants of what is published of runs besides their ends. */
import { aimedAt, ASKED, TOLD_REDRIVES } from './profile.ts'
import type { SourceMutant } from './source-mutants.ts'

const WAIT = 'a wait whose event approves'

export const publishMutants: readonly SourceMutant[] = [
  {
    what: 'a wait that is published by nobody but whoever suspended it',
    file: 'worker/step.ts',
    replace: /await publishWait\(activation, key\)/,
    by: 'if (strand.suspendedNow) await publishWait(activation, key)',
    cases: [WAIT],
    profiles: [aimedAt('publish', { dieBefore: 0.5, refused: 0.5 }, ASKED)],
  },
  {
    what: 'a wait whose message is acknowledged where the bus fails',
    file: 'worker/step.ts',
    replace: /await publishWait\(activation, key\)/,
    by: 'await publishWait(activation, key).catch(() => {})',
    cases: [WAIT],
    profiles: [aimedAt('publish', { refused: 0.5 }, ASKED)],
  },
  {
    what: 'a start that is published after the first commit',
    file: 'worker/strand.ts',
    replace: /if \(!ahead\) await publishStart\(services, run\)\n(.*\n.*await step\(.*\n)/,
    by: '$1    if (result.kind === "committed") await publishStart(services, run)\n',
    cases: ['one node', 'a linear chain'],
    profiles: [aimedAt('commit', { dieAfter: 0.5 }, ASKED)],
  },
  {
    what: 'a start that nobody publishes again where the bus fails',
    file: 'run/publish.ts',
    replace: /await services\.queue\.send\(\[publication\(run, 'started'\)\]\)/,
    by: '',
    cases: ['one node'],
    profiles: [aimedAt('publish', { refused: 0.5 }, ASKED)],
  },
  {
    what: 'a redrive that is marked as published before it is',
    file: 'run/publish.ts',
    replace: /(await services\.events\.publish\(redrivenEvent.*\n)(.*markRedrivePublished\(run\)\n)/,
    by: '$2$1',
    cases: ['a linear chain'],
    profiles: [aimedAt('publish', { dieBefore: 0.5, refused: 0.5 }, TOLD_REDRIVES)],
  },
  {
    what: 'an end that comes before the redrive is published, whose message was never sent',
    file: 'run/run-end.ts',
    replace: /await publishRedrive\(services, run\)\n/,
    by: '\n',
    cases: ['a linear chain'],
    profiles: [aimedAt('redrive', { dieAfter: 0.8 }, { ...TOLD_REDRIVES, cancelsBy: 20 })],
  },
  {
    what: 'a redrive that leaves no word of it',
    file: 'store/memory-steering.ts',
    replace: /redriveNote: next\.note \?\? \{\},/,
    by: '',
    cases: ['a linear chain'],
    profiles: [TOLD_REDRIVES],
  },
]

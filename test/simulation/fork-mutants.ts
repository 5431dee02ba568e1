/** Mutants of forks: see `source-mutants.ts`. */
import { aimedAt, CALM_FORKS, FORKS } from './profile.ts'
import type { SourceMutant } from './source-mutants.ts'

const CHILD = 'a subflow with the input of its node'
const TIMERS = 'sleeps of 20 minutes and 3 hours side by side'

export const forkMutants: readonly SourceMutant[] = [
  {
    what: 'a fork that looks for values where they are not',
    file: 'run/fork-values.ts',
    replace: /texts\.set\(name, inFork\(text, source\)\)/,
    by: 'texts.set(name, text)',
    cases: ['a wait that has a large value and gets another'],
    profiles: [CALM_FORKS, FORKS],
  },
  {
    what: 'a fork whose values are looked for in its header only',
    file: 'values/stored-texts.ts',
    replace: /isUser \? this\.#bundles : this\.#base \? \[this\.#base\] : \[\]/,
    by: 'isUser ? this.#bundles : []',
    cases: ['a linear chain', 'fan-out and fan-in'],
    profiles: [CALM_FORKS],
    fat: true,
  },
  {
    what: 'a fork that waits for what the first run waited for',
    file: 'protocol/redrive.ts',
    replace: /new Plan\(graph, run, ended, true\)/,
    by: 'new Plan(graph, run, ended)',
    cases: [CHILD, TIMERS],
    profiles: [CALM_FORKS],
  },
  {
    what: 'a fork that has errors of items that run again',
    file: 'protocol/redrive.ts',
    replace: /for \(const failed of this\.#failed\) if \(failed\.key === last\) this\.#forget\(failed\)\n/,
    by: '',
    cases: ['made nodes that fail in each of three generations'],
    profiles: [CALM_FORKS],
  },
  {
    what: 'a fork whose jobs nobody sends where its caller died',
    file: 'run/fork.ts',
    replace: /dueAt: now \+ LOOK_AFTER_MS,/,
    by: '',
    cases: ['a linear chain', 'fan-out and fan-in'],
    profiles: [aimedAt('send', { dieBefore: 0.3 }, CALM_FORKS)],
  },
  {
    what: 'a fork that looks for the results of a batch where they are not',
    file: 'protocol/batch.ts',
    replace: /runId: batch\.runId \?\? runId/,
    by: 'runId: batch.runId',
    cases: ['a batch of 1', 'a batch of 20'],
    profiles: [CALM_FORKS],
  },
]

/** Mutants of how the cost of a run is counted, and of what stops one that has cost too much. */
import { BUDGET, CHAOS, NETWORK, STORM } from './profile.ts'
import type { SourceMutant } from './source-mutants.ts'

const CHAIN = 'a linear chain'

export const costMutants: readonly SourceMutant[] = [
  {
    what: 'what was sent with a commit whose answer is lost is sent with the next one as well',
    file: 'common/cost-counter.ts',
    replace: /this\.#sent\?\.activation === activation \? this\.#sent\.counts : NO_COUNTS/,
    by: 'this.#sent?.counts ?? NO_COUNTS',
    cases: ['a chain of 30', CHAIN],
    profiles: [NETWORK, CHAOS],
  },
  {
    what: 'what was sent with a refused commit is forgotten',
    file: 'common/cost-counter.ts',
    replace: /this\.#sent\?\.activation === activation \? this\.#sent\.counts : NO_COUNTS/,
    by: 'NO_COUNTS',
    cases: ['fan-out and fan-in'],
    profiles: [CHAOS],
  },
  {
    what: 'what a commit took along is counted with the next one too',
    file: 'common/cost-counter.ts',
    replace: /this\.#pending = NO_COUNTS\n/,
    by: '\n',
    cases: [CHAIN],
    profiles: [CHAOS],
  },
  {
    what: 'a commit that does not add what was counted',
    file: 'protocol/change.ts',
    replace: /\.\.\.costAfter\(run, change\.cost\),\n/,
    by: '\n',
    cases: [CHAIN],
    profiles: [CHAOS],
  },
  {
    what: 'a run that has cost too much, whose state was read anew',
    file: 'worker/strand.ts',
    replace: /run = await withinBudget\(at\(open, run\)\)\n/,
    by: '\n',
    cases: [CHAIN],
    profiles: [{ ...STORM, name: 'storm-budget', callsAtMost: 1 }],
  },
  {
    what: 'a budget that is never passed',
    file: 'protocol/budget.ts',
    replace: /if \(usd <= budget\.maxUsd\) return undefined/,
    by: 'if (usd <= Infinity) return undefined',
    cases: [CHAIN],
    profiles: [BUDGET],
  },
]

/** Mutants of what goes on ahead of the header: nodes without a checkpoint. */
import { BUDGET_AHEAD, BUSY_AHEAD, CALM_AHEAD, CHAOS_AHEAD, CRASHES_AHEAD, ZOMBIES_AHEAD } from './profile.ts'
import type { SourceMutant } from './source-mutants.ts'

const LARGE = 'a row in which every second node has a checkpoint, with keys and large outputs'

export const aheadMutants: readonly SourceMutant[] = [
  {
    what: 'one name for what is written ahead of the header and by whoever the header tells to',
    file: 'protocol/attempt.ts',
    replace: /const place = ahead \? .*/,
    by: "const place = ahead ? '' : ''",
    cases: [LARGE],
    profiles: [CRASHES_AHEAD, ZOMBIES_AHEAD],
  },
  {
    what: 'a commit that forgets who completed ahead of it',
    file: 'protocol/composed.ts',
    replace: /completed: \[\.\.\.\[\.\.\.done\]/,
    by: 'completed: [...[...new Set<number>()]',
    cases: ['a row of nodes without a checkpoint'],
    profiles: [CALM_AHEAD],
  },
  {
    what: 'a new round of a loop that demands of the header what was put off',
    file: 'protocol/composed.ts',
    replace: /one\.is & ~wordOf\(done, one\.word\)/,
    by: 'one.is | (done & 0n)',
    cases: ['a loop of nodes without a checkpoint, beside a row of them'],
    profiles: [CALM_AHEAD],
  },
  {
    what: 'a join that counts the first of those that end together',
    file: 'protocol/change.ts',
    replace: /parseActivationKey\(through\.at\(-1\) \?\? end\)/,
    by: 'parseActivationKey(through.length < 0 ? end : end)',
    cases: ['two of three rows without a checkpoint'],
    profiles: [CALM_AHEAD],
  },
  {
    what: 'small values of nodes without a checkpoint that stand above a newer bundle',
    file: 'worker/ahead.ts',
    replace: /!last\.bundled\.has\(name\)/,
    by: 'name.length > 0',
    cases: ['many keys together behind nodes without a checkpoint'],
    profiles: [CALM_AHEAD],
  },
  {
    what: 'a strand that goes on ahead whatever that costs',
    file: 'worker/ahead.ts',
    replace: /return overBudget\(.*\) !== undefined/,
    by: 'return overBudget({ ...base, cost }, budget, costs.prices) !== undefined && false',
    cases: ['a linear chain'],
    profiles: [BUDGET_AHEAD],
  },
  {
    what: 'what was put off and is not decided anew where others got on',
    file: 'worker/commit.ts',
    replace: /if \(base !== ahead\.base\) \{/,
    by: 'if (ahead.nodes.length === 0 && base !== ahead.base) {',
    cases: ['branches without a checkpoint into a join, each of them several nodes'],
    profiles: [BUSY_AHEAD, CHAOS_AHEAD],
  },
]

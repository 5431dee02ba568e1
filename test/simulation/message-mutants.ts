/** Mutants of messages for several items: see `source-mutants.ts`. */
import { aimedAt, BATCHES, CRASHES, LATE_ITEMS, NETWORK, ZOMBIES } from './profile.ts'
import type { SourceMutant } from './source-mutants.ts'

const TWENTY = 'a batch of 20, 3 items a message'
const THREE = 'a batch of 3, 2 items a message'
const LARGE = 'a batch with large results, 6 items a message'
const DYING = { dieAfter: 0.3, dieBefore: 0.2 }

export const messageMutants: readonly SourceMutant[] = [
  {
    what: 'later results of a message that count instead of the first',
    file: 'batch/packed-results.ts',
    replace: /first = await services\.store\.putOnce\((.*)\)\n/,
    by: 'first = (await services.store.putValue($1), true)\n',
    cases: [TWENTY],
    profiles: [ZOMBIES, NETWORK],
  },
  {
    what: 'items that had no part in what was put, and are sent to nobody',
    file: 'batch/message-job.ts',
    replace: /const left = itemsOf\(leased\)/,
    by: 'const left = ([] as number[])',
    cases: [TWENTY, THREE],
    profiles: [CRASHES, LATE_ITEMS],
  },
  {
    what: 'a message that arrives for items whose results it has not put',
    file: 'batch/message-job.ts',
    replace: /arriveAt\(underWay, \{ items, end, cost \}\)/,
    by: 'arriveAt(underWay, { items: itemsOf(leased), end, cost })',
    cases: [TWENTY, THREE],
    profiles: [LATE_ITEMS],
  },
  {
    what: 'items that go their own way before that is decided',
    file: 'batch/message-job.ts',
    replace: /await putPacked\(underWay, leased, new Map\(\)\)/,
    by: "{ items: [], end: 'plain' as const }",
    // Else whoever gets one of them sees that nothing is decided.
    also: [
      {
        file: 'batch/packed-results.ts',
        replace: /return packed !== undefined && !packed\.items\.includes\(item\)/,
        by: 'return !packed?.items.includes(item)',
      },
    ],
    cases: [TWENTY, THREE],
    profiles: [{ ...ZOMBIES, faultsAtMost: 12, duplicates: 0.4 }, BATCHES],
  },
  {
    what: 'a failure among the results of a message that its redelivery does not tell',
    file: 'batch/results.ts',
    replace: / \.\.\.\(noted \? \{ noted \} : \{\}\) /,
    by: ' ',
    cases: ['a batch with a failing worker, 3 items a message'],
    profiles: [aimedAt('putOnce', DYING)],
  },
  {
    what: 'one name for the large results that all attempts on a message write',
    file: 'batch/packed-results.ts',
    replace: /#\$\{attempt\}`/,
    by: '#${attempt > 0}`',
    cases: [LARGE],
    profiles: [ZOMBIES, aimedAt('putOnce', { freezeBefore: 0.4, dieBefore: 0.2 })],
  },
]

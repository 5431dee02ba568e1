/** Mutants of the code behind what this package adds to a blueprint: `retry`, joins of n of m, and nodes that run always. */
import { BUSY_QUEUE, CALM, CHAOS } from './profile.ts'
import type { SourceMutant } from './source-mutants.ts'

const RETRIED = 'tries hours apart that all fail'

export const flowMutants: readonly SourceMutant[] = [
  {
    what: 'a wait for the next try that forgets the try before it',
    file: 'execution/retry-policy.ts',
    replace: /postponed = \{ error, delayMs, tries: count \}/,
    by: 'postponed = { error, delayMs, tries: before }',
    cases: [RETRIED],
    profiles: [CALM, BUSY_QUEUE],
  },
  {
    what: 'a node that counts its tries anew after the queue',
    file: 'execution/retry-policy.ts',
    replace: /let count = before \+ 1;/,
    by: 'let count = 1;',
    cases: [RETRIED],
    profiles: [CALM, BUSY_QUEUE],
  },
  {
    what: 'a node that runs always, left to another that may have ended',
    file: 'protocol/always-due.ts',
    replace: /draft\.require\.push\(\{ kind: 'active', key: witness\.key \}\)/,
    by: 'void witness',
    cases: ['a cleanup after two branches that end at a time'],
    profiles: [CALM, BUSY_QUEUE, CHAOS],
  },
  {
    what: 'a node that runs always before what a node leads to',
    file: 'protocol/always-due.ts',
    replace: /\[\.\.\.draft\.schedule\]\.some\(\(other\) => leading\.has\(other\)\)/,
    by: '(false as boolean)',
    cases: ['a cleanup after what completed'],
    profiles: [CALM],
  },
  {
    what: 'a node that runs always while another that leads to it is active',
    file: 'protocol/always-due.ts',
    replace: /draft\.others\.findLast\(\(other\) => leading\.has\(other\.node\)\)/,
    by: 'draft.others.findLast(() => false)',
    cases: ['a cleanup after two branches that end at a time'],
    profiles: [CALM],
  },
  {
    what: 'nodes that run always in the order in which they are drawn',
    file: 'protocol/always-nodes.ts',
    replace: /leading\.toSorted\(\(\[, one\], \[, other\]\) => one\.size - other\.size\)/,
    by: 'leading',
    cases: ['a notification drawn before the cleanup that leads to it'],
    profiles: [CALM],
  },
  {
    what: 'a join of n of m that counts who comes when it has fired',
    file: 'protocol/quorum-arrivals.ts',
    replace: /run\.fired\.has\(join\) \|\| /,
    by: '',
    cases: ['two of three, and all complete'],
    profiles: [CALM],
  },
  {
    what: 'a join of n of m that takes a second arrival of one node for another',
    file: 'protocol/quorum-arrivals.ts',
    replace: / \|\| arrived\?\.has\(node\)/,
    by: '',
    cases: ['a join of two, of which one arrives in each round of a cycle'],
    profiles: [CALM],
  },
  {
    what: 'a join of n of m that fires by one arrival less',
    file: 'protocol/quorum-arrivals.ts',
    replace: /graph\.quorumOf\(join\) - 1/,
    by: 'graph.quorumOf(join) - 2',
    cases: ['three of three', 'two of three, and two fail'],
    profiles: [CALM],
  },
  {
    what: 'a round of a loop that remembers who arrived in the one before',
    file: 'protocol/quorum-arrivals.ts',
    replace: /\.filter\(isEmptied\)/,
    by: '.filter(() => false)',
    cases: ['a join of two in a loop'],
    profiles: [CALM],
  },
  {
    what: 'an arrival that counts in the round which it begins',
    file: 'protocol/quorum-arrivals.ts',
    replace: /\.filter\(\(join\) => !isEmptied\(join\)\)/,
    by: '',
    cases: ['a join in a loop of which one goes round it'],
    profiles: [CALM],
  },
]

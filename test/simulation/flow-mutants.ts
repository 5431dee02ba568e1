/** Mutants of the code behind what this package adds to a blueprint: `retry`. */
import { BUSY_QUEUE, CALM } from './profile.ts'
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
]

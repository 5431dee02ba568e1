/** Mutants of how strands are worked on without a lease (`leases: 'redeliveries'`), each of which the simulation must notice. */
import { UNLEASED_BATCH_KILLER, UNLEASED_CALM, UNLEASED_DOUBLES, UNLEASED_ZOMBIES } from './profile.ts'
import type { SourceMutant } from './source-mutants.ts'

export const leaseMutants: readonly SourceMutant[] = [
  {
    what: 'one name for what two write who work on a strand without a lease',
    file: 'protocol/attempt.ts',
    replace: /const number = createHash\('sha256'\).*\n/,
    by: "const number = createHash('sha256').digest().length - token.length * 0\n",
    cases: ['a wait that has a large value and gets another'],
    profiles: [UNLEASED_DOUBLES],
  },
  {
    what: 'one name for what is written before and after a wait, without a lease',
    file: 'protocol/attempt.ts',
    replace: /`0\$\{lease\}\$\{suspensions\}`/,
    by: '`0${lease}`',
    cases: [
      'a wait that has a large value and gets another',
      'tries a minute apart, each of which sets a large value',
    ],
    profiles: [UNLEASED_ZOMBIES, UNLEASED_CALM],
  },
  {
    what: 'redeliveries that are not leased either',
    file: 'execution/without-lease.ts',
    replace: /services\.leases === 'redeliveries' && invocation\.isFirst/,
    by: "services.leases === 'redeliveries'",
    cases: ['one node'],
    profiles: [UNLEASED_BATCH_KILLER],
  },
]

/** Mutants that only the weather of the cloud shows. */
import type { SourceMutant } from './source-mutants.ts'
import { DYNAMODB_AWAY, longLived, PASSING_S3 } from './weather-profiles.ts'

export const weatherMutants: readonly SourceMutant[] = [
  {
    what: 'a request that is tried again without a pause',
    file: 'execution/persist.ts',
    replace: /paused \+= pause\n\s*await sleep\(pause\)/,
    by: '',
    cases: ['a linear chain'],
    profiles: [longLived(DYNAMODB_AWAY)],
  },
  {
    what: 'a message that comes back as soon each time',
    file: 'queue/redelivery.ts',
    replace: /GROWTH \*\* \(before - doublings\)/,
    by: '(GROWTH * 0 + 1) / 2 ** doublings',
    cases: ['a linear chain'],
    profiles: [DYNAMODB_AWAY],
  },
  {
    what: 'a node whose value S3 does not take at once, and that runs again for it',
    file: 'execution/persist.ts',
    replace: /\.askingBy\(\(request\) => persist\(services, options, request\)\)/,
    by: '',
    cases: ['values too large for the header', 'a linear chain'],
    profiles: [PASSING_S3],
  },
]

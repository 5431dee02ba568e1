/** First deliveries are worked on without a lease, and each case ends as it does in memory: every other case of the sample. */
import { conformOnAws } from './on-aws.ts'
import { sample } from './sample.ts'

conformOnAws(
  sample.filter((_, index) => index % 2 === 0),
  { leases: 'redeliveries' },
)

/** Some cases, for `npm test`. */
import { conformOnAws } from './on-aws.ts'
import { sample } from './sample.ts'

conformOnAws(sample)

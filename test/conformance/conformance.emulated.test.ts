/** The cases that `sample.emulated.test.ts` leaves. */
import { conformOnAws } from './on-aws.ts'
import { others } from './sample.ts'

conformOnAws(others)

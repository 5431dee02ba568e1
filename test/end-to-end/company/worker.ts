/** The worker function of the flows. */
import { createWorkerHandler } from '../../../lib/index.ts'
import { flows } from './flows.ts'

export const handler = createWorkerHandler({ flows })

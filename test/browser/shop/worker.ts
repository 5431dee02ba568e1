/** The worker of the console's browser tests. */
import { createWorkerHandler } from '../../../lib/index.ts'
import { flows } from './flows.ts'

export const handler = createWorkerHandler({ flows, history: 'full' })

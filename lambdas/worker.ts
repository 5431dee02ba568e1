/** The worker of the demo. A user's project has such a file, with its own flows. */
import { flows } from '../examples/dependency-audit/flow.ts'
import { createStartRunHandler, createWorkerHandler } from '../lib/index.ts'

export const handler = createWorkerHandler({ flows })
export const startRun = createStartRunHandler({ flows })

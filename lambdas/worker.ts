/** The worker that this repository's own app deploys. A user's project has such a file, with its own flows. */
import { flows } from '../examples/dependency-audit/flow.ts'
import { createWorkerHandler } from '../lib/index.ts'

export const handler = createWorkerHandler({ flows })

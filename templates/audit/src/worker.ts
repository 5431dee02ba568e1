/** What runs in Lambda: `handler` works on runs, `startRun` starts them. */
import { createStartRunHandler, createWorkerHandler } from 'flowcraft-aws'
import { findAdvisories } from './advisories.js'
import { flows } from './flows.js'

export const handler = createWorkerHandler({ flows, dependencies: { findAdvisories } })
export const startRun = createStartRunHandler({ flows })

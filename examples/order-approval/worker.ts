/** What runs in Lambda: `handler` works on runs, `startRun` starts them. */
import { createStartRunHandler, createWorkerHandler } from 'flowcraft-aws'
import { flows } from './flows.js'
import { payments, people } from './services.js'

export const handler = createWorkerHandler({ flows, dependencies: { payments, people } })
export const startRun = createStartRunHandler({ flows })

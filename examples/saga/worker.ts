/** What runs in Lambda: `handler` works on runs, `startRun` starts them. */
import { createStartRunHandler, createWorkerHandler } from 'flowcraft-aws'
import { agency } from './agency.js'
import { flows } from './flows.js'

export const handler = createWorkerHandler({ flows, dependencies: { agency } })
export const startRun = createStartRunHandler({ flows })

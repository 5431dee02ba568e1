/** What runs in Lambda: `handler` works on runs, `startRun` starts them. */
import { createStartRunHandler, createWorkerHandler } from 'flowcraft-aws'
import { flows } from './flows.js'
import { mail, sales, warehouse } from './services.js'

export const handler = createWorkerHandler({ flows, dependencies: { sales, warehouse, mail } })
export const startRun = createStartRunHandler({ flows })

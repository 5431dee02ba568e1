/** What runs in Lambda: `handler` works on runs, `startRun` starts them. */
import { createStartRunHandler, createWorkerHandler } from 'flowcraft-aws'
import { documentsInS3 } from './documents.js'
import { flows } from './flows.js'

export const handler = createWorkerHandler({ flows, dependencies: { documents: documentsInS3() } })
export const startRun = createStartRunHandler({ flows })

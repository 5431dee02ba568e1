import { createStartRunHandler, createWorkerHandler } from 'flowcraft-aws'
import { flows } from './flows.js'

export const handler = createWorkerHandler({ flows })
export const startRun = createStartRunHandler({ flows })

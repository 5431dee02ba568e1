import { createStartRunHandler, createWorkerHandler } from 'flowcraft-aws'
import { greeting } from './flows.js'

export const handler = createWorkerHandler({ flows: [greeting] })
export const startRun = createStartRunHandler({ flows: [greeting] })

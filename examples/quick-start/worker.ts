import { createStartRunHandler, createWorkerHandler } from 'flowcraft-aws'
import { greeting } from './flows.ts'

export const handler = createWorkerHandler({ flows: [greeting] })
export const startRun = createStartRunHandler({ flows: [greeting] })

import { createWorkerHandler } from 'flowcraft-aws'
import { order } from './flow.js'

export const handler = createWorkerHandler({ flows: [order] })

import { createWorkerHandler } from 'flowcraft-aws'
import { flowsOf } from './flows.ts'

export const handler = createWorkerHandler({ flows: flowsOf(2) })

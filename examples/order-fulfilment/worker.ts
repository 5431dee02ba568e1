import { createWorkerHandler } from 'flowcraft-aws'
import { flows } from './flows.ts'

export const handler = createWorkerHandler({ flows })

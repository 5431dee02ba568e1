import { createStartRunHandler, createWorkerHandler } from 'flowcraft-aws'
import { expense } from './expense.js'

const flows = [expense]

export const handler = createWorkerHandler({ flows })
export const startRun = createStartRunHandler({ flows })

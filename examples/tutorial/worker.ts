import { createStartRunHandler, createWorkerHandler } from 'flowcraft-aws'
import { assistant } from './assistant.js'
import { claim } from './claim.js'
import { expense } from './expense.js'
import { askModel } from './model.js'
import { report } from './report.js'

const flows = [expense, claim, report, assistant]

export const handler = createWorkerHandler({ flows, dependencies: { askModel } })
export const startRun = createStartRunHandler({ flows })

/** What runs in Lambda: `handler` works on runs, `startRun` starts them. */
import { createStartRunHandler, createWorkerHandler } from 'flowcraft-aws'
import { flows } from './flows.js'
import { askModel } from './model.js'
import { tools } from './tools.js'

export const handler = createWorkerHandler({ flows, dependencies: { askModel, tools } })
export const startRun = createStartRunHandler({ flows })

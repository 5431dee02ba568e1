/**
 * The package's `./lambda` entry: handlers to export from a function's own file, and ready ones.
 * @module flowcraft-aws/lambda
 */
import { createStartRunHandler, type StartRunHandler } from '../lib/client/start-run-handler.ts'

export { defineFlows } from '../lib/core/blueprints/define-flows.ts'
export { createWorkerHandler, type WorkerHandlerOptions } from '../lib/adapter/worker-handler.ts'
export {
  createStartRunHandler,
  type StartRunHandler,
  type StartRunHandlerOptions,
} from '../lib/client/start-run-handler.ts'

export { createSweepHandler, createWebhookHandler } from '../lib/client/operation-handlers.ts'

let made: StartRunHandler | undefined

/**
 * A StartRun function without flows of its own: it accepts runs of whatever the workers know. Reads its queue and
 * table from the environment when it is first called.
 */
export const startRun: StartRunHandler = (event, context) => {
  made ??= createStartRunHandler()
  return made(event, context)
}

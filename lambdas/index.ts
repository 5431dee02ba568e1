/** The package's `./lambda` entry: handlers to export from a function's own file, and ready ones. */
import type { StartRunRequest, StartRunResult } from '../lib/client/start-request.ts'
import { createStartRunHandler } from '../lib/client/start-run-handler.ts'

export {
  createWorkerHandler,
  workerHandlerOf,
  type WorkerHandlerOptions,
} from '../lib/adapter/worker-handler.ts'
export { createStartRunHandler, type StartRunHandlerOptions } from '../lib/client/start-run-handler.ts'

export { createSweepHandler, createWebhookHandler } from '../lib/client/operation-handlers.ts'

let made: ReturnType<typeof createStartRunHandler> | undefined

/**
 * A StartRun function without flows of its own: it accepts runs of whatever the workers know. Reads its queue and
 * table from the environment when it is first called.
 */
export function startRun(event: StartRunRequest): Promise<StartRunResult> {
  made ??= createStartRunHandler()
  return made(event)
}

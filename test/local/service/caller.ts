/** A function that knows of the service what `grantStartRun` tells it, and nothing else. */
import { StartRunInvoker } from '../../../lib/index.ts'

export const handler = (request: { blueprintId: string; runId?: string }) =>
  new StartRunInvoker().start(request)

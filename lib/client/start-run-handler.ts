/** The StartRun function: what other Lambdas invoke to start a run. */
import { FlowcraftAwsError, isFlowcraftAwsError } from '../adapter/errors.ts'
import { RunClient, type RunClientOptions } from './run-client.ts'
import type { StartRunRequest, StartRunResult } from './start-request.ts'

export interface StartRunHandlerOptions extends RunClientOptions {}

/**
 * A Lambda handler that takes `{ blueprintId, input?, runId? }` and gives `{ runId, status, started }`. Bad input is
 * an error of the invocation that says what, got and allowed, with its code in front: `[INVALID_INPUT] ...`; nothing
 * was changed then. `StartRunInvoker` calls it.
 *
 * @example
 * export const startRun = createStartRunHandler({ flows: [order] })
 */
export function createStartRunHandler(
  options: StartRunHandlerOptions = {},
): (event: StartRunRequest) => Promise<StartRunResult> {
  const client = new RunClient(options)
  return async (event) => {
    try {
      return await client.start(event)
    } catch (error) {
      // An invocation hands over an error's name and message, nothing else of it.
      if (!isFlowcraftAwsError(error)) throw error
      throw new FlowcraftAwsError(error.code, `[${error.code}] ${error.message}`, { cause: error })
    }
  }
}

/** The StartRun function: what other Lambdas invoke to start a run. */
import type { Context } from 'aws-lambda'
import { FlowcraftAwsError, isFlowcraftAwsError } from '../core/common/errors.ts'
import type { RunClientOptions } from './client-services.ts'
import { RunClient } from './run-client.ts'
import type { StartRunRequest, StartRunResult } from './start-request.ts'

/** Options of `createStartRunHandler`. */
export interface StartRunHandlerOptions extends RunClientOptions {}

/** The Lambda handler that starts runs: of one request, or of a list. */
export type StartRunHandler = (
  event: StartRunRequest,
  context?: Pick<Context, 'awsRequestId'>,
) => Promise<StartRunResult>

/**
 * A Lambda handler that takes `{ blueprintId, input?, runId?, labels?, startAt?, delayMs? }` and gives `{ runId, status, created }`. Bad input is
 * an error of the invocation that says what, got and allowed, with its code in front: `[INVALID_INPUT] ...`; nothing
 * was changed then. Without a `runId` the run has the id of the request, so that an asynchronous invocation which Lambda
 * repeats starts no second run. `StartRunInvoker` calls it.
 *
 * @example
 * export const startRun = createStartRunHandler({ flows: [order] })
 */
export function createStartRunHandler(options: StartRunHandlerOptions = {}): StartRunHandler {
  const client = new RunClient(options)
  return async (event, context) => {
    try {
      return await client.start(named(event, context?.awsRequestId))
    } catch (error) {
      // An invocation hands over an error's name and message, nothing else of it.
      if (!isFlowcraftAwsError(error)) throw error
      throw new FlowcraftAwsError(error.code, `[${error.code}] ${error.message}`, { cause: error })
    }
  }
}

/** What is no request at all is left as it is, to be reported as a problem. */
function named(event: StartRunRequest, runId: string | undefined): StartRunRequest {
  const isRecord = typeof event === 'object' && event !== null && !Array.isArray(event)
  return isRecord && event.runId === undefined && runId !== undefined ? { ...event, runId } : event
}

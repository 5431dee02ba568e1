/** The StartRun function: what other Lambdas invoke to start a run. */
import { RunClient, type RunClientOptions, type StartRunRequest, type StartRunResult } from './run-client.ts'

export interface StartRunHandlerOptions extends RunClientOptions {}

/**
 * A Lambda handler that takes `{ blueprintId, input?, runId? }` and gives `{ runId, status, started }`. Bad input is
 * an error of the invocation that says what, got and allowed; nothing was changed then.
 *
 * @example
 * export const startRun = createStartRunHandler({ flows: [order] })
 */
export function createStartRunHandler(
  options: StartRunHandlerOptions = {},
): (event: StartRunRequest) => Promise<StartRunResult> {
  const client = new RunClient(options)
  return (event) => client.start(event)
}

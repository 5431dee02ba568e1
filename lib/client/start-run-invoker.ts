/** Starts runs from another Lambda, by invoking the service's StartRun function: no queue, no table, one permission. */
import { randomUUID } from 'node:crypto'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { environmentVariables } from '../core/common/environment.ts'
import {
  FlowcraftAwsError,
  type FlowcraftAwsErrorCode,
  messageOf,
  requestFailed,
  throwProblems,
} from '../core/common/errors.ts'
import { requestTimeouts } from '../core/common/request-timeouts.ts'
import type { AnyFlows, DefinedFlows } from '../core/blueprints/flow-types.ts'
import type { Runs } from './runs.ts'
import { checkStart, type StartRunRequest, type StartRunResult } from './start-request.ts'
import type { BlueprintIdOf, StartRunRequestOf, StartRunResultOf } from './typed-runs.ts'

/** Options of `StartRunInvoker`. */
export interface StartRunInvokerOptions {
  /**
   * Name or ARN of the StartRun function.
   * @default - environment variable FLOWCRAFT_START_RUN_FUNCTION_NAME, which `grantStartRun` of the constructs sets
   */
  readonly functionName?: string
  /** @default - a client for the region and credentials of the environment */
  readonly lambdaClient?: LambdaClient
}

/** More than the function has. */
const ANSWER_MS = 90_000

/**
 * `F` is the type of what `defineFlows` gave: then ids and inputs that the flows do not have do not compile.
 *
 * @example
 * const runs = new StartRunInvoker()
 * export const handler = async (order: { id: string }) =>
 *   runs.start({ blueprintId: 'order', input: { orderId: order.id }, runId: `order-${order.id}` })
 */
export class StartRunInvoker<F extends AnyFlows = DefinedFlows> implements Pick<Runs, 'start'> {
  readonly #functionName: string
  readonly #client: LambdaClient

  /** @throws FlowcraftAwsError INVALID_CONFIGURATION where the function's name is not known */
  constructor(options: StartRunInvokerOptions = {}) {
    const variable = environmentVariables.startRunFunctionName
    const functionName = options.functionName ?? process.env[variable]
    if (!functionName) {
      const how = `give it as an option, or call grantStartRun(thisFunction) on the service, which sets ${variable}`
      throwProblems('INVALID_CONFIGURATION', 'cannot start runs', [`functionName is missing: ${how}`])
    }
    this.#functionName = functionName as string
    this.#client = options.lambdaClient ?? new LambdaClient({ requestHandler: requestTimeouts(ANSWER_MS) })
  }

  /**
   * Starts a run, once per run id; when it resolves, the run is accepted. The input travels as JSON, 6 MB at most
   * (Lambda's limit of a synchronous invocation).
   *
   * @throws FlowcraftAwsError INVALID_INPUT or UNKNOWN_BLUEPRINT, or RUN_CONFLICT where the run id was used with another
   * input, blueprint or labels; then nothing was changed
   * @throws FlowcraftAwsError REQUEST_REFUSED where Lambda can never take the request, which is too large, say
   * @throws FlowcraftAwsError REQUEST_FAILED for trouble of the infrastructure: the same call may be made again, and
   * with the same `runId` it starts nothing twice
   */
  start<const Id extends BlueprintIdOf<F>>(
    request: StartRunRequestOf<F, Id>,
  ): Promise<StartRunResultOf<F, Id>>
  async start(request: StartRunRequest): Promise<StartRunResult> {
    // Named here, so that the SDK's own retries cannot start a second run.
    const { runId = randomUUID(), ...others } = checkStart(request)
    return (await this.#invoke(encoded({ ...others, runId }))) as StartRunResult
  }

  async #invoke(request: string): Promise<unknown> {
    const what = `Lambda Invoke of '${this.#functionName}'`
    try {
      const command = new InvokeCommand({ FunctionName: this.#functionName, Payload: Buffer.from(request) })
      const { FunctionError: failed, Payload: payload } = await this.#client.send(command)
      const answer: unknown = JSON.parse(Buffer.from(payload ?? []).toString() || 'null')
      if (!failed) return answer
      throw errorOf(answer)
    } catch (error) {
      if (error instanceof FlowcraftAwsError) throw error
      throw requestFailed(what, error)
    }
  }
}

function encoded(request: StartRunRequest): string {
  try {
    return JSON.stringify(request)
  } catch (cause) {
    const why = `input must be what JSON can carry: ${messageOf(cause)}`
    throw new FlowcraftAwsError('INVALID_INPUT', `cannot start a run: ${why}`, { cause })
  }
}

/** What the function threw; anything but a refusal with its code is trouble. */
function errorOf(answer: unknown): Error {
  const message = (answer as { errorMessage?: unknown } | null)?.errorMessage
  const text = typeof message === 'string' ? message : JSON.stringify(answer)
  const refusal = /^\[(INVALID_INPUT|UNKNOWN_BLUEPRINT|RUN_CONFLICT)\] ([\s\S]*)$/.exec(text)
  if (!refusal) return new Error(text)
  return new FlowcraftAwsError(refusal[1] as FlowcraftAwsErrorCode, refusal[2] as string)
}

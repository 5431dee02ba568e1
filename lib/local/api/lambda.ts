// Lambda's API, as far as runs need it: Invoke, https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, and
// ListEventSourceMappings, by which the workers of a queue are found.

import type { IncomingMessage } from 'node:http'
import { messageOf } from '../errors.ts'
import type { MappingRegistry } from '../event-source/registry.ts'
import type { Asynchronous } from '../lambda/asynchronous.ts'
import { lambdaAsks, type Place } from '../iam/asks.ts'
import type { Ask } from '../iam/policy.ts'
import { FunctionError, ThrottledError } from '../lambda/errors.ts'
import type { FunctionRegistry } from '../lambda/registry.ts'
import type { Invocable } from '../lambda/types.ts'
import { errorAnswer } from './server.ts'
import type { Api, ApiAnswer } from './server.ts'

const INVOKE_PATH = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/
/**
 * Largest event of an invocation: "6 MB each for request and response (synchronous)", "1 MB (asynchronous)", where a MB is 1,024
 * KB. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html and API_Invoke.html (November 2026)
 */
const REQUEST_LIMIT_BYTES = 6 * 1024 * 1024
const EVENT_LIMIT_BYTES = 1024 * 1024

const MAPPINGS_PATH = '/2015-03-31/event-source-mappings'

interface LambdaApiOptions {
  readonly functions: FunctionRegistry
  readonly mappings: MappingRegistry
  readonly asynchronous: Asynchronous
  readonly place: Place
  /** Whether events that Lambda refuses are refused. */
  readonly strict: boolean
}

/** Answers Invoke and ListEventSourceMappings, and no other operation. */
export class LambdaApi implements Api {
  readonly name = 'lambda'
  readonly deniedStatus = 403
  readonly #functions: FunctionRegistry
  readonly #mappings: MappingRegistry
  readonly #asynchronous: Asynchronous
  readonly #place: Place
  readonly #strict: boolean

  constructor({ functions, mappings, asynchronous, place, strict }: LambdaApiOptions) {
    this.#functions = functions
    this.#mappings = mappings
    this.#asynchronous = asynchronous
    this.#place = place
    this.#strict = strict
  }

  operationOf({ method, url = '' }: IncomingMessage): string {
    const path = pathOf(url)
    if (method === 'POST' && INVOKE_PATH.test(path)) return 'Invoke'
    if (method === 'GET' && path.replace(/\/$/, '') === MAPPINGS_PATH) return 'ListEventSourceMappings'
    return `${method} ${path}`
  }

  asksOf(operation: string, req: IncomingMessage): Ask[] {
    const functionName = functionNameOf(req)
    const qualifier = queryOf(req).get('Qualifier') ?? undefined
    return lambdaAsks({ operation, functionName, qualifier }, this.#place)
  }

  async answer(operation: string, req: IncomingMessage, body: Buffer): Promise<ApiAnswer> {
    if (operation === 'ListEventSourceMappings') {
      const arn = queryOf(req).get('EventSourceArn') ?? undefined
      return { status: 200, body: JSON.stringify({ EventSourceMappings: this.#mappings.list(arn) }) }
    }
    const name = functionNameOf(req)
    if (name === undefined) {
      return errorAnswer(
        404,
        'UnknownOperationException',
        `the local Lambda knows only Invoke and ListEventSourceMappings; got ${operation}`,
      )
    }
    const qualifier = queryOf(req).get('Qualifier') ?? undefined
    const fn = this.#functions.findInvocable(name, qualifier)
    if (!fn) {
      const message = `Function not found: ${name}`
      return errorAnswer(404, 'ResourceNotFoundException', message, { Type: 'User' })
    }
    const type = String(req.headers['x-amz-invocation-type'] ?? 'RequestResponse')
    const limit = type === 'Event' ? EVENT_LIMIT_BYTES : REQUEST_LIMIT_BYTES
    if (this.#strict && body.length > limit) {
      const message = `${body.length} byte payload is too large for the ${type} invocation type (limit ${limit} bytes)`
      return errorAnswer(413, 'RequestTooLargeException', message, { Type: 'User' })
    }
    return this.#invoke(fn, type, body)
  }

  async #invoke(fn: Invocable, type: string, body: Buffer): Promise<ApiAnswer> {
    let event: unknown
    try {
      event = body.length === 0 ? {} : JSON.parse(body.toString('utf8'))
    } catch (error) {
      const message = `Could not parse request body into json: ${messageOf(error)}`
      return errorAnswer(400, 'InvalidRequestContentException', message, { Type: 'User' })
    }
    if (type === 'DryRun') return { status: 204, body: '' }
    if (type === 'Event') {
      // What goes wrong is in the function's log and in its counts.
      this.#asynchronous.take(fn, event)
      return { status: 202, body: '' }
    }
    if (type === 'RequestResponse') return invokeNow(fn, event)
    const message = `the invocation type must be RequestResponse, Event or DryRun; got ${type}`
    return errorAnswer(400, 'InvalidParameterValueException', message, { Type: 'User' })
  }
}

function functionNameOf({ url = '' }: IncomingMessage): string | undefined {
  const [, encoded] = INVOKE_PATH.exec(pathOf(url)) ?? []
  return encoded === undefined ? undefined : decodeURIComponent(encoded)
}

function queryOf({ url }: IncomingMessage): URLSearchParams {
  return new URLSearchParams(url?.split('?', 2)[1])
}

/** Which version of an alias it was is not known here. */
function executedVersionOf({ arn }: Invocable): Record<string, string> {
  const version = arn.split(':')[7] ?? '$LATEST'
  return /^(\d+|\$LATEST)$/.test(version) ? { 'x-amz-executed-version': version } : {}
}

async function invokeNow(fn: Invocable, event: unknown): Promise<ApiAnswer> {
  const headers = executedVersionOf(fn)
  try {
    return { status: 200, headers, body: JSON.stringify(await fn.invoke(event)) ?? 'null' }
  } catch (error) {
    if (error instanceof ThrottledError) {
      const more = { Type: 'User', Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' }
      return errorAnswer(429, 'TooManyRequestsException', 'Rate Exceeded.', more)
    }
    if (!(error instanceof FunctionError)) throw error
    const { errorType, errorMessage, trace } = error
    const failed = { ...headers, 'x-amz-function-error': 'Unhandled' }
    return { status: 200, headers: failed, body: JSON.stringify({ errorType, errorMessage, trace }) }
  }
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] as string
}

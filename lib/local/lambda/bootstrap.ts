// The program inside an execution environment, as text: it has to run both from TypeScript sources and from the
// compiled package, on a Node that knows no TypeScript. It is written to a file when a function is made.
// It plays the part of Lambda's Node.js runtime; the other end of its channel is environment.ts.

/** What the parent sends: one invocation. */
export interface InvokeMessage {
  readonly type: 'invoke'
  readonly id: string
  /** The event as JSON. */
  readonly payload: string
  /** When the invocation times out, in milliseconds since 1970. */
  readonly deadline: number
  readonly arn: string
}

/** What the child sends. `payload` is JSON. */
export type ChildMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'result'; readonly id: string; readonly payload: string }
  /** `fatal`: the process ends itself now, nothing more may be sent to it. */
  | {
      readonly type: 'error'
      readonly id: string | null
      readonly error: ChildError
      readonly fatal: boolean
    }

interface ChildError {
  readonly errorType: string
  readonly errorMessage: string
  readonly trace: string[]
}

/** Arguments: the file of the code, the name of the export. */
export const BOOTSTRAP_SOURCE = String.raw`
import { pathToFileURL } from 'node:url'

const [file, exportName] = process.argv.slice(2)
const channel = process.send.bind(process)
const send = (message) => new Promise((resolve) => channel(message, resolve))
let current = null

// The parent is gone: so is the Lambda service.
process.on('disconnect', () => process.exit(0))

function describe(error, errorType, causes = 5) {
  if (!(error instanceof Error)) {
    return { errorType: errorType ?? typeof error, errorMessage: String(error), trace: [] }
  }
  const trace = (error.stack ?? '').split('\n')
  const cause = causes && error.cause instanceof Error ? describe(error.cause, undefined, causes - 1).trace : []
  if (cause.length > 0) trace.push('caused by: ' + cause[0], ...cause.slice(1))
  return { errorType: errorType ?? error.name, errorMessage: error.message, trace }
}

async function fail(id, what, error, fatal) {
  console.error('ERROR\t' + what + '\t' + JSON.stringify(error))
  await send({ type: 'error', id, error, fatal })
}

async function die(what, error, status) {
  await fail(current, what, error, true)
  process.exit(status)
}

process.on('uncaughtException', (error) => die('Uncaught Exception', describe(error), 129))
process.on('unhandledRejection', (reason) => {
  const { trace } = describe(reason)
  const errorMessage = reason instanceof Error ? String(reason) : describe(reason).errorMessage
  die('Unhandled Promise Rejection', { errorType: 'Runtime.UnhandledPromiseRejection', errorMessage, trace }, 128)
})

function initErrorType(error) {
  if (error instanceof SyntaxError) return 'Runtime.UserCodeSyntaxError'
  if (error?.code === 'ERR_MODULE_NOT_FOUND') return 'Runtime.ImportModuleError'
}

async function load() {
  let module
  try {
    module = await import(pathToFileURL(file).href)
  } catch (error) {
    return die('Init Error', describe(error, initErrorType(error)), 1)
  }
  // A CommonJS module may hide its exports from Node's look at its text.
  const handler = module[exportName] ?? module.default?.[exportName]
  if (typeof handler !== 'function') {
    const errorMessage = process.env._HANDLER + ' is undefined or not exported'
    return die('Init Error', { errorType: 'Runtime.HandlerNotFound', errorMessage, trace: [] }, 1)
  }
  if (handler.length > 2) {
    const errorMessage = 'AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. Make the handler async.'
    return die('Init Error', { errorType: 'Runtime.CallbackHandlerDeprecated', errorMessage, trace: [] }, 1)
  }
  return handler
}

function contextFor({ id, deadline, arn }) {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: undefined,
    identity: undefined,
    invokedFunctionArn: arn,
    awsRequestId: id,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  }
}

async function invoke(handler, message) {
  current = message.id
  let reply
  try {
    const result = await handler(JSON.parse(message.payload), contextFor(message))
    reply = { type: 'result', id: message.id, payload: JSON.stringify(result) ?? 'null' }
  } catch (error) {
    await fail(message.id, 'Invoke Error', describe(error), false)
  }
  current = null
  if (reply) await send(reply)
}

const handler = await load()
process.on('message', (message) => invoke(handler, message))
await send({ type: 'ready' })
`

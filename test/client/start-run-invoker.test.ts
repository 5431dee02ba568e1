import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { FlowcraftAwsError, StartRunInvoker } from '../../lib/index.ts'

/** What Lambda's Invoke API answers, by the body it got. */
let respond: (body: string) => { error?: 'Unhandled'; status?: number; payload: unknown }
const asked: { path: string | undefined; body: Record<string, unknown> }[] = []
let server: Server
let lambdaClient: LambdaClient

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    asked.push({ path: request.url, body: JSON.parse(body) as Record<string, unknown> })
    const { error, status = 200, payload } = respond(body)
    response.writeHead(status, error ? { 'x-amz-function-error': error } : {})
    response.end(JSON.stringify(payload))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  lambdaClient = new LambdaClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })
})
afterAll(() => new Promise((resolve) => server.close(resolve)))
afterEach(() => {
  asked.length = 0
  vi.unstubAllEnvs()
})

const accepted = (body: string) => {
  const { runId } = JSON.parse(body) as { runId: string }
  return { payload: { runId, status: 'running', created: true } }
}

describe('StartRunInvoker', () => {
  it('invokes the function that the environment names and gives its answer', async () => {
    vi.stubEnv('FLOWCRAFT_START_RUN_FUNCTION_NAME', 'flows-start-run')
    respond = accepted

    const result = await new StartRunInvoker({ lambdaClient }).start({
      blueprintId: 'order',
      input: { a: 1 },
      runId: 'r1',
    })

    expect(result).toEqual({ runId: 'r1', status: 'running', created: true })
    expect(asked).toEqual([
      {
        path: '/2015-03-31/functions/flows-start-run/invocations',
        body: { blueprintId: 'order', input: { a: 1 }, runId: 'r1' },
      },
    ])
  })

  it('names the run itself, so that a repeated request starts no second one', async () => {
    let failures = 1
    respond = (body) => (failures-- > 0 ? { status: 500, payload: {} } : accepted(body))

    const { runId } = await new StartRunInvoker({ functionName: 'f', lambdaClient }).start({
      blueprintId: 'order',
    })

    expect(asked.map(({ body }) => body['runId'])).toEqual([runId, runId])
  })

  it.each([
    ['UNKNOWN_BLUEPRINT', "no blueprint 'nope' here; registered: 'order'"],
    ['INVALID_INPUT', 'cannot start a run: blueprintId must be a string'],
    ['RUN_CONFLICT', "cannot start run 'r': it was started with another input"],
  ])('tells the refusal of the function with its code %s', async (code, message) => {
    const errorMessage = `[${code}] ${message}`
    respond = () => ({ error: 'Unhandled', payload: { errorType: 'FlowcraftAwsError', errorMessage } })

    const error = await new StartRunInvoker({ functionName: 'f', lambdaClient })
      .start({ blueprintId: 'nope' })
      .catch((thrown: unknown) => thrown)

    expect(error).toBeInstanceOf(FlowcraftAwsError)
    expect(error).toMatchObject({ code, message })
  })

  it('tells trouble of the function as a failed request', async () => {
    respond = () => ({ error: 'Unhandled', payload: { errorMessage: 'Task timed out after 10.00 seconds' } })

    await expect(
      new StartRunInvoker({ functionName: 'f', lambdaClient }).start({ blueprintId: 'order' }),
    ).rejects.toMatchObject({
      code: 'REQUEST_FAILED',
      message: "Lambda Invoke of 'f' failed: Task timed out after 10.00 seconds",
    })
  })

  it('refuses bad input before it asks anybody', async () => {
    const invoker = new StartRunInvoker({ functionName: 'f', lambdaClient })

    await expect(invoker.start({ blueprintId: '' })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(invoker.start({ blueprintId: 'order', input: { n: 1n } })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    })
    expect(asked).toEqual([])
  })

  it('says how it learns the name of the function', () => {
    vi.stubEnv('FLOWCRAFT_START_RUN_FUNCTION_NAME', '')
    expect(() => new StartRunInvoker({ lambdaClient })).toThrow(
      /functionName is missing: .* grantStartRun\(thisFunction\)/,
    )
  })
})

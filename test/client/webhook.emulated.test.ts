/** Webhooks: a run makes a URL, and what is posted there goes on in it, once. */
import type { APIGatewayProxyEvent, APIGatewayProxyEventV2 } from 'aws-lambda'
import type { NodeContext } from 'flowcraft'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createWebhookHandler, createWorkerHandler } from '../../lib/index.ts'
import type { LocalAws } from '../../lib/local/index.ts'
import { graph, type Setup, trail } from '../conformance/case.ts'
import { jobOf, quiet, receive } from '../end-to-end/driver.ts'
import { Durable } from '../end-to-end/durable.ts'
import { eachDeployment } from '../support/each-deployment.ts'
import { awsOptions, type TestDeployment } from '../support/service.ts'

const WEBHOOK_URL = 'https://abcdefghij.lambda-url.us-east-1.on.aws'

let aws: LocalAws
let deployment: TestDeployment
eachDeployment((made) => {
  deployment = made
  aws = made.aws
})
afterEach(() => {
  vi.unstubAllEnvs()
})

/** hook -> wait -> end: the hook's URL is in its output, the wait is for what comes there. */
const hooked = (): Setup =>
  graph(
    {
      hook: { run: 'webhook' },
      wait: { run: 'wait', params: { eventName: 'webhook:hook' } },
      end: trail('end'),
    },
    ['hook>wait', 'wait>end'],
  )

const durableOf = (setup = hooked(), webhookUrl: string | undefined = WEBHOOK_URL) =>
  new Durable(deployment, setup, { webhookUrl })
const handlerOf = () => createWebhookHandler(awsOptions(deployment))

async function urlOf({ client }: Durable, runId: string, nodeId = 'hook'): Promise<string> {
  const { context } = await client.get(runId)
  return (context[nodeId] as { url: string }).url
}

/** What a function URL hands over for a request, see the Lambda developer guide, "request payload format". */
function requestTo(
  url: string,
  {
    method = 'POST',
    body,
    headers = {},
    isBase64Encoded = false,
  }: { method?: string; body?: string; headers?: Record<string, string>; isBase64Encoded?: boolean } = {},
): APIGatewayProxyEventV2 {
  const { pathname, search, searchParams, host } = new URL(url)
  const query = Object.fromEntries(searchParams)
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: pathname,
    rawQueryString: search.slice(1),
    headers: {
      host,
      'content-length': `${body?.length ?? 0}`,
      'x-amzn-trace-id': 'Root=1-5e1b4151-5ac6c58f5b7ed3ee3b1a5b2c',
      'x-forwarded-proto': 'https',
      'x-forwarded-port': '443',
      'x-forwarded-for': '203.0.113.7',
      accept: '*/*',
      'user-agent': 'curl/8.5.0',
      ...headers,
    },
    ...(search ? { queryStringParameters: query } : {}),
    requestContext: {
      accountId: 'anonymous',
      apiId: 'abcdefghij',
      domainName: host,
      domainPrefix: 'abcdefghij',
      http: {
        method,
        path: pathname,
        protocol: 'HTTP/1.1',
        sourceIp: '203.0.113.7',
        userAgent: 'curl/8.5.0',
      },
      requestId: 'e1506fd5-9e7b-434f-bd42-4f8fa224b599',
      routeKey: '$default',
      stage: '$default',
      time: '23/Nov/2026:08:30:00 +0000',
      timeEpoch: Date.UTC(2026, 10, 23, 8, 30),
    },
    ...(body === undefined ? {} : { body }),
    isBase64Encoded,
  }
}

const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' }
const json = (value: unknown) => ({ body: JSON.stringify(value), headers: JSON_HEADERS })

describe('a webhook', () => {
  it('gives the run what is posted to its URL, and goes on with it', async () => {
    const durable = durableOf()
    const runId = await durable.start(undefined, 'order/A-17:1@shop+eu=~')
    const url = await urlOf(durable, runId)
    expect(url.startsWith(`${WEBHOOK_URL}/`)).toBe(true)
    expect(await durable.client.get(runId)).toMatchObject({ status: 'awaiting' })

    const answer = await handlerOf()(requestTo(`${url}?from=shop&n=1`, json({ paid: true, amount: 'ß 📦' })))

    expect(answer).toEqual({
      statusCode: 202,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ message: 'accepted' }),
    })
    const run = await durable.finish(runId)
    expect(run.status).toBe('completed')
    expect(run.context['wait']).toMatchObject({
      method: 'POST',
      headers: { 'user-agent': 'curl/8.5.0' },
      query: { from: 'shop', n: '1' },
      body: { paid: true, amount: 'ß 📦' },
    })
    expect(run.context['end']).toEqual(['end', run.context['wait']])
  })

  it('is used up by the first request, whether or not the run is over', async () => {
    const durable = durableOf()
    const runId = await durable.start()
    const url = await urlOf(durable, runId)
    const handler = handlerOf()
    expect((await handler(requestTo(url, json(1)))).statusCode).toBe(202)

    expect(await handler(requestTo(url, json(2)))).toMatchObject({
      statusCode: 410,
      body: JSON.stringify({ message: 'this webhook was used, or its run is over' }),
    })
    expect((await durable.finish(runId)).context['wait']).toMatchObject({ body: 1 })
    expect((await handler(requestTo(url, json(3)))).statusCode).toBe(410)
    expect((await durable.client.get(runId)).context['wait']).toMatchObject({ body: 1 })
  })

  it('takes one of ten requests that come at once', async () => {
    const durable = durableOf()
    const runId = await durable.start()
    const url = await urlOf(durable, runId)
    const handler = handlerOf()

    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, at) => handler(requestTo(url, json(at)))),
    )

    const codes = answers.map(({ statusCode }) => statusCode)
    expect(codes.toSorted()).toEqual([202, ...Array.from({ length: 9 }, () => 410)])
    expect((await durable.finish(runId)).context['wait']).toMatchObject({ body: codes.indexOf(202) })
  })

  it('is not found with another token, another run, or anything else for a path', async () => {
    const durable = durableOf()
    const [one, two] = [await durable.start(), await durable.start()]
    const [first, second] = [await urlOf(durable, one), await urlOf(durable, two)]
    const token = first.split('/').at(-1) ?? ''
    const changed = token.replace(/^./, (character) => (character === 'A' ? 'B' : 'A'))
    const paths = [
      `/${one}/${changed}`,
      `/${two}/${token}`,
      `/nope/${token}`,
      `/${one}/${token}x`,
      `/${one}/${token.slice(1)}`,
      `/${token}`,
      `/${one}`,
      '/',
      '//',
      `/%/${token}`,
      `/${one}%00/${token}`,
      `/${one}/webhook%23${token}`,
    ]

    for (const path of paths) {
      const answer = await handlerOf()({ ...requestTo(first, json(1)), rawPath: path })
      expect([path, answer.statusCode]).toEqual([path, 404])
    }
    for (const id of [one, two]) expect((await durable.client.get(id)).status).toBe('awaiting')
    expect((await handlerOf()(requestTo(second, json(1)))).statusCode).toBe(202)
  })

  it('takes POST and PUT only, and is not used up by anything else', async () => {
    const durable = durableOf()
    const runId = await durable.start()
    const url = await urlOf(durable, runId)

    for (const method of ['GET', 'DELETE', 'PATCH']) {
      const answer = await handlerOf()(requestTo(url, { method }))
      expect(answer).toEqual({
        statusCode: 405,
        headers: { 'content-type': 'application/json', allow: 'POST, PUT, HEAD, OPTIONS' },
        body: JSON.stringify({ message: `use POST or PUT, not ${method}` }),
      })
    }
    expect(await handlerOf()(requestTo(url, { method: 'HEAD' }))).toEqual({ statusCode: 200, headers: {} })
    expect(await handlerOf()(requestTo(url, { method: 'OPTIONS' }))).toEqual({
      statusCode: 204,
      headers: { allow: 'POST, PUT, HEAD, OPTIONS' },
    })
    expect((await handlerOf()(requestTo(url, { method: 'PUT', ...json(1) }))).statusCode).toBe(202)
    expect((await durable.finish(runId)).context['wait']).toMatchObject({ method: 'PUT', body: 1 })
  })

  const bodies: Record<string, [Parameters<typeof requestTo>[1], unknown]> = {
    'JSON in base64': [
      {
        body: Buffer.from('{"a":"ß📦"}').toString('base64'),
        isBase64Encoded: true,
        headers: JSON_HEADERS,
      },
      { a: 'ß📦' },
    ],
    'JSON by another name': [
      { body: '[1]', headers: { 'content-type': 'application/vnd.github+json' } },
      [1],
    ],
    'a form': [
      { body: 'a=1&b=2', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      'a=1&b=2',
    ],
    'a text that looks like JSON': [
      { body: '{"a":1}', headers: { 'content-type': 'text/plain' } },
      '{"a":1}',
    ],
    'what says that it is JSON and is not': [{ body: '{oops', headers: JSON_HEADERS }, '{oops'],
    'no type': [{ body: 'plain' }, 'plain'],
    'nothing at all': [{}, undefined],
    'an empty body': [{ body: '', headers: JSON_HEADERS }, undefined],
    'JSON null': [{ body: 'null', headers: JSON_HEADERS }, null],
  }
  for (const [what, [request, expected]] of Object.entries(bodies)) {
    it(`takes ${what}`, async () => {
      const durable = durableOf()
      const runId = await durable.start()

      const answer = await handlerOf()(requestTo(await urlOf(durable, runId), request))

      expect(answer.statusCode).toBe(202)
      const { body } = (await durable.finish(runId)).context['wait'] as { body?: unknown }
      expect(body).toEqual(expected)
    })
  }

  it('takes a body of 5 MB, with a bucket and without', async () => {
    const bucketName = await aws.createBucket()
    const text = Array.from({ length: 5 * 1024 * 128 }, () => Math.random().toString(36).slice(2, 10)).join(
      '',
    )
    for (const bucket of [undefined, bucketName]) {
      const durable = new Durable(deployment, hooked(), { webhookUrl: WEBHOOK_URL, bucketName: bucket })
      const runId = await durable.start()
      const handler = createWebhookHandler({ ...awsOptions(deployment), bucketName: bucket })

      expect((await handler(requestTo(await urlOf(durable, runId), { body: text }))).statusCode).toBe(202)

      const { body } = (await durable.finish(runId)).context['wait'] as { body: string }
      expect(body === text).toBe(true)
    }
  })

  it('hands over the bytes as they came, so that a node can verify them', async () => {
    const bytes = Buffer.from('{ "paid":  true }')
    const headers = { 'x-shopify-hmac-sha256': '...', ...JSON_HEADERS }
    const text = { body: bytes.toString(), headers }
    const base64 = { body: bytes.toString('base64'), isBase64Encoded: true, headers }
    for (const request of [text, base64]) {
      const durable = durableOf()
      const runId = await durable.start()

      await handlerOf()(requestTo(await urlOf(durable, runId), request))

      const { context } = await durable.finish(runId)
      expect(context['wait']).toMatchObject({
        body: { paid: true },
        rawBody: bytes.toString('base64'),
        headers: { 'x-shopify-hmac-sha256': '...' },
      })
    }
  })

  it('is the same behind a REST API, which has headers in any case and lists of values', async () => {
    const durable = durableOf()
    const runId = await durable.start()
    const { pathname } = new URL(await urlOf(durable, runId))
    const event = {
      httpMethod: 'POST',
      path: pathname,
      headers: { 'Content-Type': 'application/json', 'X-Sign': 'b' },
      multiValueHeaders: { 'Content-Type': ['application/json'], 'X-Sign': ['a', 'b'] },
      queryStringParameters: { n: '2' },
      multiValueQueryStringParameters: { n: ['1', '2'] },
      body: '{"paid":true}',
      isBase64Encoded: false,
    } as unknown as APIGatewayProxyEvent

    expect(await handlerOf()({ ...event, httpMethod: 'HEAD', body: null, multiValueHeaders: {} })).toEqual({
      statusCode: 200,
      headers: {},
    })
    expect((await handlerOf()(event)).statusCode).toBe(202)

    expect((await durable.finish(runId)).context['wait']).toEqual({
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-sign': 'a,b' },
      query: { n: '1,2' },
      body: { paid: true },
      rawBody: Buffer.from('{"paid":true}').toString('base64'),
    })
  })

  it('may be called before the run waits for it', async () => {
    let url = ''
    const durable = durableOf(
      graph(
        {
          hook: { run: 'webhook' },
          send: async ({ input }) => {
            url = (input as { url: string }).url
            const answer = await handlerOf()(requestTo(url, json('early')))
            return { output: answer.statusCode }
          },
          wait: { run: 'wait', params: { eventName: 'webhook:hook' } },
        },
        ['hook>send', 'send>wait'],
      ),
    )

    const run = await durable.client.get(await durable.start())

    expect(run).toMatchObject({ status: 'completed', context: { send: 202, wait: { body: 'early' } } })
    expect((await handlerOf()(requestTo(url, json('late')))).statusCode).toBe(410)
  })

  it('of a cancelled run is gone', async () => {
    const durable = durableOf()
    const runId = await durable.start()
    const url = await urlOf(durable, runId)
    await durable.client.cancel(runId)

    expect((await handlerOf()(requestTo(url, json(1)))).statusCode).toBe(410)
  })

  it('of a child run is reached by its URL, also where a gateway has decoded the path', async () => {
    const child = { ...hooked().blueprint, id: 'child' }
    const setup = graph({ call: { run: 'subflow', params: { blueprintId: 'child' } } }, [], {
      blueprints: [child],
      builtIn: hooked().registry,
    })
    for (const decoded of [false, true]) {
      const durable = durableOf(setup)
      const runId = await durable.start()
      const event = requestTo(await urlOf(durable, `${runId}/0.1`), json('to the child'))
      // A function URL leaves the path as it came, an HTTP API decodes it.
      const rawPath = decoded ? decodeURIComponent(event.rawPath) : event.rawPath

      expect((await handlerOf()({ ...event, rawPath })).statusCode).toBe(202)

      expect((await durable.finish(runId)).status).toBe('completed')
    }
  })

  it('of each round of a loop takes one request, and none of the rounds before', async () => {
    const durable = durableOf(
      graph(
        {
          start: async () => ({ output: 'go' }),
          hook: { run: 'webhook', any: true },
          wait: { run: 'wait', params: { eventName: 'webhook:hook' } },
          count: async ({ context }: NodeContext) => {
            const n = (((await context.get('n' as never)) as number | undefined) ?? 0) + 1
            await context.set('n' as never, n as never)
            await context.set('again' as never, (n < 2) as never)
            return { output: n }
          },
          loop: { run: 'loop-controller', params: { condition: 'again' } },
          end: async ({ context }) => ({ output: await context.get('wait') }),
        },
        ['start>hook', 'hook>wait', 'wait>count', 'count>loop', 'loop>hook:continue', 'loop>end:break'],
      ),
    )
    const runId = await durable.start()
    const first = await urlOf(durable, runId)
    expect((await handlerOf()(requestTo(first, json(1)))).statusCode).toBe(202)
    await durable.work()
    const second = await urlOf(durable, runId)
    expect(second).not.toBe(first)

    expect((await handlerOf()(requestTo(first, json('again')))).statusCode).toBe(410)
    expect((await handlerOf()(requestTo(second, json(2)))).statusCode).toBe(202)

    expect((await durable.finish(runId)).context['end']).toMatchObject({ body: 2 })
  })

  it('that was answered with an error, or not at all, may be called again', async () => {
    const durable = durableOf()
    const runId = await durable.start()
    const url = await urlOf(durable, runId)
    aws.intercept(({ service }) => (service === 'sqs' ? 'reject' : 'forward'))
    await expect(handlerOf()(requestTo(url, json('first')))).rejects.toThrow('SendMessageBatch')
    aws.intercept(undefined)

    // The event stands; the second call brings the job.
    expect((await handlerOf()(requestTo(url, json('second')))).statusCode).toBe(410)

    expect((await durable.finish(runId)).context['wait']).toMatchObject({ body: 'first' })
  })

  it('keeps no token: the table does not hold what the URL does', async () => {
    const durable = durableOf(graph({ hook: { run: 'webhook' }, forget: async () => ({}) }, ['hook>forget']))
    const bodies: string[] = []
    aws.intercept(({ operation, body }) => {
      if (operation === 'PutItem') bodies.push(JSON.stringify(body))
      return 'forward'
    })
    const runId = await durable.start()

    const token = (await urlOf(durable, runId)).split('/').at(-1) ?? ''
    expect(token).toMatch(/^[\w-]{43}$/)
    const stored = bodies.filter((text) => text.includes('webhook#'))
    expect(stored).toHaveLength(1)
    expect(stored[0]).not.toContain(token)
  })
})

describe('without a URL for webhooks', () => {
  it('the node fails and says what to set', async () => {
    const durable = new Durable(deployment, hooked())

    const run = await durable.client.get(await durable.start())

    expect(run.status).toBe('failed')
    expect(JSON.stringify(run.errors)).toContain('give webhookUrl as an option or set FLOWCRAFT_WEBHOOK_URL')
  })

  it('the environment gives it', async () => {
    vi.stubEnv('FLOWCRAFT_WEBHOOK_URL', 'https://hooks.example.com/base/')
    const durable = new Durable(deployment, hooked())
    const runId = await durable.start()
    const url = await urlOf(durable, runId)
    expect(url.startsWith(`https://hooks.example.com/base/${runId}/`)).toBe(true)

    expect((await handlerOf()(requestTo(url, json(1)))).statusCode).toBe(202)
  })

  // Not yet: createWorkerHandler (worker-handler.ts) does not pass it on.
  it('a worker function takes it as an option', async () => {
    const { blueprint, registry } = hooked()
    const handler = createWorkerHandler({
      ...awsOptions(deployment),
      webhookUrl: WEBHOOK_URL,
      blueprints: { case: blueprint },
      registry,
      logger: quiet,
    })
    const durable = durableOf()
    const { runId } = await durable.client.start({ blueprintId: 'case' })
    for (let left = 3; left > 0; left--) {
      const Records = (await receive(deployment)).map((message) => ({
        messageId: message.MessageId ?? '',
        receiptHandle: message.ReceiptHandle ?? '',
        body: JSON.stringify(jobOf(message)),
      }))
      const context = { getRemainingTimeInMillis: () => 30_000 }
      if (Records.length > 0) await handler({ Records } as never, context as never)
    }

    expect(await urlOf(durable, runId)).toContain(WEBHOOK_URL)
  })
})

/** Functions beside worker and StartRun: the sweep that a schedule invokes, and the webhook that a URL does. */
import { isUtf8 } from 'node:buffer'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { jsonLogger } from '../adapter/logger.ts'
import { sweep, type SweepResult } from '../adapter/sweep.ts'
import { receiveWebhook, type WebhookOutcome } from '../adapter/webhook.ts'
import { type OutsideOptions, servicesOutside } from './outside.ts'

/**
 * The sweep: sends the timers that come due within SQS's 15 minutes, and jobs from the dead-letter queue back to the
 * job queue. To be invoked every minute or so by a schedule;
 * late or double invocations do no harm.
 *
 * @example
 * export const sweep = createSweepHandler()
 */
export function createSweepHandler(options: OutsideOptions = {}): () => Promise<SweepResult> {
  const services = servicesOutside(options)
  const logger = options.logger ?? jsonLogger()
  return async () => {
    const result = await sweep(services)
    logger.info('swept', { ...result })
    return result
  }
}

const STATUS: Record<WebhookOutcome, { statusCode: number; message: string }> = {
  resumed: { statusCode: 202, message: 'accepted' },
  used: { statusCode: 410, message: 'this webhook was used, or its run is over' },
  unknown: { statusCode: 404, message: 'no such webhook' },
  unwaited: { statusCode: 409, message: "no node of the run's blueprint waits for this webhook" },
}

/**
 * The webhook endpoint, behind a function URL or an HTTP API: what is posted becomes the output of the node that
 * waits for it, as `{ method, headers, query, body }`, the body parsed where it is JSON, and base64 where it is no text.
 * With a header that names a signature there is also `rawBody`, in base64, so that a node can verify it.
 *
 * @example
 * export const webhook = createWebhookHandler()
 */
export function createWebhookHandler(
  options: OutsideOptions = {},
): (event: APIGatewayProxyEventV2) => Promise<APIGatewayProxyStructuredResultV2> {
  const services = servicesOutside(options)
  return async (event) => {
    const { method } = event.requestContext.http
    if (method !== 'POST' && method !== 'PUT') return answer(405, `use POST or PUT, not ${method}`)
    const outcome = await receiveWebhook(services, event.rawPath, {
      method,
      headers: withoutSecrets(event.headers),
      query: event.queryStringParameters ?? {},
      body: bodyOf(event),
      ...rawBodyOf(event),
    })
    return answer(STATUS[outcome].statusCode, STATUS[outcome].message)
  }
}

/** Headers without what lets whoever reads the run act for the sender. */
function withoutSecrets(headers: Record<string, string | undefined>): Record<string, string | undefined> {
  const secret = /^(authorization|cookie|proxy-authorization|x-api-key)$/i
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !secret.test(name)))
}

/** What is no UTF-8, an image say, stays the base64 text that it came as. */
function bodyOf({ body, isBase64Encoded, headers }: APIGatewayProxyEventV2): unknown {
  if (body === undefined) return undefined
  const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8')
  if (!isUtf8(bytes)) return body
  const text = bytes.toString('utf8')
  if (!/\bjson\b/i.test(headers['content-type'] ?? '')) return text
  try {
    return JSON.parse(text)
  } catch {
    // Says it is JSON and is not: the run gets what was sent.
    return text
  }
}

/** Where a header holds a signature of the body, as Stripe's and GitHub's do: it is of the bytes, not of what they mean. */
function rawBodyOf({ body, headers, isBase64Encoded }: APIGatewayProxyEventV2): { rawBody?: string } {
  if (body === undefined || !Object.keys(headers).some((name) => /signature/i.test(name))) return {}
  return { rawBody: isBase64Encoded ? body : Buffer.from(body).toString('base64') }
}

function answer(statusCode: number, message: string): APIGatewayProxyStructuredResultV2 {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message }) }
}

/** Functions beside worker and StartRun: the sweep that a schedule invokes, and the webhook that a URL does. */
import type {
  APIGatewayProxyEvent,
  APIGatewayProxyEventV2,
  APIGatewayProxyStructuredResultV2,
} from 'aws-lambda'
import { jsonLogger } from '../core/common/logger.ts'
import { sweep, type SweepResult } from '../core/run/sweep.ts'
import { answerWebhook, type WebhookRequest } from '../core/run/webhook-request.ts'
import { type ClientOptions, clientServices } from './client-services.ts'

/**
 * The sweep: sends the timers that come due within SQS's 15 minutes, and jobs from the dead-letter queue back to the
 * job queue. To be invoked every minute or so by a schedule;
 * late or double invocations do no harm.
 *
 * @example
 * export const sweep = createSweepHandler()
 */
export function createSweepHandler(options: ClientOptions = {}): () => Promise<SweepResult> {
  const services = clientServices(options)
  const logger = options.logger ?? jsonLogger()
  return async () => {
    const result = await sweep(services)
    logger.info('swept', { ...result })
    return result
  }
}

/**
 * The webhook endpoint, behind a function URL, an HTTP API or a REST API: what is posted becomes the output of the node
 * that waits for it, as `{ method, headers, query, body, rawBody }`. `body` is parsed where it is JSON, and base64 where
 * it is no text; `rawBody` has the bytes as they came, in base64, so that a node can verify any sender's signature. The
 * params of the `webhook` node say what is special about its sender: `parse: false` leaves `body` out,
 * `challenge: 'hub.challenge'` answers requests that have this query parameter with its value,
 * `keepHeaders: ['authorization']` hands over headers that are left out since they hold secrets.
 *
 * @example
 * export const webhook = createWebhookHandler()
 */
export function createWebhookHandler(
  options: ClientOptions = {},
): (event: APIGatewayProxyEventV2 | APIGatewayProxyEvent) => Promise<APIGatewayProxyStructuredResultV2> {
  const services = clientServices(options)
  return async (event) => {
    const { outcome: _, ...answer } = await answerWebhook(services, requestOf(event))
    return answer
  }
}

function requestOf(event: APIGatewayProxyEventV2 | APIGatewayProxyEvent): WebhookRequest {
  const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8')
  if (!('httpMethod' in event)) {
    const { method } = event.requestContext.http
    const { rawPath: path, headers, queryStringParameters: query = {} } = event
    return { method, path, headers, query, bytes }
  }
  // Of a REST API: values of one name in lists, and null where there is nothing.
  const { httpMethod: method, path, multiValueHeaders, multiValueQueryStringParameters } = event
  const headers = { ...event.headers, ...joined(multiValueHeaders) }
  const query = { ...event.queryStringParameters, ...joined(multiValueQueryStringParameters) }
  return { method, path, headers, query, bytes }
}

/** As a function URL and an HTTP API do it. */
function joined(values: Record<string, string[] | undefined> | null): Record<string, string> {
  return Object.fromEntries(Object.entries(values ?? {}).map(([name, list]) => [name, list?.join(',') ?? '']))
}

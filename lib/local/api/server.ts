// An AWS API that is played here as a whole, where the proxies have an engine behind them. What the API does comes
// as an Api; nothing of it may be known here.

import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import { KEEP_ALIVE_MS, close, isGone, listen, readBody } from '../proxy/http.ts'
import type { ServiceName } from '../proxy/intercept.ts'
import type { Ask } from '../iam/policy.ts'
import type { Proxy, ProxyHost } from '../proxy/json-proxy.ts'

/** What an API answers. */
export interface ApiAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

/** One AWS API. */
export interface Api {
  readonly name: ServiceName
  /** The status of what is refused for a missing permission. */
  readonly deniedStatus: number
  /** The API's name of what is asked. */
  operationOf(req: IncomingMessage): string
  /** What a request needs permissions for. */
  asksOf(operation: string, req: IncomingMessage, body: Buffer): readonly Ask[]
  answer(operation: string, req: IncomingMessage, body: Buffer): Promise<ApiAnswer>
}

/** An error as the SDK understands it, by header (REST JSON) and by body (JSON 1.x). */
export function errorAnswer(status: number, type: string, message: string, more: object = {}): ApiAnswer {
  return {
    status,
    headers: { 'x-amzn-errortype': type },
    body: JSON.stringify({ __type: type, message, Message: message, ...more }),
  }
}

/** Starts an API on a free port. */
export async function startApi(host: ProxyHost, api: Api): Promise<Proxy> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS })
  server.on('request', (req, res) => {
    serve(host, api, req, res).catch((error: unknown) => {
      reply(res, errorAnswer(500, 'InternalFailure', `local ${api.name}: ${messageOf(error)}`))
    })
  })
  const origin = await listen(server)
  return { origin, close: () => close(server) }
}

async function serve(
  { interception, roles }: ProxyHost,
  api: Api,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  let body: Buffer
  try {
    body = await readBody(req)
  } catch {
    return // The client left in the middle of its request: nobody to tell, nothing to apply.
  }
  const operation = api.operationOf(req)
  const outcome = await interception.decide(api.name, operation, () => parse(body))
  if (outcome === 'drop') return void res.destroy()
  if (outcome === 'reject') {
    return reply(res, errorAnswer(500, 'InternalFailure', `local ${api.name}: rejected by the test`))
  }
  if (typeof outcome === 'object') await sleep(outcome.delayMs)
  const denied = roles.refusalOf(req.headers.authorization, () => api.asksOf(operation, req, body))
  if (denied) return reply(res, errorAnswer(api.deniedStatus, 'AccessDeniedException', denied.message))
  const answer = await api.answer(operation, req, body)
  if (outcome === 'lose') return void res.destroy()
  reply(res, answer)
}

function reply(res: ServerResponse, { status, headers, body }: ApiAnswer): void {
  if (isGone(res) || res.headersSent) return void res.destroy()
  res.writeHead(status, { 'content-type': 'application/json', ...headers })
  res.end(body)
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

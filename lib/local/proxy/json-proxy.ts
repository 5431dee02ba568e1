// The proxy in front of a service that speaks AWS JSON (SQS, DynamoDB). Bodies are small and buffered whole.
// What is special about a service comes as a JsonService; nothing of it may be known here.

import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../errors.ts'
import { Backend, KEEP_ALIVE_MS, close, forwardable, isGone, listen, readBody } from './http.ts'
import type { Ask } from '../iam/policy.ts'
import type { Roles } from '../iam/roles.ts'
import type { Answer } from './http.ts'
import type { Interception, ServiceName } from './intercept.ts'
import type { Refusal } from './rules.ts'

/** A request on its way to the engine. */
export interface Call {
  /** What the engine gets. */
  readonly body: Buffer
  /** Given to the client in place of what the engine would answer, which is not asked. */
  readonly answer?: Answer
  /** Looks at the answer and gives the body for the client: the same buffer if nothing changed. */
  finish?(answer: Answer): Buffer
  /** The client left before the answer came. */
  undelivered?(answer: Answer): Promise<void>
}

/** What a proxy does for one service. */
export interface JsonService {
  readonly name: Extract<ServiceName, 'sqs' | 'dynamodb'>
  prepare(operation: string, body: Buffer, send: Send): Call | Promise<Call>
  /** Why AWS would refuse a request that the engine may take. */
  refusalOf(operation: string, input: Record<string, unknown>): Refusal | undefined
  /** What a request needs permissions for. */
  asksOf(operation: string, input: Record<string, unknown>): readonly Ask[]
}

/** Sends a further request of the proxy's own to the engine. */
export type Send = (operation: string, body: Record<string, unknown>) => Promise<Answer>

/** A running proxy. */
export interface Proxy {
  readonly origin: string
  close(): Promise<void>
}

/** What proxies have in common. */
export interface ProxyHost {
  readonly interception: Interception
  readonly roles: Roles
}

/** Starts a proxy on a free port. `makeService` gets the proxy's origin and the engine's. */
export async function startJsonProxy(
  target: string,
  { interception, roles }: ProxyHost,
  makeService: (origin: string, target: string) => JsonService,
): Promise<Proxy> {
  const backend = new Backend(target)
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS })
  const origin = await listen(server)
  const service = makeService(origin, backend.origin)
  server.on('request', (req, res) => {
    relay({ service, backend, interception, roles }, req, res).catch((error: unknown) => {
      refuse(res, service.name, 503, 'ServiceUnavailable', messageOf(error))
    })
  })
  return {
    origin,
    close: async () => {
      await close(server)
      backend.close()
    },
  }
}

interface Parts extends ProxyHost {
  readonly service: JsonService
  readonly backend: Backend
}

async function relay(parts: Parts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { service, backend, interception, roles } = parts
  let received: Buffer
  try {
    received = await readBody(req)
  } catch {
    return // The client left in the middle of its request: nobody to tell, nothing to apply.
  }
  const operation = operationOf(req)
  const outcome = await interception.decide(service.name, operation, () => parse(received))
  if (outcome === 'drop') return void res.destroy()
  if (outcome === 'reject') {
    return refuse(res, service.name, 500, 'InternalServerError', 'rejected by the test')
  }
  if (typeof outcome === 'object') await sleep(outcome.delayMs)
  const input = parse(received)
  const asks = () => (isRecord(input) ? service.asksOf(operation, input) : [])
  const denied = roles.refusalOf(req.headers.authorization, asks)
  if (denied) return refuse(res, service.name, 400, 'AccessDeniedException', denied.message)
  const refusal = isRecord(input) ? service.refusalOf(operation, input) : undefined
  if (refusal) return refuse(res, service.name, 400, refusal.type, refusal.message)

  const call = await service.prepare(operation, received, sender(parts, req))
  const answer = call.answer ?? (await backend.exchange(req, call.body))
  const body = call.finish?.(answer) ?? answer.body
  if (outcome === 'lose') return void res.destroy()
  if (isGone(res)) return call.undelivered?.(answer)
  res.writeHead(answer.status, headersFor(answer, body))
  res.end(body)
}

/** DynamoDB's checksum is of the body, so it goes when the body changed; the SDK then does without. */
function headersFor(answer: Answer, body: Buffer) {
  const { 'x-amz-crc32': checksum, ...headers } = forwardable(answer.headers)
  const kept = body === answer.body && checksum !== undefined ? { 'x-amz-crc32': checksum } : {}
  return { ...headers, ...kept, 'content-length': body.length }
}

function sender({ backend }: Parts, req: IncomingMessage): Send {
  const prefix = String(req.headers['x-amz-target'] ?? '').split('.')[0]
  return (operation, body) => {
    const headers = { ...req.headers, 'x-amz-target': `${prefix}.${operation}` }
    return backend.exchange({ method: req.method, url: req.url, headers }, Buffer.from(JSON.stringify(body)))
  }
}

function operationOf(req: IncomingMessage): string {
  return String(req.headers['x-amz-target'] ?? '').split('.')[1] ?? 'Unknown'
}

function refuse(res: ServerResponse, service: string, status: number, type: string, message: string): void {
  if (isGone(res) || res.headersSent) return void res.destroy()
  res.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
  res.end(JSON.stringify({ __type: type, message: `local ${service}: ${message}` }))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined // Not JSON: for the engine to refuse.
  }
}

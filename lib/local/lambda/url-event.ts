// What a function URL makes of a request, and of the function's result. Pure.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html

import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'

/** An HTTP answer. */
export interface UrlAnswer {
  readonly status: number
  readonly headers: OutgoingHttpHeaders
  readonly body: Buffer | string
}

type RequestHead = Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'httpVersion' | 'socket'>

/** The event of payload format 2.0. */
export function eventOf(req: RequestHead, body: Buffer): APIGatewayProxyEventV2 {
  const { method = 'GET', httpVersion } = req
  const [rawPath = '/', rawQueryString = ''] = splitOnce(req.url ?? '/', '?')
  const { cookie, ...others } = req.headers
  const headers = Object.fromEntries(
    Object.entries(others).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]),
  )
  const host = headers['host'] ?? ''
  const sourceIp = req.socket.remoteAddress ?? ''
  const http = {
    method,
    path: rawPath,
    protocol: `HTTP/${httpVersion}`,
    sourceIp,
    userAgent: headers['user-agent'] ?? '',
  }
  const now = new Date()
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString,
    ...(cookie !== undefined && { cookies: cookie.split('; ') }),
    headers,
    ...(rawQueryString !== '' && { queryStringParameters: queryOf(rawQueryString) }),
    requestContext: {
      accountId: 'anonymous',
      apiId: 'local',
      domainName: host,
      domainPrefix: 'local',
      http,
      requestId: randomUUID(),
      routeKey: '$default',
      stage: '$default',
      time: logTime(now),
      timeEpoch: now.getTime(),
    },
    ...bodyOf(headers['content-type'], body),
  }
}

/** What a function may answer: an object with a status, or anything else, which is sent as JSON. */
export function answerOf(result: unknown): UrlAnswer {
  if (!isStructured(result)) {
    const body = typeof result === 'string' ? result : (JSON.stringify(result) ?? '')
    return { status: 200, headers: { 'content-type': 'application/json' }, body }
  }
  const { statusCode, headers = {}, cookies = [], body = '', isBase64Encoded = false } = result
  return {
    status: statusCode,
    headers: {
      'content-type': 'application/json',
      ...lowerCased(headers),
      ...(cookies.length > 0 && { 'set-cookie': cookies }),
    },
    body: isBase64Encoded ? Buffer.from(body, 'base64') : body,
  }
}

interface StructuredResult {
  readonly statusCode: number
  readonly headers?: Readonly<Record<string, string | number | boolean>>
  readonly cookies?: string[]
  readonly body?: string
  readonly isBase64Encoded?: boolean
}

function isStructured(result: unknown): result is StructuredResult {
  return typeof (result as { statusCode?: unknown } | null)?.statusCode === 'number'
}

function lowerCased(headers: Readonly<Record<string, string | number | boolean>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  )
}

/** Base64 unless the request says that it is text or JSON. */
function bodyOf(contentType: string | undefined, body: Buffer) {
  if (body.length === 0) return { isBase64Encoded: false }
  const text = /^(text\/|application\/(json|xml|javascript)|application\/[\w.-]+\+(json|xml))/i
  if (text.test(contentType ?? '') && isUtf8(body))
    return { body: body.toString('utf8'), isBase64Encoded: false }
  return { body: body.toString('base64'), isBase64Encoded: true }
}

/** Values of the same name are joined by commas. */
function queryOf(rawQueryString: string): Record<string, string> {
  const query: Record<string, string> = {}
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    query[name] = name in query ? `${query[name]},${value}` : value
  }
  return query
}

/** `10/Apr/2022:13:30:05 +0000` */
function logTime(time: Date): string {
  const [, day, month, year, clock] = time.toUTCString().split(' ')
  return `${day}/${month}/${year}:${clock} +0000`
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

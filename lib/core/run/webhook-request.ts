/**
 * Requests to the URLs of webhooks: what of one reaches the run, and what is answered. POST and PUT use a URL up;
 * senders that only ask whether it is there do not.
 */
import { isUtf8 } from 'node:buffer'
import { type WebhookOptions, webhookOptionsOf } from '../blueprints/webhook-options.ts'
import { isFlowcraftAwsError } from '../common/errors.ts'
import { parseJson } from '../common/parse-json.ts'
import type { ResumeServices } from './resume.ts'
import { findWebhook, receiveWebhook, type WebhookOutcome } from './webhook.ts'

export interface WebhookRequest {
  readonly method: string
  /** Ends with the run's id and the token. */
  readonly path: string
  /** Names in any case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly query: Readonly<Record<string, string | undefined>>
  readonly bytes: Buffer
}

/** The HTTP answer to a call of a webhook. */
export interface WebhookAnswer {
  readonly statusCode: number
  readonly headers: Record<string, string>
  /** Absent where HTTP has none. */
  readonly body?: string
  /** What became of a request that was meant for the run. */
  readonly outcome?: WebhookOutcome
}

/** What a waiting node gets as its output. */
export interface WebhookEvent {
  readonly method: string
  /** Names in lower case. Without those by which somebody else could act for the sender. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly query: Readonly<Record<string, string | undefined>>
  /** Parsed where it is JSON, else its text; base64 where it is no text. Absent without one, and with `parse: false`. */
  readonly body?: unknown
  /** The bytes as they came, in base64: what a signature is of. */
  readonly rawBody: string
}

const ALLOW = 'POST, PUT, HEAD, OPTIONS'

const STATUS: Record<WebhookOutcome, { statusCode: number; message: string }> = {
  resumed: { statusCode: 202, message: 'accepted' },
  used: { statusCode: 410, message: 'this webhook was used, or its run is over' },
  unknown: { statusCode: 404, message: 'no such webhook' },
  unwaited: { statusCode: 409, message: "no node of the run's blueprint waits for this webhook" },
}

export async function answerWebhook(services: ResumeServices, given: WebhookRequest): Promise<WebhookAnswer> {
  const request = { ...given, method: given.method.toUpperCase(), headers: lowerCased(given.headers) }
  const { method, query } = request
  if (method === 'OPTIONS') return options(request)
  const isEvent = method === 'POST' || method === 'PUT'
  // Only the blueprint tells what a challenge is; nothing is read for a request that cannot be one.
  if (!isEvent && method !== 'HEAD' && (method !== 'GET' || Object.keys(query).length === 0)) {
    return notAllowed(method)
  }
  const webhook = await findWebhook(services, request.path)
  if (method === 'HEAD') return { statusCode: webhook ? 200 : 404, headers: {} }
  if (!webhook) return answer('unknown')
  const how = webhookOptionsOf(webhook.params)
  const challenge = how.challenge === undefined ? undefined : query[how.challenge]
  if (challenge !== undefined) return echo(challenge)
  if (!isEvent) return notAllowed(method)
  try {
    return answer(await receiveWebhook(services, webhook, eventOf(request, how)))
  } catch (error) {
    const isBad =
      isFlowcraftAwsError(error, 'VALUE_NOT_SERIALIZABLE') || isFlowcraftAwsError(error, 'INVALID_INPUT')
    if (!isBad) throw error
    return json(400, `this body cannot be kept: ${error.message}`)
  }
}

function eventOf({ method, headers, query, bytes }: WebhookRequest, how: WebhookOptions): WebhookEvent {
  return {
    method,
    headers: withoutSecrets(headers, how.keepHeaders),
    query,
    ...(how.parse && bytes.length > 0 ? { body: bodyOf(bytes, headers['content-type']) } : {}),
    rawBody: bytes.toString('base64'),
  }
}

function bodyOf(bytes: Buffer, contentType = ''): unknown {
  if (!isUtf8(bytes)) return bytes.toString('base64')
  const text = bytes.toString('utf8')
  if (!isJson(contentType)) return text
  try {
    // Some senders begin with a byte order mark, which JSON does not know.
    return parseJson(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    if (isFlowcraftAwsError(error, 'INVALID_INPUT')) throw error
    // Says it is JSON and is not: the run gets what was sent.
    return text
  }
}

/** `application/json`, `text/json`, `application/vnd.api+json; charset=utf-8`. */
function isJson(contentType: string): boolean {
  return /[/+.-]json$/i.test((contentType.split(';', 1)[0] ?? '').trim())
}

const SECRET = /^(authorization|cookie|proxy-authorization|x-api-key)$/

function withoutSecrets(headers: WebhookRequest['headers'], kept: readonly string[]) {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !SECRET.test(name) || kept.includes(name)),
  )
}

function lowerCased(headers: WebhookRequest['headers']): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** Senders of CloudEvents ask this way for leave to send. */
function options({ headers }: WebhookRequest): WebhookAnswer {
  const origin = headers['webhook-request-origin']
  if (origin === undefined) return { statusCode: 204, headers: { allow: ALLOW } }
  const leave = { 'webhook-allowed-origin': origin, 'webhook-allowed-rate': '*' }
  return { statusCode: 204, headers: { allow: ALLOW, ...leave } }
}

function echo(challenge: string): WebhookAnswer {
  // A stranger's text must not become a page of this host.
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }
  return { statusCode: 200, headers, body: challenge }
}

function notAllowed(method: string): WebhookAnswer {
  const { headers, ...rest } = json(405, `use POST or PUT, not ${method}`)
  return { ...rest, headers: { ...headers, allow: ALLOW } }
}

function answer(outcome: WebhookOutcome): WebhookAnswer {
  const { statusCode, message } = STATUS[outcome]
  return { ...json(statusCode, message), outcome }
}

function json(statusCode: number, message: string): WebhookAnswer {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message }) }
}

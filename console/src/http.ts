/** Requests to the console's server, and its problems as errors. */
import type { ProblemView } from '../../lib/console/views.ts'
import { type Query, withQuery } from './query.ts'

/** What the server said where it did not do what it was asked for; `code` and `docs` are those of the product. */
export class Problem extends Error implements ProblemView {
  readonly code: string
  readonly docs?: string

  constructor(problem: ProblemView) {
    super(problem.message)
    this.name = 'Problem'
    this.code = problem.code
    this.docs = problem.docs
  }
}

/** Whatever was thrown, to be shown. */
export function problemOf(error: unknown): ProblemView {
  if (error instanceof Problem) return error
  if (error instanceof TypeError && /fetch|network/i.test(error.message))
    return {
      code: 'NO_CONNECTION',
      message: 'The console’s server does not answer. Is the command still running?',
    }
  return { code: 'PAGE_ERROR', message: error instanceof Error ? error.message : String(error) }
}

/** Of several services, the one that the page's address names; the server takes its first where it names none. */
const service = new URLSearchParams(location.search).get('service') ?? undefined

/** The address of a route of the server, for the service that is shown. */
export const addressOf = (path: string, query: Query = {}): string => withQuery(path, { ...query, service })

export async function getJson<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const response = await fetch(addressOf(path, query), { headers: { accept: 'application/json' }, signal })
  await requireOk(response)
  return (await response.json()) as T
}

export async function postJson<T>(path: string, body: object = {}): Promise<T> {
  return (await (await post(path, body)).json()) as T
}

/** The answer as it comes, for those that are told line by line. */
export async function postForStream(
  path: string,
  body: object,
  signal?: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const { body: stream } = await post(path, body, signal)
  if (!stream) throw new Problem({ code: 'PAGE_ERROR', message: 'The answer has no body.' })
  return stream
}

async function post(path: string, body: object, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(addressOf(path), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
    signal,
  })
  await requireOk(response)
  return response
}

async function requireOk(response: Response): Promise<void> {
  if (response.ok) return
  const problem = await response.json().catch(() => undefined)
  if (isProblem(problem)) throw new Problem(problem)
  throw new Problem({
    code: `HTTP_${response.status}`,
    message: `The server answered ${response.status} ${response.statusText}`.trim(),
  })
}

function isProblem(value: unknown): value is ProblemView {
  return typeof value === 'object' && value !== null && 'code' in value && 'message' in value
}

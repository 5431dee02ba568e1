/** Requests to the console's server. */
import { isProblem, Problem } from './problem.ts'
import { type Query, withQuery } from './query.ts'

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

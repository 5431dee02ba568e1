// A function URL: an HTTP server of its own in front of a function.

import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { close, isGone, KEEP_ALIVE_MS, listen, readBody } from '../proxy/http.ts'
import { FunctionError, ThrottledError } from './errors.ts'
import type { Invocable } from './types.ts'
import { answerOf, eventOf } from './url-event.ts'
import type { UrlAnswer } from './url-event.ts'

/** A running function URL. */
export interface UrlServer {
  /** Ends with a slash, as on AWS. */
  readonly url: string
  /** Waits for the requests in flight, then closes. */
  stop(): Promise<void>
}

export interface UrlServerOptions {
  /** Where nobody has it, else a free one. @default - a free one */
  readonly wantedPort?: number
  /** Whether strangers may invoke the function at all. @default - they may */
  readonly mayInvoke?: () => boolean
}

/** Starts a function URL. */
export async function startUrlServer(
  fn: Pick<Invocable, 'invoke'>,
  { wantedPort = 0, mayInvoke = () => true }: UrlServerOptions = {},
): Promise<UrlServer> {
  const inFlight = new Set<Promise<void>>()
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (req, res) => {
    const served = serve(mayInvoke() ? fn : FORBIDDEN, req, res).finally(() => inFlight.delete(served))
    inFlight.add(served)
  })
  const origin = await listen(server, wantedPort).catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'EADDRINUSE') return listen(server)
    throw error
  })
  return {
    url: `${origin}/`,
    async stop() {
      await Promise.all(inFlight)
      await close(server)
    },
  }
}

class Forbidden extends Error {}

const FORBIDDEN: Pick<Invocable, 'invoke'> = {
  invoke: () => Promise.reject(new Forbidden('Forbidden')),
}

async function serve(
  fn: Pick<Invocable, 'invoke'>,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  let body: Buffer
  try {
    body = await readBody(req)
  } catch {
    return // The client left in the middle of its request.
  }
  const answer = await fn.invoke(eventOf(req, body)).then(answerOf, failureOf)
  if (isGone(res)) return
  try {
    res.writeHead(answer.status, answer.headers)
    res.end(answer.body)
  } catch {
    // A status or a header that HTTP does not have.
    res.writeHead(502, { 'content-type': 'application/json' })
    res.end('Internal Server Error')
  }
}

/** Strangers are not told what went wrong; it is in the function's log. */
function failureOf(error: unknown): UrlAnswer {
  const headers = { 'content-type': 'application/json' }
  if (error instanceof Forbidden) {
    return {
      status: 403,
      headers,
      body: JSON.stringify({
        Message:
          'Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html',
      }),
    }
  }
  if (error instanceof ThrottledError) {
    const message = { Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded', Message: 'Rate Exceeded.' }
    return { status: 429, headers, body: JSON.stringify(message) }
  }
  if (error instanceof FunctionError) return { status: 502, headers, body: 'Internal Server Error' }
  return { status: 500, headers, body: JSON.stringify({ Message: String(error) }) }
}

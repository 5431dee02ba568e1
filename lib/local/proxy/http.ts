// Small HTTP pieces that the proxies share. Knows no service.

import { Agent, request as httpRequest } from 'node:http'
import type {
  IncomingHttpHeaders,
  IncomingMessage,
  OutgoingHttpHeaders,
  Server,
  ServerResponse,
} from 'node:http'
import { Agent as TlsAgent, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'

/** A whole answer of an engine. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** The part of a request that travels on. */
export type RequestHead = Pick<IncomingMessage, 'method' | 'url' | 'headers'>

/** Longer than any pause between two requests of a client: a connection that closes under a request is a retry. */
export const KEEP_ALIVE_MS = 75_000

/** Meant for one hop only, or set anew by us. */
const HOP_HEADERS = ['connection', 'keep-alive', 'transfer-encoding', 'expect', 'host', 'upgrade']

/** Talks to one engine over kept connections. */
export class Backend {
  readonly origin: string
  readonly #url: URL
  readonly #agent: Agent

  constructor(origin: string) {
    this.#url = new URL(origin)
    this.origin = this.#url.origin
    // Idle connections are closed by us well before the engine would do so, else a request could meet the close.
    const options = { keepAlive: true, timeout: KEEP_ALIVE_MS / 3 }
    this.#agent = this.#url.protocol === 'https:' ? new TlsAgent(options) : new Agent(options)
  }

  /** Opens a request like `req` whose body the caller writes. */
  open(req: RequestHead, headers: OutgoingHttpHeaders, onAnswer: (answer: IncomingMessage) => void) {
    const send = this.#url.protocol === 'https:' ? httpsRequest : httpRequest
    const { hostname, port } = this.#url
    const target = { hostname: hostname.replace(/^\[|\]$/g, ''), port, path: req.url, method: req.method }
    return send({ ...target, headers: { ...headers, host: this.#url.host }, agent: this.#agent }, onAnswer)
  }

  /** Sends a request like `req` with another body and gives the whole answer. */
  exchange(req: RequestHead, body: Buffer): Promise<Answer> {
    const { 'accept-encoding': _, ...headers } = forwardable(req.headers)
    return new Promise((resolve, reject) => {
      const outgoing = this.open(req, { ...headers, 'content-length': body.length }, (answer) => {
        readBody(answer)
          .then((read) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: read }))
          .catch(reject)
      })
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** The headers that may travel on. */
export function forwardable(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_HEADERS.includes(name)))
}

/** All bytes of a message; rejects when the connection breaks before its end. */
export function readBody(message: IncomingMessage): Promise<Buffer> {
  // By events: iterating the stream costs several times as much, and all that passes here pays for it.
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    message.on('data', (chunk: Buffer) => chunks.push(chunk))
    message.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    message.once('error', reject)
    message.once('close', () => reject(new Error('the connection broke before the end of the message')))
  })
}

/** Whether nobody waits for this answer any more. */
export function isGone(res: ServerResponse): boolean {
  return res.destroyed || res.socket === null || res.socket.destroyed
}

/** Listens on a free port of 127.0.0.1 and gives the origin. */
export function listen(server: Server, port = 0): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    })
  })
}

/** Closes a server and every connection to it. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()))
    server.closeAllConnections()
  })
}

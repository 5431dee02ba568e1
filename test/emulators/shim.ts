/**
 * Stands between the local AWS and an emulator, and mends what the emulator is known to get wrong, so that the code under
 * test meets what AWS does. Each shim has a name, and docs/conformance.md says what it is for.
 */
import { Agent, createServer, request as send } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { close, forwardable, listen, readBody } from '../../lib/local/proxy/http.ts'

export interface Shim {
  readonly name: string
  /** What the emulator does that AWS does not, and what the shim does about it. */
  readonly why: string
  /** So many requests reach the emulator at a time. @default - all */
  readonly atATime?: number
}

export interface ShimmedEngine {
  readonly origin: string
  stop(): Promise<void>
}

/** Listens on a free port of 127.0.0.1. */
export async function startShim(target: string, shims: readonly Shim[]): Promise<ShimmedEngine> {
  const maxSockets = Math.min(...shims.map(({ atATime = Infinity }) => atATime))
  const agent = new Agent({ maxSockets })
  const server = createServer((req, res) => {
    relay(target, agent, req, res).catch(() => res.destroy())
  })
  const origin = await listen(server)
  return {
    origin,
    stop: async () => {
      await close(server)
      agent.destroy()
    },
  }
}

async function relay(target: string, agent: Agent, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const body = await readBody(req)
  const headers = { ...forwardable(req.headers), 'content-length': body.length }
  await new Promise<void>((resolve, reject) => {
    const outgoing = send(
      new URL(req.url ?? '/', target),
      { method: req.method, headers, agent },
      (answer) => {
        res.writeHead(answer.statusCode ?? 502, forwardable(answer.headers))
        answer.pipe(res)
        answer.on('error', reject)
        res.on('close', () => {
          answer.destroy()
          resolve()
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

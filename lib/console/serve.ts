/** Serves the console on this computer. */
import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { FlowcraftAwsError } from '../core/common/errors.ts'
import { propertyOf } from '../core/common/thrown.ts'
import { consoleApp } from './app.ts'
import { pageFolder } from './page.ts'
import type { ConsoleSource } from './source.ts'

export interface ServeConsoleOptions {
  /** The services that can be looked at; the first one is shown first. */
  readonly sources: () => readonly ConsoleSource[]
  /** @default - a free one */
  readonly port?: number
  /** @default - that of the package */
  readonly pageFolder?: string
}

export interface RunningConsole {
  /** With its token, for a browser: whoever has it may do what the console may. */
  readonly url: string
  /** Without. */
  readonly origin: string
  stop(): Promise<void>
}

/** Nobody guesses 256 bits. */
const TOKEN_BYTES = 32
/** On this computer only. */
const HOST = '127.0.0.1'

/** @throws FlowcraftAwsError LOCAL_AWS where the port is taken, or the page was not built */
export async function serveConsole(options: ServeConsoleOptions): Promise<RunningConsole> {
  const folder = options.pageFolder ?? pageFolder()
  if (folder === undefined)
    throw new FlowcraftAwsError('LOCAL_AWS', 'the console was not built: npm run build:console')
  const token = randomBytes(TOKEN_BYTES).toString('base64url')
  let port = 0
  const app = consoleApp({ sources: options.sources, token, port: () => port, pageFolder: folder })
  const server = createAdaptorServer({ fetch: app.fetch, autoCleanupIncoming: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, HOST, resolve)
  }).catch((error: unknown) => {
    if (propertyOf(error, 'code') !== 'EADDRINUSE') throw error
    const how = 'give another by --port, or leave it out for a free one'
    throw new FlowcraftAwsError('LOCAL_AWS', `port ${options.port} is taken: ${how}`, { cause: error })
  })
  port = (server.address() as AddressInfo).port
  const origin = `http://${HOST}:${port}`
  return {
    url: `${origin}/?token=${token}`,
    origin,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        // Those of pages that look on would never end.
        if ('closeAllConnections' in server) server.closeAllConnections()
      }),
  }
}

// Starts fauxqs (SQS and S3) in this process. Its startFauxqs() binds all interfaces, hence buildApp().

import { localError } from '../errors.ts'
import { importOptional } from './optional.ts'

/** A server that plays one or more services. */
export interface Engine {
  readonly origin: string
  stop(): Promise<void>
}

/** The part of fauxqs that is used here. */
interface Fauxqs {
  buildApp?: (options: { logger: boolean; defaultRegion: string }) => {
    listen(options: { host: string; port: number }): Promise<string>
    close(): Promise<unknown>
  }
}

/** Starts fauxqs on a free port of 127.0.0.1. */
export async function startFauxqs(region: string): Promise<Engine> {
  const { buildApp } = await importOptional<Fauxqs>('fauxqs', 'the local SQS and S3', 'fauxqs@^1.9.2')
  if (!buildApp)
    throw localError('this version of fauxqs has no buildApp(). Run: npm install -D fauxqs@^1.9.2')
  const app = buildApp({ logger: false, defaultRegion: region })
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  return { origin, stop: async () => void (await app.close()) }
}

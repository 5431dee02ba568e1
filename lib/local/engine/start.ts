// Decides what plays each service and starts it. The one place that reads this package's environment variables.

import { join } from 'node:path'
import { localError, oneOf } from '../errors.ts'
import type { Endpoints, Engines, LocalAwsOptions } from '../types.ts'
import { startDynalite } from './dynalite.ts'
import { findDynoxide, startDynoxide } from './dynoxide.ts'
import { startFauxqs } from './fauxqs.ts'
import type { Engine } from './fauxqs.ts'

const DYNAMODB_ENGINES = ['dynoxide', 'dynalite'] as const

/** The servers behind the proxies. */
export interface RunningEngines {
  readonly names: Engines
  readonly origins: Endpoints
  stop(): Promise<void>
}

/** Starts what is not given as an endpoint. */
export async function startEngines(options: LocalAwsOptions, region: string): Promise<RunningEngines> {
  const given = givenEndpoints(options)
  const started: Engine[] = []
  const stop = async () => {
    await Promise.all(started.map((engine) => engine.stop()))
  }
  const start = async <T extends Engine>(engine: Promise<T>) => {
    started.push(await engine)
    return engine
  }
  try {
    const [fauxqs, dynamodb] = await settleAll(
      given.sqs && given.s3 ? Promise.resolve(undefined) : start(startFauxqs(region)),
      given.dynamodb ? Promise.resolve(undefined) : start(startDynamoDB(options)),
    )
    return {
      names: {
        sqs: given.sqs ? 'external' : 'fauxqs',
        s3: given.s3 ? 'external' : 'fauxqs',
        dynamodb: dynamodb?.name ?? 'external',
      },
      origins: {
        sqs: given.sqs ?? fauxqs!.origin,
        s3: given.s3 ?? fauxqs!.origin,
        dynamodb: given.dynamodb ?? dynamodb!.origin,
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Like Promise.all, but waits for both, so that nothing starts after a failure was dealt with. */
async function settleAll<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b])
  return Promise.all([a, b])
}

async function startDynamoDB({
  dynamodb,
  dataFolder,
}: LocalAwsOptions): Promise<Engine & { name: 'dynoxide' | 'dynalite' }> {
  const fromEnv = process.env['FLOWCRAFT_LOCAL_DYNAMODB'] || undefined
  const wanted = dynamodb
    ? oneOf('the option dynamodb', dynamodb, DYNAMODB_ENGINES)
    : fromEnv && oneOf('FLOWCRAFT_LOCAL_DYNAMODB', fromEnv, DYNAMODB_ENGINES)
  const kept = (name: string) => (dataFolder === undefined ? undefined : join(dataFolder, name))
  const dynalite = async () => ({ ...(await startDynalite(kept('dynalite'))), name: 'dynalite' as const })
  if (wanted === 'dynalite') return dynalite()
  const binary = findDynoxide()
  if (binary) return { ...(await startDynoxide(binary, kept('dynoxide.sqlite'))), name: 'dynoxide' }
  if (wanted === undefined) return dynalite()
  throw localError(
    'dynoxide was asked for, but its binary is not here. Run: npm install -D @dynoxide/linux-x64 ' +
      '(Linux on x64), set DYNOXIDE_BIN to the path of a binary, or use dynalite',
  )
}

function givenEndpoints(options: LocalAwsOptions): Partial<Endpoints> {
  const pick = (service: keyof Endpoints) => {
    const variable = `FLOWCRAFT_LOCAL_${service.toUpperCase()}_ENDPOINT`
    const option = options.endpoints?.[service]
    const endpoint = option ?? process.env[variable]
    if (!endpoint) return undefined
    return checkEndpoint(option ? `endpoints.${service}` : variable, endpoint, options.allowRemote ?? false)
  }
  return { sqs: pick('sqs'), dynamodb: pick('dynamodb'), s3: pick('s3') }
}

/** Gives the endpoint's origin; refuses what is not on this computer, since that could be the real AWS. */
function checkEndpoint(name: string, endpoint: string, allowRemote: boolean): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw localError(`${name} must be an address such as http://127.0.0.1:9324; got '${endpoint}'`)
  }
  if (!allowRemote && !isLoopback(url.hostname)) {
    throw localError(
      `${name} must be on this computer (127.0.0.1, ::1 or localhost); got '${endpoint}'. ` +
        'If that is an emulator and not AWS, pass allowRemote: true',
    )
  }
  return url.origin
}

function isLoopback(hostname: string): boolean {
  return /^(127(\.\d+){3}|\[::1\]|(.+\.)?localhost)$/.test(hostname)
}

/** Emulators by other makers than those that the local AWS starts by itself: a second opinion on what AWS does. */
import { readFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { once } from 'node:events'
import type { Endpoints } from '../../lib/local/types.ts'
import { endProcess, startProcess, temporaryFolder } from '../deploy/process.ts'
import { EmulatorMissing, installElasticmq, installMoto } from './install.ts'
import { type Shim, startShim } from './shim.ts'

type Service = keyof Endpoints

interface Server {
  readonly command: string
  readonly args: readonly string[]
}

export interface Emulator {
  readonly title: string
  readonly from: string
  readonly plays: readonly Service[]
  readonly shims: readonly (Shim & { readonly service: Service })[]
  /** Tests that it cannot pass, by a piece of their names, and what it does that AWS does not. */
  readonly skips: readonly { readonly test: string; readonly why: string }[]
  /** How a server of it is started on a port. Fetches it where it is not there. */
  server(port: number): Promise<Server>
}

const START_TIMEOUT_MS = 60_000

export const emulators = {
  elasticmq: {
    title: 'ElasticMQ 1.7.1',
    from: 'Maven',
    plays: ['sqs'],
    shims: [],
    skips: [],
    server: async (port) => {
      const properties = {
        'rest-sqs.bind-hostname': '127.0.0.1',
        'rest-sqs.bind-port': port,
        'rest-sqs.sqs-limits': 'strict',
        'rest-stats.enabled': false,
        'node-address.host': '127.0.0.1',
        'node-address.port': port,
      }
      const args = Object.entries(properties).map(([name, value]) => `-D${name}=${value}`)
      const jars = join(await installElasticmq(), '*')
      return { command: 'java', args: ['-Xmx512m', ...args, '-cp', jars, 'org.elasticmq.server.Main'] }
    },
  },
  moto: {
    title: 'moto 5.2.5',
    from: 'PyPI',
    plays: ['sqs', 'dynamodb', 's3'],
    shims: [
      {
        name: 'one at a time',
        service: 'dynamodb',
        why:
          'moto checks the condition of an update and applies it in two steps, and takes others in between: of two ' +
          'commits that exclude each other both are applied. DynamoDB never does that. So moto gets one request at a time.',
        atATime: 1,
      },
    ],
    skips: [
      {
        test: 'that would make the header too large for an item is refused, and changes nothing',
        why: 'An update that makes an item too large is refused, and the item keeps some of it all the same.',
      },
      {
        test: 'works on a table without the index of runs',
        why: 'A query of an index that is not there is refused with another error than that of DynamoDB.',
      },
    ],
    server: async (port) => ({
      command: join(await installMoto(), 'bin/moto_server'),
      args: ['-H', '127.0.0.1', '-p', String(port)],
    }),
  },
} as const satisfies Record<string, Emulator>

export type EmulatorName = keyof typeof emulators

export interface RunningEmulator {
  /** Of the services that it plays. */
  readonly endpoints: Partial<Endpoints>
  stop(): Promise<void>
}

/**
 * Starts it on free ports of 127.0.0.1, a process for each service that it plays.
 * @throws EmulatorMissing where what it needs is not here
 */
export async function startEmulator(name: EmulatorName): Promise<RunningEmulator> {
  const emulator: Emulator = emulators[name]
  const stops: (() => Promise<void>)[] = []
  const stop = async () => void (await Promise.all(stops.splice(0).map((one) => one())))
  const folder = temporaryFolder()
  const endpoints: { [name in Service]?: string } = {}
  try {
    for (const service of emulator.plays) {
      const port = await freePort()
      const { command, args } = await emulator.server(port)
      const logFile = join(folder, `${service}.log`)
      const child = startProcess(command, args, { cwd: folder, logFile, env: process.env })
      stops.push(() => endProcess(child))
      const origin = `http://127.0.0.1:${port}`
      await untilReady(origin, () => child.exitCode !== null, emulator.title, logFile)
      const shims = emulator.shims.filter((shim) => shim.service === service)
      const shim = shims.length > 0 ? await startShim(origin, shims) : undefined
      if (shim) stops.push(() => shim.stop())
      endpoints[service] = shim?.origin ?? origin
    }
  } catch (error) {
    await stop()
    throw error
  }
  return { endpoints, stop }
}

async function untilReady(
  origin: string,
  hasEnded: () => boolean,
  title: string,
  logFile: string,
): Promise<void> {
  const end = Date.now() + START_TIMEOUT_MS
  for (;;) {
    // Whatever it answers, it listens.
    const answered = await fetch(origin).then(
      () => true,
      () => false,
    )
    if (answered) return
    if (hasEnded() || Date.now() > end) {
      const log = await readFile(logFile, 'utf8').catch(() => '')
      throw new EmulatorMissing(`${title} did not start; it printed\n${log.slice(-3_000)}`)
    }
    await sleep(100)
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

export const emulatorNames = Object.keys(emulators) as EmulatorName[]

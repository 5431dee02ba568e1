/** ministack: the control plane of AWS on this machine, with IAM enforced, over TLS, on a free loopback port. */
import { once } from 'node:events'
import { readFile, symlink } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { repository } from './paths.ts'
import { endProcess, startProcess, temporaryFolder } from './process.ts'
import { installTools } from './tools.ts'

export interface Emulator {
  /** `https://127.0.0.1:<port>` */
  readonly endpoint: string
  readonly region: string
  /** PEM file of the certificate that the emulator made for itself. */
  readonly certificateFile: string
  readonly certificate: string
  /** Everything that the emulator and the CLI write; removed when this process ends. */
  readonly folder: string
  stop(): Promise<void>
}

const REGION = 'eu-central-1'
const START_TIMEOUT_MS = 30_000

export async function startEmulator(): Promise<Emulator> {
  const { ministack, nodeFolder } = await installTools()
  const folder = temporaryFolder()
  // Lambda's runtime has the AWS SDK, and functions are bundled without it; the emulator's functions find it here.
  await symlink(join(repository, 'node_modules'), join(folder, 'node_modules'))
  const port = await freePort()
  const emulator = startProcess(ministack, [], {
    cwd: folder,
    logFile: join(folder, 'ministack.log'),
    // Nothing of this process's environment: the emulator hands its own to the functions.
    env: {
      PATH: `${nodeFolder}:${process.env['PATH']}`,
      HOME: folder,
      TMPDIR: folder,
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      MINISTACK_REGION: REGION,
      GATEWAY_PORT: String(port),
      AUTH: 'true',
      USE_SSL: '1',
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
    },
  })
  const stop = () => endProcess(emulator)
  try {
    const certificateFile = join(folder, 'ministack-tls/server.crt')
    const endpoint = `https://127.0.0.1:${port}`
    const certificate = await untilReady(endpoint, certificateFile, () => emulator.exitCode)
    return { endpoint, region: REGION, certificateFile, certificate, folder, stop }
  } catch (error) {
    const log = await readFile(join(folder, 'ministack.log'), 'utf8').catch(() => '')
    await stop()
    throw new Error(`ministack did not start; it printed\n${log.slice(-3_000)}`, { cause: error })
  }
}

async function untilReady(
  endpoint: string,
  certificateFile: string,
  exitCode: () => number | null,
): Promise<string> {
  const end = Date.now() + START_TIMEOUT_MS
  for (;;) {
    try {
      const certificate = await readFile(certificateFile, 'utf8')
      await isReady(endpoint, certificate)
      return certificate
    } catch (error) {
      if (Date.now() > end || exitCode() !== null) throw error
      await sleep(100)
    }
  }
}

async function isReady(endpoint: string, ca: string): Promise<void> {
  const sent = request(`${endpoint}/_ministack/ready`, { ca }).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.resume()
  if (response.statusCode !== 200) throw new Error(`not ready: ${response.statusCode}`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Where the test deploys to: the emulator that it starts, or, only when told so, the real account of whoever runs it. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { type Emulator, startEmulator } from './emulator.ts'
import { temporaryFolder } from './process.ts'

export interface Target {
  readonly isEmulator: boolean
  readonly stackName: string
  /** Environment of the CDK CLI. */
  readonly cliEnv: NodeJS.ProcessEnv
  /** Configuration of SDK clients. */
  readonly clientConfig: {
    readonly region: string
    readonly endpoint?: string
    readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
    readonly requestHandler?: { readonly httpsAgent: Agent }
  }
  /** A folder for what the test writes. */
  readonly folder: string
  /** Posts to a URL that the deployment made, as a browser or a payment provider would. */
  post(url: string, body: string): Promise<{ statusCode: number | undefined; body: string }>
  stop(): Promise<void>
}

/** @throws Error where DEPLOY_TARGET is neither absent nor 'aws' */
export async function openTarget(env: NodeJS.ProcessEnv = process.env): Promise<Target> {
  const name = env['DEPLOY_TARGET']
  if (name === 'aws') return realAccount(env)
  if (name === undefined || name === '') return emulated(await startEmulator())
  throw new Error(`DEPLOY_TARGET must be absent or 'aws'; got '${name}'`)
}

/** @throws Error unless the URL is on this machine */
export function assertLoopback(url: string): string {
  if (['127.0.0.1', '[::1]', 'localhost'].includes(new URL(url).hostname)) return url
  throw new Error(`only loopback endpoints without DEPLOY_TARGET=aws; got '${url}'`)
}

function emulated(emulator: Emulator): Target {
  const { region, certificate, certificateFile, folder, stop } = emulator
  const endpoint = assertLoopback(emulator.endpoint)
  const agent = new Agent({ ca: certificate, keepAlive: true })
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  return {
    isEmulator: true,
    stackName: 'FlowcraftDeployTest',
    cliEnv: {
      PATH: process.env['PATH'],
      HOME: folder,
      TMPDIR: folder,
      // The CLI remembers the account of an access key in its home.
      CDK_HOME: join(folder, 'cdk-home'),
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      CDK_DISABLE_VERSION_CHECK: '1',
      CI: 'true',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      AWS_ENDPOINT_URL: endpoint,
      AWS_CA_BUNDLE: certificateFile,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    clientConfig: {
      region,
      endpoint,
      credentials,
      requestHandler: { httpsAgent: agent },
    },
    folder,
    // A function's host name leads off this machine: the request goes to the emulator and names the host.
    post: (url, body) => {
      const { host, pathname, search } = new URL(url)
      return send(
        `${endpoint}${pathname}${search}`,
        { agent, servername: 'localhost', headers: { host } },
        body,
      )
    },
    stop: async () => {
      agent.destroy()
      await stop()
    },
  }
}

/** For what is synthesised only: no credentials, no emulator, nothing is asked. */
export function plannedTarget(env: NodeJS.ProcessEnv = process.env): Target {
  const planned = realAccount({ ...env, AWS_REGION: env['AWS_REGION'] || 'eu-central-1' })
  const cliEnv = { ...planned.cliEnv, CDK_DISABLE_CLI_TELEMETRY: 'true', CDK_DISABLE_VERSION_CHECK: '1' }
  return { ...planned, cliEnv }
}

function realAccount(env: NodeJS.ProcessEnv): Target {
  const region = env['AWS_REGION']
  if (!region) throw new Error('DEPLOY_TARGET=aws needs AWS_REGION and credentials')
  return {
    isEmulator: false,
    stackName: `FlowcraftDeployTest-${randomBytes(4).toString('hex')}`,
    cliEnv: { ...env, CI: 'true' },
    clientConfig: { region },
    folder: temporaryFolder(),
    post: (url, body) => send(url, {}, body),
    stop: async () => {},
  }
}

async function send(
  url: string,
  options: { agent?: Agent; servername?: string; headers?: Record<string, string> },
  body: string,
): Promise<{ statusCode: number | undefined; body: string }> {
  const sent = request(url, {
    method: 'POST',
    ...options,
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...options.headers,
    },
  })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return { statusCode: response.statusCode, body: Buffer.concat(await response.toArray()).toString() }
}

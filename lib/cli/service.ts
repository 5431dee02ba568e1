/** A service as commands know it, and where it is. */
import { environmentVariables } from '../core/common/environment.ts'
import type { FoundDevServer } from './dev-server.ts'

export interface Service {
  /** Such as 'Shop/Flows'. */
  readonly name: string
  /** The variables of `flows.environment`. */
  readonly environment: Readonly<Record<string, string>>
  /** Names of its functions, where they are known. */
  readonly functions?: readonly string[]
  /** Where those log, in CloudWatch Logs. @default - not known, or it is local */
  readonly logGroups?: readonly string[]
  /** Where the dev server runs that plays it. @default - it is in an account */
  readonly server?: FoundDevServer
}

/** Makes the SDK of this process go to the dev server. */
export function leadTo(env: NodeJS.ProcessEnv, { env: ofServer }: FoundDevServer): void {
  // A profile and a session's token would go before, or with, the keys of the local AWS.
  for (const name of ['AWS_PROFILE', 'AWS_SESSION_TOKEN']) delete env[name]
  Object.assign(env, ofServer)
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/

/** Whether it is on this computer: a dev server, or endpoints of this computer. */
export function isLocal({ server }: Service, env: NodeJS.ProcessEnv): boolean {
  const endpoint = env['AWS_ENDPOINT_URL_DYNAMODB'] ?? env['AWS_ENDPOINT_URL'] ?? ''
  return server !== undefined || (URL.canParse(endpoint) && LOOPBACK.test(new URL(endpoint).hostname))
}

/** Such as 'Shop/Flows, local' or 'Shop/Flows, eu-north-1 of 111122223333'. */
export function placeOf(service: Service, env: NodeJS.ProcessEnv): string {
  if (isLocal(service, env)) return `${service.name}, local`
  const queueUrl = service.environment[environmentVariables.queueUrl] ?? ''
  const [, region, account] = /^https:\/\/sqs\.([^./]+)\.[^/]+\/(\d{12})\//.exec(queueUrl) ?? []
  return region === undefined ? service.name : `${service.name}, ${region} of ${account}`
}

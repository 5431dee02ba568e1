/**
 * Which service a command talks to. Flags go first, then the environment, then the dev server that runs here, then
 * `flowcraft.json`: what runs on this computer is what somebody who works on a project most likely means, and can do no harm.
 */
import { environmentVariables } from '../core/common/environment.ts'
import { type Defaults, readDefaults } from './defaults.ts'
import { type DevService, findDevServer, type FoundDevServer } from './dev-server.ts'
import { NoServiceError, NotThereError, UsageError } from './exit-codes.ts'
import {
  clientsOf,
  type ServiceClients,
  serviceOfEnvironment,
  serviceOfFunction,
  serviceOfStack,
} from './account-service.ts'
import { leadTo, type Service } from './service.ts'

export interface ServiceOptions {
  readonly stack?: string
  readonly function?: string
  readonly service?: string
  readonly region?: string
  readonly profile?: string
  /** False for --no-local. */
  readonly local?: boolean
}

const NONE = `no service is named: give --stack or --function, set the variables of flows.environment (${environmentVariables.queueUrl}, ${environmentVariables.tableName}), or start one here: npx flowcraft-aws dev`
const NO_SERVER = 'no dev server runs here; start one: npx flowcraft-aws dev'

/** What was found is written into `env`, which the SDK and the client read. @throws UsageError, NotThereError */
export async function findService(
  options: ServiceOptions,
  { env, cwd }: { readonly env: NodeJS.ProcessEnv; readonly cwd: string },
  clients: (region: string | undefined) => ServiceClients = clientsOf,
): Promise<Service> {
  const defaults = await readDefaults(cwd)
  const server = mayBeLocal(options, env) ? await findDevServer(cwd) : undefined
  const service = server
    ? ofServer(server, options, defaults)
    : await ofAccount(options, env, defaults, clients)
  for (const name of Object.values(environmentVariables)) delete env[name]
  Object.assign(env, service.environment)
  if (server) leadTo(env, server)
  return service
}

/** @throws UsageError */
function mayBeLocal(options: ServiceOptions, env: NodeJS.ProcessEnv): boolean {
  const { local, stack, function: name, service, region, profile } = options
  if (local && (region ?? profile) !== undefined)
    throw new UsageError('--local has a region of its own: leave out --region and --profile')
  if (local !== undefined) return local
  // These say where in AWS.
  if ((stack ?? name ?? region ?? profile) !== undefined) return false
  return service !== undefined || !serviceOfEnvironment(env)
}

async function ofAccount(
  options: ServiceOptions,
  env: NodeJS.ProcessEnv,
  defaults: Defaults,
  clients: (region: string | undefined) => ServiceClients,
): Promise<Service> {
  if (options.local) throw new NotThereError(NO_SERVER)
  const { function: name, stack = defaults.stack, service } = options
  const region = options.region ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? defaults.region
  if (region !== undefined) env['AWS_REGION'] = region
  const profile =
    options.profile ?? (env['AWS_ACCESS_KEY_ID'] ? undefined : (env['AWS_PROFILE'] ?? defaults.profile))
  if (profile !== undefined) env['AWS_PROFILE'] = profile

  if (name !== undefined) return serviceOfFunction(clients(region), name)
  const given = (options.stack ?? service) === undefined ? serviceOfEnvironment(env) : undefined
  if (given) return given
  if (stack === undefined) throw new NoServiceError(NONE)
  // The file's service is one of the file's stack.
  const inFile = options.stack === undefined ? defaults.service : undefined
  return serviceOfStack(clients(region), stack, service ?? inFile)
}

/** @throws NotThereError, UsageError where several are meant */
function ofServer(server: FoundDevServer, options: ServiceOptions, defaults: Defaults): Service {
  const { stack, service, function: fn } = options
  const fits = (one: DevService) =>
    (stack === undefined || one.stack === stack) &&
    (service === undefined || one.name === service) &&
    (fn === undefined || one.functions.includes(fn))
  const found = server.services.filter(fits)
  const likely = found.filter(
    (one) =>
      one.stack === (defaults.stack ?? one.stack) && one.name === (service ?? defaults.service ?? one.name),
  )
  const [only, ...others] = likely.length === 1 ? likely : found
  const names = server.services.map((one) => `'${one.stack}/${one.name}'`).join(', ')
  if (server.services.length === 0) throw new NotThereError('the dev server has no service')
  if (!only) throw new NotThereError(`the dev server has no such service; it has ${names}`)
  if (others.length > 0)
    throw new UsageError(`the dev server has several services: name one by --service or --stack: ${names}`)
  const { environment, functions } = only
  return { name: `${only.stack}/${only.name}`, environment, functions, server }
}

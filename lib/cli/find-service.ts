/**
 * Finds the service that commands are about: by the variables that the constructs set (`flows.environment`), by one of its
 * functions, or by its stack.
 */
import { CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation'
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { environmentVariables } from '../core/common/environment.ts'
import { UsageError } from './exit-codes.ts'

export interface ServiceOptions {
  readonly stack?: string
  readonly function?: string
  readonly service?: string
  readonly region?: string
  readonly profile?: string
}

export interface ServiceClients {
  readonly cloudFormation: CloudFormationClient
  readonly lambda: LambdaClient
}

type Environment = Readonly<Record<string, string>>

const NONE = `no service is named: give --stack, --function, or the variables of flows.environment (${environmentVariables.queueUrl}, ${environmentVariables.tableName})`

/** The variables by which programs find the service. @throws UsageError where none or several are meant */
export async function findService(
  options: ServiceOptions,
  env: NodeJS.ProcessEnv,
  clients: (region: string | undefined) => ServiceClients = clientsOf,
): Promise<Environment> {
  const { stack, function: name, region } = options
  if (name !== undefined) return serviceOf(await environmentOf(clients(region).lambda, name), name)
  if (stack !== undefined) return chosen(await servicesOf(clients(region), stack), options)
  const isGiven = env[environmentVariables.queueUrl] && env[environmentVariables.tableName]
  if (!isGiven) throw new UsageError(NONE)
  return {}
}

function clientsOf(region: string | undefined): ServiceClients {
  const where = region === undefined ? {} : { region }
  return { cloudFormation: new CloudFormationClient(where), lambda: new LambdaClient(where) }
}

/** A function's variables, of the service only: its own are none of ours. */
async function environmentOf(lambda: LambdaClient, name: string): Promise<Environment> {
  const { Environment: found } = await lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName: name }),
  )
  const known = new Set<string>(Object.values(environmentVariables))
  return Object.fromEntries(Object.entries(found?.Variables ?? {}).filter(([key]) => known.has(key)))
}

function serviceOf(environment: Environment, name: string): Environment {
  if (environment[environmentVariables.tableName]) return environment
  throw new UsageError(
    `function '${name}' is none of a Flowcraft service: it has no ${environmentVariables.tableName}`,
  )
}

/** The services of a stack, each by the variables that its functions have together. */
async function servicesOf({ cloudFormation, lambda }: ServiceClients, stack: string): Promise<Environment[]> {
  const services = new Map<string, Environment>()
  for await (const { StackResourceSummaries = [] } of paginateListStackResources(
    { client: cloudFormation },
    { StackName: stack },
  )) {
    const functions = StackResourceSummaries.filter(
      ({ ResourceType }) => ResourceType === 'AWS::Lambda::Function',
    )
    for (const { PhysicalResourceId: name } of functions) {
      const environment = name === undefined ? {} : await environmentOf(lambda, name)
      const table = environment[environmentVariables.tableName]
      if (table === undefined) continue
      // A pool's worker has the pool's name, which is no client's.
      const { [environmentVariables.pool]: _, ...ofService } = environment
      const id = nameOf(environment)
      services.set(id, { ...ofService, ...services.get(id) })
    }
  }
  return [...services.values()]
}

function nameOf(environment: Environment): string {
  return environment[environmentVariables.serviceName] ?? environment[environmentVariables.tableName] ?? ''
}

function chosen(services: readonly Environment[], { stack, service }: ServiceOptions): Environment {
  const found = service === undefined ? services : services.filter((one) => nameOf(one) === service)
  const [first, ...others] = found
  if (first && others.length === 0) return first
  const names = services.map((one) => `'${nameOf(one)}'`).join(', ')
  if (services.length === 0) throw new UsageError(`stack '${stack}' has no Flowcraft service`)
  if (!first) throw new UsageError(`stack '${stack}' has no service '${service}'; it has ${names}`)
  throw new UsageError(`stack '${stack}' has several services: name one by --service: ${names}`)
}

/**
 * Finds a service in an account: by its stack, by one of its functions, or by the variables that the constructs set
 * (`flows.environment`).
 */
import { CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation'
import {
  type FunctionConfiguration,
  GetFunctionConfigurationCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda'
import { environmentVariables } from '../core/common/environment.ts'
import { propertyOf } from '../core/common/thrown.ts'
import { NotThereError, UsageError } from './exit-codes.ts'
import type { Service } from './service.ts'

export interface ServiceClients {
  readonly cloudFormation: CloudFormationClient
  readonly lambda: LambdaClient
}

type Environment = Readonly<Record<string, string>>

export function clientsOf(region: string | undefined): ServiceClients {
  const where = region === undefined ? {} : { region }
  return { cloudFormation: new CloudFormationClient(where), lambda: new LambdaClient(where) }
}

/** @throws NotThereError, UsageError where it is none of a service */
export async function serviceOfFunction({ lambda }: ServiceClients, name: string): Promise<Service> {
  const configuration = await configurationOf(lambda, name)
  const environment = environmentOf(configuration)
  if (environment[environmentVariables.tableName] === undefined) {
    throw new UsageError(
      `function '${name}' is none of a Flowcraft service: it has no ${environmentVariables.tableName}`,
    )
  }
  const logGroups = [logGroupOf(configuration, name)]
  return { name: nameOf(environment), environment, functions: [name], logGroups }
}

async function configurationOf(lambda: LambdaClient, name: string): Promise<FunctionConfiguration> {
  try {
    return await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: name }))
  } catch (error) {
    if (propertyOf(error, 'name') !== 'ResourceNotFoundException') throw error
    throw new NotThereError(`there is no function '${name}'${await whereOf(lambda)}`, { cause: error })
  }
}

async function whereOf({ config }: LambdaClient | CloudFormationClient): Promise<string> {
  return ` in ${await config.region()}`
}

function logGroupOf({ LoggingConfig: logging }: FunctionConfiguration, name: string): string {
  return logging?.LogGroup ?? `/aws/lambda/${name}`
}

/** A function's variables, of the service only: its own are none of ours. */
function environmentOf({ Environment: found }: FunctionConfiguration): Environment {
  const known = new Set<string>(Object.values(environmentVariables))
  return Object.fromEntries(Object.entries(found?.Variables ?? {}).filter(([key]) => known.has(key)))
}

/**
 * The service of a stack.
 * @param service - names it where there are several
 * @throws NotThereError, UsageError where none or several are meant
 */
export async function serviceOfStack(
  clients: ServiceClients,
  stack: string,
  service: string | undefined,
): Promise<Service> {
  const services = await servicesOf(clients, stack)
  const found = service === undefined ? services : services.filter((one) => isCalled(one, service))
  const [first, ...others] = found
  if (first && others.length === 0) return { ...first, name: `${stack}/${first.name}` }
  const names = services.map(({ name }) => `'${name}'`).join(', ')
  if (services.length === 0) throw new NotThereError(`stack '${stack}' has no Flowcraft service`)
  if (!first) throw new NotThereError(`stack '${stack}' has no service '${service}'; it has ${names}`)
  throw new UsageError(`stack '${stack}' has several services: name one by --service: ${names}`)
}

/** By its name in logs and metrics, or by that on a table which several share, or by its table. */
function isCalled({ name, environment }: Service, wanted: string): boolean {
  return wanted === name || wanted === nameOf(environment)
}

interface Gathered {
  readonly environment: Environment
  readonly functions: readonly string[]
  readonly logGroups: readonly string[]
  /** POWERTOOLS_SERVICE_NAME of each function. */
  readonly names: readonly string[]
}

/** The services of a stack, each by the variables that its functions have together. */
async function servicesOf(clients: ServiceClients, stack: string): Promise<Service[]> {
  const services = new Map<string, Gathered>()
  for (const name of await functionsOf(clients.cloudFormation, stack)) {
    const configuration = await configurationOf(clients.lambda, name)
    // A pool's worker has the pool's name, which is no client's.
    const { [environmentVariables.pool]: _, ...environment } = environmentOf(configuration)
    if (environment[environmentVariables.tableName] === undefined) continue
    const id = nameOf(environment)
    const before = services.get(id)
    const called = configuration.Environment?.Variables?.['POWERTOOLS_SERVICE_NAME']
    services.set(id, {
      environment: { ...environment, ...before?.environment },
      functions: [...(before?.functions ?? []), name],
      logGroups: [...new Set([...(before?.logGroups ?? []), logGroupOf(configuration, name)])],
      names: [...(before?.names ?? []), ...(called === undefined ? [] : [called])],
    })
  }
  return [...services].map(([id, { names, ...service }]) => ({ name: mostFrequent(names) ?? id, ...service }))
}

async function functionsOf(cloudFormation: CloudFormationClient, stack: string): Promise<string[]> {
  const names: string[] = []
  try {
    for await (const { StackResourceSummaries = [] } of paginateListStackResources(
      { client: cloudFormation },
      { StackName: stack },
    )) {
      for (const { ResourceType, PhysicalResourceId } of StackResourceSummaries)
        if (ResourceType === 'AWS::Lambda::Function' && PhysicalResourceId) names.push(PhysicalResourceId)
    }
    return names
  } catch (error) {
    if (!/does not exist/.test(String(propertyOf(error, 'message')))) throw error
    throw new NotThereError(`there is no stack '${stack}'${await whereOf(cloudFormation)}`, { cause: error })
  }
}

/** A function that was only given permission may have a name of its own; those of the service have the service's. */
function mostFrequent(names: readonly string[]): string | undefined {
  const count = (name: string) => names.filter((other) => other === name).length
  return names.toSorted((a, b) => count(b) - count(a))[0]
}

function nameOf(environment: Environment): string {
  return environment[environmentVariables.serviceName] ?? environment[environmentVariables.tableName] ?? ''
}

/** Undefined where the variables name none. */
export function serviceOfEnvironment(env: NodeJS.ProcessEnv): Service | undefined {
  if (!env[environmentVariables.queueUrl] || !env[environmentVariables.tableName]) return undefined
  const known = Object.values(environmentVariables).flatMap((name) => {
    const value = env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  const environment = Object.fromEntries(known)
  return { name: nameOf(environment), environment }
}

/** Props of the CDK's function that a user gives, merged last over the construct's. */
import { Token } from 'aws-cdk-lib'
import { type FunctionProps, type Runtime, RuntimeFamily } from 'aws-cdk-lib/aws-lambda'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import { givenOf, numberProblems, reservedProblems } from './problems.ts'
import { environmentProblems } from './user-environment.ts'

/** Set elsewhere, or needed as it is. */
const REFUSED = {
  code: 'entry or code says where the code is',
  handler: 'the prop handler names the export',
  logRetention: 'the prop logRetention says how long logs are kept',
  recursiveLoop: 'a worker sends to its own queue, and Lambda would stop it after 16 rounds',
  timeout: "the prop timeout sets it, as the queue's visibility timeout follows it",
} as const satisfies Partial<Record<keyof FunctionProps, string>>

/**
 * Any prop of the CDK's `Function` but those that the constructs need as they are: merged last, over the constructs' own.
 * Environment variables are added to the constructs' own, which they cannot replace. A `role` gets the permissions that
 * the construct's own would have.
 */
export interface FunctionOverrides extends Partial<
  Omit<FunctionProps, 'code' | 'handler' | 'logRetention' | 'recursiveLoop' | 'timeout' | 'logGroup'>
> {
  /** Log group of the function. @default - one of the construct's own */
  readonly logGroup?: ILogGroup
}

/** The oldest Node that the package runs on. */
const OLDEST_NODE = 20

export function overrideProblems(path: string, given: FunctionOverrides | undefined): string[] {
  if (!given) return []
  const refused = givenOf(given, Object.keys(REFUSED) as (keyof FunctionOverrides & string)[])
  return [
    ...refused.map((name) => `${path} must not have ${name}: ${REFUSED[name as keyof typeof REFUSED]}`),
    ...numberProblems(`${path}.memorySize`, given.memorySize, { min: 128, max: 10_240 }),
    ...reservedProblems(`${path}.reservedConcurrentExecutions`, given.reservedConcurrentExecutions),
    ...runtimeProblems(path, given.runtime),
  ]
}

/** Of a function that has no other variables of the user. */
export function aloneProblems(path: string, given: FunctionOverrides | undefined): string[] {
  const ofEnvironment = environmentProblems(given?.environment).map((problem) => `${path}: ${problem}`)
  return [...overrideProblems(path, given), ...ofEnvironment]
}

function runtimeProblems(path: string, runtime: Runtime | undefined): string[] {
  if (!runtime || Token.isUnresolved(runtime.name)) return []
  const major = nodeOf(runtime)
  if (runtime.family === RuntimeFamily.NODEJS && (major === undefined || major >= OLDEST_NODE)) return []
  return [`${path}.runtime must be Node.js ${OLDEST_NODE} or newer, got ${runtime.name}`]
}

/** The major version; undefined for one without, such as the latest. */
export function nodeOf({ name }: Runtime): number | undefined {
  const [, major] = /^nodejs(\d+)/.exec(name) ?? []
  return major === undefined ? undefined : Number(major)
}

/** What one function alone can have. */
const OF_ONE = ['functionName', 'memorySize', 'reservedConcurrentExecutions', 'role', 'logGroup'] as const

/** What the functions of other pools, and another export of the same code, have in common with the worker. */
export function sharedOverrides(given: FunctionOverrides | undefined): FunctionOverrides {
  const shared = Object.entries(given ?? {}).filter(([name]) => !(OF_ONE as readonly string[]).includes(name))
  return Object.fromEntries(shared)
}

/** The second over the first, and the variables of both. */
export function mergedOverrides(
  first: FunctionOverrides | undefined,
  second: FunctionOverrides | undefined,
): FunctionOverrides {
  const environment = { ...first?.environment, ...second?.environment }
  return { ...first, ...second, environment }
}

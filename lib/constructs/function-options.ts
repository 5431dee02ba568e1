/** What each function of a service has: a role of its own with exact permissions, and a log group of its own. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2'
import { Grant, type IRole, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { Architecture, LoggingFormat, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import { acknowledgeLater, acknowledgeWildcard } from './acknowledge.ts'
import { type FunctionOverrides, overrideProblems } from './function-overrides.ts'
import { allowLogs } from './keys.ts'
import { durationProblems, numberProblems } from './problems.ts'
import type { Traced } from './service-parts.ts'
import { environmentProblems } from './user-environment.ts'

/** Options that all functions of a service take. */
export interface FunctionOptions extends Traced {
  /** CPU architecture. @default Architecture.ARM_64, a fifth cheaper than x86 for the same memory */
  readonly architecture?: Architecture
  /** Additional environment variables. @default - none */
  readonly environment?: Readonly<Record<string, string>>
  /** How long logs are kept. @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays
  /** KMS key that encrypts the environment variables and the logs. @default - keys that AWS owns */
  readonly encryptionKey?: IKey
  /** What happens to the log group when the stack is deleted. @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE */
  readonly removalPolicy?: RemovalPolicy
  /** VPC of the functions, with VPC endpoints or a NAT gateway for AWS services. @default - no VPC */
  readonly vpc?: IVpc
  /** Subnets of the functions. @default - private subnets with egress */
  readonly vpcSubnets?: SubnetSelection
  /** Security groups of the functions. @default - a new group that allows all outbound and no inbound traffic */
  readonly securityGroups?: ISecurityGroup[]
}

/** Size of a function. */
export interface FunctionSize {
  /**
   * Megabytes from 128 to 10,240; CPU comes with memory, a whole one with 1,769.
   * @default 512: a worker alone needs about 60 MB, the rest is for its nodes
   */
  readonly memorySize?: number
  /**
   * From a second to 15 minutes.
   * @default Duration.seconds(60): a dead worker's message comes back 10 seconds after that
   */
  readonly timeout?: Duration
}

/** What else a function of the CDK takes. */
export interface OverridableFunction {
  /** Props of the CDK's function, merged last over the construct's. @default - none */
  readonly functionProps?: FunctionOverrides
}

export type FunctionSettings = FunctionOptions & FunctionSize & OverridableFunction

const NO_RESOURCES = 'X-Ray and network interfaces have no resources to name.'

export const DEFAULT_TIMEOUT = Duration.seconds(60)
const DEFAULT_MEMORY = 512

/** The props of a function in a construct of its own, whose children `Role` and `Logs` are made here. `ours`: variables. */
export function functionDefaults(
  scope: Construct,
  options: FunctionSettings,
  ours: Readonly<Record<string, string>>,
) {
  const { functionProps = {}, encryptionKey } = options
  const { tracing = options.tracing ? Tracing.ACTIVE : undefined, vpc = options.vpc } = functionProps
  const logGroup = functionProps.logGroup ?? ownLogGroup(scope, options)
  const role = functionProps.role ?? new Role(scope, 'Role', { assumedBy: new ServicePrincipal(LAMBDA) })
  acknowledgeLater(role)
  logGroup.grantWrite(role)
  if (vpc) grantNetworkInterfaces(role)
  if (vpc || (tracing && tracing !== Tracing.DISABLED)) acknowledgeWildcard(scope, role, '*', NO_RESOURCES)
  return {
    runtime: Runtime.NODEJS_24_X,
    architecture: options.architecture ?? Architecture.ARM_64,
    memorySize: options.memorySize ?? DEFAULT_MEMORY,
    timeout: options.timeout ?? DEFAULT_TIMEOUT,
    loggingFormat: LoggingFormat.JSON,
    environmentEncryption: encryptionKey,
    vpcSubnets: options.vpcSubnets,
    securityGroups: options.securityGroups,
    ...functionProps,
    logGroup,
    role,
    tracing,
    vpc,
    environment: { ...ours, ...options.environment, ...functionProps.environment },
  }
}

const LAMBDA = 'lambda.amazonaws.com'

function ownLogGroup(scope: Construct, options: FunctionOptions): LogGroup {
  const { encryptionKey } = options
  allowLogs(scope, encryptionKey)
  return new LogGroup(scope, 'Logs', {
    retention: options.logRetention ?? RetentionDays.ONE_MONTH,
    removalPolicy: options.removalPolicy ?? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    encryptionKey,
  })
}

/** What Lambda does in the function's name to put it into a network: AWSLambdaVPCAccessExecutionRole without the logs. */
function grantNetworkInterfaces(role: IRole): void {
  const actions = [
    'AssignPrivateIpAddresses',
    'CreateNetworkInterface',
    'DeleteNetworkInterface',
    'DescribeNetworkInterfaces',
    'DescribeSubnets',
    'UnassignPrivateIpAddresses',
  ].map((action) => `ec2:${action}`)
  Grant.addToPrincipal({ grantee: role, actions, resourceArns: ['*'] })
}

/** `overrides`: the prop that gives them. */
export function functionProblems(options: FunctionSettings, overrides = 'functionProps'): string[] {
  const problems = [
    ...numberProblems('memorySize', options.memorySize, { min: 128, max: 10_240 }),
    ...durationProblems('timeout', options.timeout, { min: Duration.seconds(1), max: Duration.minutes(15) }),
  ]
  problems.push(...environmentProblems({ ...options.environment, ...options.functionProps?.environment }))
  problems.push(...overrideProblems(overrides, options.functionProps))
  if (!options.vpc && options.vpcSubnets) problems.push('vpcSubnets needs vpc')
  if (!options.vpc && options.securityGroups) problems.push('securityGroups needs vpc')
  return problems
}

/** Safe deployments of worker functions: versions, an alias between them, and CodeDeploy, which shifts messages. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { Alarm, type IAlarm, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import {
  type ILambdaApplication,
  type ILambdaDeploymentConfig,
  LambdaApplication,
  LambdaDeploymentConfig,
  LambdaDeploymentGroup,
} from 'aws-cdk-lib/aws-codedeploy'
import { Grant, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Alias, type Function, type IFunction } from 'aws-cdk-lib/aws-lambda'
import { Construct, type IConstruct } from 'constructs'
import { acknowledgeWildcard } from './acknowledge.ts'
import { durationProblems, numberProblems, throwProblems } from './problems.ts'
import { shiftDurationOf } from './shift-duration.ts'

/** Settings of safe deployments. */
export interface DeploymentOptions {
  /**
   * Which part of the messages goes to the new version, and when.
   * @default LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES
   */
  readonly config?: ILambdaDeploymentConfig
  /**
   * How long `config` takes until all messages go to the new version, at most 48 hours
   * (https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html). So long after a run's start, and two minutes
   * more, a worker leaves what it lacks of the run to one that may have it (`deployGraceMs`).
   * @default - what `config` says; must be given for one that was imported by a name of its own
   */
  readonly shiftDuration?: Duration
  /**
   * Errors of the new version within a minute that roll it back: crashes, timeouts, out of memory. Failed nodes are not
   * errors of the function.
   * @default 1
   */
  readonly maxErrors?: number
  /** Alarms beside that on the errors of the new version that roll it back. @default - none */
  readonly alarms?: readonly IAlarm[]
  /** CodeDeploy application of the deployments. @default - a new one for each function */
  readonly application?: ILambdaApplication
}

export interface SafeDeploymentProps extends DeploymentOptions {
  /** The function whose versions are deployed. */
  readonly function: Function
}

/** What a worker waits beyond the shift: CodeDeploy and the pollers take their time with each step. */
const MARGIN = Duration.minutes(2)
/** Between the first and the last step: https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html */
const LONGEST_SHIFT = Duration.hours(48)
const ALIAS = 'live'
const MINUTE = Duration.minutes(1)

/**
 * CloudFormation publishes a version where the function changed, and has CodeDeploy shift the alias to it; an error of
 * the new version, or an alarm of the user's, sends all messages back to the old one, and the stack's update rolls back.
 *
 * @example
 * const { alias } = new SafeDeployment(this, 'Deployment', { function: fn })
 */
export class SafeDeployment extends Construct {
  /** What invokes the function must name this alias. */
  readonly alias: Alias
  readonly application: ILambdaApplication
  readonly group: LambdaDeploymentGroup
  /** The role of CodeDeploy: moves this alias, reads alarms. */
  readonly role: Role
  /** The alarm on the errors of the new version. */
  readonly errors: Alarm

  /** @throws Error that lists all impossible combinations of props */
  constructor(scope: Construct, id: string, props: SafeDeploymentProps) {
    super(scope, id)
    throwProblems(this, deploymentProblems(props))
    const { function: fn, alarms = [] } = props
    const version = fn.currentVersion
    // What is in flight in the old version ends there, and one can go back to it by hand; it goes with the function.
    version.applyRemovalPolicy(RemovalPolicy.RETAIN)
    this.alias = new Alias(this, 'Alias', { aliasName: ALIAS, version })
    this.errors = this.#createAlarm(fn, version.version, props.maxErrors ?? 1)
    this.role = this.#createRole(fn)
    this.application = props.application ?? new LambdaApplication(this, 'Application')
    this.group = new LambdaDeploymentGroup(this, 'Group', {
      application: this.application,
      alias: this.alias,
      deploymentConfig: configOf(props),
      alarms: [this.errors, ...alarms],
      role: this.role,
      autoRollback: { failedDeployment: true, stoppedDeployment: true, deploymentInAlarm: true },
    })
    this.group.node.addDependency(this.role)
    // It watches the new version before that has its first message.
    this.alias.node.addDependency(this.errors)
  }

  /** Adds an alarm that rolls a new version back. */
  addAlarm(alarm: IAlarm): void {
    this.group.addAlarm(alarm)
  }

  /**
   * Of the version that is being deployed alone: the errors of the old one, which it may be there to mend, must neither
   * stop nor undo it. CloudWatch has this dimension while the alias goes to two versions.
   * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
   */
  #createAlarm(fn: Function, version: string, threshold: number): Alarm {
    const { functionName } = fn
    return new Alarm(this, 'Errors', {
      metric: new Metric({
        namespace: 'AWS/Lambda',
        metricName: 'Errors',
        dimensionsMap: {
          FunctionName: functionName,
          Resource: `${functionName}:${ALIAS}`,
          ExecutedVersion: version,
        },
        statistic: 'Sum',
        period: MINUTE,
      }),
      threshold,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription:
        'The version that is being deployed crashed, ran out of memory or out of time: CodeDeploy goes back to the one before. The log of the worker says why.',
    })
  }

  #createRole({ functionArn }: Function): Role {
    const role = new CodeDeployRole(this, 'Role', {
      assumedBy: new ServicePrincipal('codedeploy.amazonaws.com'),
    })
    Grant.addToPrincipal({
      grantee: role,
      actions: ['lambda:GetAlias', 'lambda:GetProvisionedConcurrencyConfig', 'lambda:UpdateAlias'],
      resourceArns: [functionArn, `${functionArn}:${ALIAS}`],
    })
    Grant.addToPrincipal({ grantee: role, actions: ['cloudwatch:DescribeAlarms'], resourceArns: ['*'] })
    const reason = 'cloudwatch:DescribeAlarms only reads, and composite alarms need it on all.'
    acknowledgeWildcard(this, role, '*', reason)
    return role
  }
}

/** Without AWSCodeDeployRoleForLambdaLimited, which the deployment group would add: every alias of the account. */
class CodeDeployRole extends Role {
  override addManagedPolicy(): void {}
}

function configOf({ config }: DeploymentOptions): ILambdaDeploymentConfig {
  return config ?? LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES
}

/** For so long a run may need code that the worker which gets it does not have. */
export function deployGraceOf(deployment: false | DeploymentOptions | undefined): Duration | undefined {
  if (!deployment) return undefined
  const shift = deployment.shiftDuration ?? shiftDurationOf(configOf(deployment))
  return shift && shift.plus(MARGIN)
}

function deploymentProblems(options: DeploymentOptions, path = ''): string[] {
  const { shiftDuration, maxErrors } = options
  const problems = [
    ...durationProblems(`${path}shiftDuration`, shiftDuration, {
      min: Duration.seconds(0),
      max: LONGEST_SHIFT,
    }),
    ...numberProblems(`${path}maxErrors`, maxErrors, { min: 1, max: 1_000_000 }),
  ]
  const config = configOf(options)
  if (!shiftDuration && !shiftDurationOf(config)) {
    problems.push(
      `${path}shiftDuration must be given, since nothing tells here how long ${path}config ${config.deploymentConfigName} takes`,
    )
  }
  return problems
}

/** Of a worker's props. */
export function givenDeploymentProblems(props: {
  readonly deployment?: false | DeploymentOptions
  readonly existingFunction?: IFunction
}): string[] {
  const { deployment, existingFunction } = props
  if (!deployment) return []
  const problems = deploymentProblems(deployment, 'deployment.')
  if (!existingFunction) return problems
  return [...problems, 'deployment needs entry or code, got existingFunction']
}

/**
 * New code of StartRun begins runs of new blueprints, so it comes when all workers have theirs; and where one of them
 * goes back, it does not come at all.
 */
export function deployAfter(later: IConstruct, deployments: readonly SafeDeployment[]): void {
  const { defaultChild } = later.node
  for (const { alias } of deployments) defaultChild?.node.addDependency(alias)
}

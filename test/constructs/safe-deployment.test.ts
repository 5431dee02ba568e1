import { Duration, type Stack } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch'
import { LambdaApplication, LambdaDeploymentConfig, TrafficRouting } from 'aws-cdk-lib/aws-codedeploy'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda'
import { describe, expect, it } from 'vitest'
import { Vpc } from 'aws-cdk-lib/aws-ec2'
import {
  type DeploymentOptions,
  FlowcraftService,
  type FlowcraftServiceProps,
} from '../../lib/constructs/index.ts'
import {
  entry,
  environmentOf,
  newStack,
  permissionsOf,
  problemsOf,
  readable,
  resourceOf,
  synthesise,
  type Synthesised,
} from './support.ts'

const FUNCTION = 'AWS::Lambda::Function'
const VERSION = 'AWS::Lambda::Version'
const ALIAS = 'AWS::Lambda::Alias'
const MAPPING = 'AWS::Lambda::EventSourceMapping'
const GROUP = 'AWS::CodeDeploy::DeploymentGroup'
const HEAVY = { heavy: { nodes: ['transcode'] } }

const deployed = (deployment: DeploymentOptions = {}, more: Partial<FlowcraftServiceProps> = {}) =>
  synthesise({ entry, deployment, ...more })

type Whole = {
  readonly DependsOn?: string[]
  readonly Properties: Record<string, unknown>
  readonly UpdatePolicy?: Record<string, unknown>
  readonly DeletionPolicy?: string
}

/** All of a type, by their logical ids. */
function all({ template }: Pick<Synthesised, 'template'>, type: string): [string, Whole][] {
  return Object.entries(template.findResources(type) as Record<string, Whole>)
}

function only(made: Pick<Synthesised, 'template'>, type: string, begins: string): [string, Whole] {
  const found = all(made, type).filter(([id]) => id.startsWith(begins))
  expect(found).toHaveLength(1)
  return found[0] as [string, Whole]
}

/** The milliseconds that the worker is told. */
function graceOf(deployment: DeploymentOptions): unknown {
  return environmentOf(deployed(deployment).template, 'FlowsWorker')['FLOWCRAFT_DEPLOY_GRACE_MS']
}

/** The logical id of the worker's version. */
function versionOf(more: Partial<FlowcraftServiceProps>, change?: (made: FlowcraftService) => void): string {
  return only(synthesise({ entry, deployment: {}, ...more }, change), VERSION, 'FlowsWorkerCurrentVersion')[0]
}

function startRunOf(more: Partial<FlowcraftServiceProps>): Whole {
  return only(deployed({}, { pools: HEAVY, ...more }), FUNCTION, 'FlowsStartRun')[1]
}

/** The milliseconds of a shift of so many minutes. */
const minutes = (count: number) => String((count + 2) * 60_000)

function graceWith(trafficRouting: TrafficRouting): unknown {
  const { template } = synthesise((stack) => ({
    entry,
    deployment: { config: new LambdaDeploymentConfig(stack, 'Config', { trafficRouting }) },
  }))
  return environmentOf(template, 'FlowsWorker')['FLOWCRAFT_DEPLOY_GRACE_MS']
}

function problems(props: (stack: Stack) => Partial<FlowcraftServiceProps>): string[] {
  return problemsOf((stack) => new FlowcraftService(stack, 'Flows', { entry, ...props(stack) }))
}

function named(stack: Stack): DeploymentOptions['config'] {
  return LambdaDeploymentConfig.fromLambdaDeploymentConfigName(stack, 'Named', 'Ours')
}

function existing(stack: Stack): Function {
  const code = Code.fromInline('//')
  return new Function(stack, 'Mine', { code, handler: 'index.handler', runtime: Runtime.NODEJS_24_X })
}

describe('deployment', () => {
  it('is not there unless it is asked for', () => {
    for (const props of [{ entry }, { entry, deployment: false as const }]) {
      const made = synthesise(props)
      const { template, service } = made
      for (const type of [VERSION, ALIAS, GROUP]) template.resourceCountIs(type, 0)
      expect(readable(resourceOf(template, MAPPING, 'FlowsWorkerJobs')['FunctionName'])).toBe('<FlowsWorker>')
      expect(environmentOf(template, 'FlowsWorker')).not.toHaveProperty('FLOWCRAFT_DEPLOY_GRACE_MS')
      expect(service.deployments).toEqual([])
    }
  })

  it('feeds the queue to an alias, which CodeDeploy shifts to the version that was published', () => {
    const made = deployed()
    const [versionId, version] = only(made, VERSION, 'FlowsWorkerCurrentVersion')
    const [aliasId, alias] = only(made, ALIAS, 'FlowsWorkerDeploymentAlias')
    const [groupId, group] = only(made, GROUP, 'FlowsWorkerDeploymentGroup')
    expect(version.DeletionPolicy).toBe('Retain')
    expect(alias.Properties).toMatchObject({
      FunctionVersion: { 'Fn::GetAtt': [versionId, 'Version'] },
      Name: 'live',
    })
    expect(alias.UpdatePolicy).toEqual({
      CodeDeployLambdaAliasUpdate: {
        ApplicationName: group.Properties['ApplicationName'],
        DeploymentGroupName: { Ref: groupId },
      },
    })
    const mapping = resourceOf(made.template, MAPPING, 'FlowsWorkerJobs')
    expect(JSON.stringify(mapping['FunctionName'])).toContain(`{"Ref":"${aliasId}"}`)
    expect(group.Properties).toMatchObject({
      DeploymentConfigName: 'CodeDeployDefault.LambdaCanary10Percent5Minutes',
      AutoRollbackConfiguration: {
        Enabled: true,
        Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_REQUEST', 'DEPLOYMENT_STOP_ON_ALARM'],
      },
    })
  })

  it('publishes a version where the code or the environment changes, and none where only permissions do', () => {
    const first = versionOf({})
    expect(versionOf({})).toBe(first)
    expect(versionOf({ reservedConcurrency: 5, maxConcurrency: 5 })).toBe(first)
    expect(versionOf({ environment: { STAGE: 'next' } })).not.toBe(first)
    // After the construct, as grants do.
    expect(
      versionOf({}, ({ worker }) => (worker.function as Function).addEnvironment('REGION', 'here')),
    ).not.toBe(first)
  })

  it('goes back at an error of the new version, which is watched before it has a message', () => {
    const made = deployed({ maxErrors: 3 })
    const [versionId] = only(made, VERSION, 'FlowsWorkerCurrentVersion')
    const [alarmId, { Properties }] = only(made, 'AWS::CloudWatch::Alarm', 'FlowsWorkerDeploymentErrors')
    const dimensions = Properties['Dimensions'] as { Name: string; Value: unknown }[]
    expect(dimensions.map(({ Name, Value }) => `${Name} ${readable(Value)}`)).toEqual([
      expect.stringMatching(/^ExecutedVersion <FlowsWorkerCurrentVersion.*\.Version>$/),
      'FunctionName <FlowsWorker>',
      'Resource <FlowsWorker>:live',
    ])
    expect(dimensions[0]?.Value).toEqual({ 'Fn::GetAtt': [versionId, 'Version'] })
    expect(Properties).toMatchObject({ MetricName: 'Errors', Period: 60, Threshold: 3, EvaluationPeriods: 1 })
    expect(resourceOf(made.template, GROUP, 'FlowsWorkerDeploymentGroup')['AlarmConfiguration']).toEqual({
      Enabled: true,
      Alarms: [{ Name: { Ref: alarmId } }],
    })
    expect(only(made, ALIAS, 'FlowsWorkerDeploymentAlias')[1].DependsOn).toContain(alarmId)
  })

  it('goes back at alarms of the user too, in the props and of what the service measures', () => {
    const stack = newStack()
    const [mine, other] = ['Mine', 'Other'].map((name) =>
      Alarm.fromAlarmArn(stack, name, `arn:aws:a:b:1:alarm:${name}`),
    )
    const service = new FlowcraftService(stack, 'Flows', {
      entry,
      deployment: { alarms: [mine!] },
      pools: HEAVY,
    })
    for (const deployment of service.deployments) deployment.addAlarm(other!)
    const groups = all({ template: Template.fromStack(stack) }, GROUP)
    expect(groups).toHaveLength(2)
    for (const [, { Properties }] of groups) {
      const { Alarms } = Properties['AlarmConfiguration'] as { Alarms: { Name: unknown }[] }
      expect(Alarms.map(({ Name }) => Name)).toEqual([{ Ref: expect.anything() }, 'Mine', 'Other'])
    }
  })

  it('gives CodeDeploy the alias and the state of alarms, and no managed policy', () => {
    const { template } = deployed({}, { pools: HEAVY })
    expect(permissionsOf(template, /DeploymentRole/)).toEqual(
      ['FlowsPoolsheavyWorker', 'FlowsWorker'].flatMap((worker) => [
        `${worker}DeploymentRole: lambda:GetAlias lambda:GetProvisionedConcurrencyConfig lambda:UpdateAlias on <${worker}.Arn> <${worker}.Arn>:live`,
        `${worker}DeploymentRole: cloudwatch:DescribeAlarms on *`,
      ]),
    )
    for (const [id, { Properties }] of all({ template }, 'AWS::IAM::Role')) {
      expect([id, Properties['ManagedPolicyArns']]).toEqual([id, undefined])
    }
  })

  it('grants its worker what a worker needs without it, by the role of both versions', () => {
    const plain = permissionsOf(synthesise({ entry }).template, /^FlowsWorkerRole/)
    expect(permissionsOf(deployed().template, /^FlowsWorkerRole/)).toEqual(plain)
    expect(resourceOf(deployed().template, FUNCTION, 'FlowsWorker')['RecursiveLoop']).toBe('Allow')
  })

  it('shares an application that is given, and uses a configuration of its own', () => {
    const stack = newStack()
    const config = new LambdaDeploymentConfig(stack, 'Half', {
      trafficRouting: TrafficRouting.timeBasedCanary({ interval: Duration.minutes(20), percentage: 50 }),
    })
    const application = new LambdaApplication(stack, 'Shop')
    const pools = HEAVY
    new FlowcraftService(stack, 'Flows', { entry, pools, deployment: { application, config } })
    const template = Template.fromStack(stack)
    template.resourceCountIs('AWS::CodeDeploy::Application', 1)
    template.allResourcesProperties(GROUP, { DeploymentConfigName: { Ref: Match.stringLikeRegexp('^Half') } })
    expect(environmentOf(template, 'FlowsWorker')['FLOWCRAFT_DEPLOY_GRACE_MS']).toBe('1320000')
  })
})

describe('StartRun with deployment', () => {
  it("gets the user's new code when the workers of all pools have theirs", () => {
    const { DependsOn } = startRunOf({ startRunHandler: 'startRun' })
    expect(DependsOn?.map((id) => id.slice(0, -8))).toEqual(
      expect.arrayContaining(['FlowsWorkerDeploymentAlias', 'FlowsPoolsheavyWorkerDeploymentAlias']),
    )
  })

  it("waits for nobody with the package's own code, which knows no blueprint", () => {
    expect(startRunOf({}).DependsOn?.filter((id) => id.includes('Deployment'))).toEqual([])
  })
})

describe('a pool with deployment', () => {
  it('of functions has versions of its own; one of containers is told how long the shift takes', () => {
    const { template, service } = synthesise((stack) => ({
      entry,
      deployment: { config: LambdaDeploymentConfig.LINEAR_10PERCENT_EVERY_1MINUTE },
      vpc: new Vpc(stack, 'Vpc', { natGateways: 0 }),
      pools: {
        heavy: { nodes: ['transcode'] },
        long: { nodes: ['train'], image: ContainerImage.fromRegistry('example/trainer') },
      },
    }))
    template.resourceCountIs(VERSION, 2)
    template.resourceCountIs(GROUP, 2)
    expect(service.deployments).toEqual([
      service.worker.deployment,
      service.pools['heavy']?.worker?.deployment,
    ])
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({
          Environment: Match.arrayWith([{ Name: 'FLOWCRAFT_DEPLOY_GRACE_MS', Value: '660000' }]),
        }),
      ],
    })
  })
})

describe('how long a worker waits for a newer one', () => {
  it('is two minutes more than the shift takes', () => {
    expect(graceOf({})).toBe(minutes(5))
    expect(graceOf({ config: LambdaDeploymentConfig.CANARY_10PERCENT_30MINUTES })).toBe(minutes(30))
    expect(graceOf({ config: LambdaDeploymentConfig.LINEAR_10PERCENT_EVERY_10MINUTES })).toBe(minutes(90))
    expect(graceOf({ config: LambdaDeploymentConfig.ALL_AT_ONCE })).toBe(minutes(0))
    expect(graceOf({ shiftDuration: Duration.hours(1) })).toBe(minutes(60))
  })

  it('follows the routing of a configuration that the app makes', () => {
    // 30, 60, 90, 100 percent.
    const linear = TrafficRouting.timeBasedLinear({ interval: Duration.minutes(3), percentage: 30 })
    expect(graceWith(linear)).toBe(minutes(9))
    expect(graceWith(TrafficRouting.allAtOnce())).toBe(minutes(0))
  })
})

describe('what deployment refuses', () => {
  it('lists impossible settings at once', () => {
    expect(problems((stack) => ({ deployment: { maxErrors: 0, config: named(stack) } }))).toEqual([
      'deployment.maxErrors must be a whole number from 1 to 1000000, got 0',
      'deployment.shiftDuration must be given, since nothing tells here how long deployment.config Ours takes',
    ])
    expect(problems(() => ({ deployment: { shiftDuration: Duration.hours(49) } }))).toEqual([
      'deployment.shiftDuration must be from 0 seconds to 2 days in whole seconds, got 2 days 1 hour',
    ])
    expect(
      problems((stack) => ({ deployment: { config: named(stack), shiftDuration: Duration.hours(1) } })),
    ).toEqual([])
  })

  it('has no versions of a function that is not its own', () => {
    expect(
      problems((stack) => ({ entry: undefined, existingFunction: existing(stack), deployment: {} })),
    ).toEqual(['deployment needs entry or code, got existingFunction'])
  })
})

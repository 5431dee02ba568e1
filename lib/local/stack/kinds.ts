// Which types of resources are played here, which do not matter here, and which a stack must not have.

import { localError } from '../errors.ts'
import { type Assembly, readTemplate } from './assembly.ts'
import {
  eventSourceMapping,
  functionAlias,
  functionUrl,
  functionVersion,
  lambdaFunction,
} from './functions.ts'
import { eventInvokeConfig } from './failures.ts'
import type { Kind } from './kind.ts'
import { nestedStack, NO_TEMPLATE, templateOf } from './nested.ts'
import {
  bucketPolicy,
  functionPermission,
  managedPolicyKind,
  policy,
  queuePolicy,
  role,
} from './permissions.ts'
import { rule } from './rules.ts'
import { schedule } from './schedules.ts'
import { bucket, eventBus, queue, table } from './storage.ts'
import type { TemplateResource } from './template.ts'

export const NESTED_STACK = 'AWS::CloudFormation::Stack'

const KINDS: Readonly<Record<string, Kind>> = {
  [NESTED_STACK]: nestedStack,
  'AWS::DynamoDB::GlobalTable': table,
  'AWS::DynamoDB::Table': table,
  'AWS::Events::EventBus': eventBus,
  'AWS::Events::Rule': rule,
  'AWS::IAM::ManagedPolicy': managedPolicyKind,
  'AWS::IAM::Policy': policy,
  'AWS::IAM::Role': role,
  'AWS::Lambda::Alias': functionAlias,
  'AWS::Lambda::EventInvokeConfig': eventInvokeConfig,
  'AWS::Lambda::EventSourceMapping': eventSourceMapping,
  'AWS::Lambda::Function': lambdaFunction,
  'AWS::Lambda::Permission': functionPermission,
  'AWS::Lambda::Url': functionUrl,
  'AWS::Lambda::Version': functionVersion,
  'AWS::S3::Bucket': bucket,
  'AWS::S3::BucketPolicy': bucketPolicy,
  'AWS::SQS::Queue': queue,
  'AWS::SQS::QueuePolicy': queuePolicy,
  'AWS::Scheduler::Schedule': schedule,
}

/** Without these the same happens here: nothing is encrypted, nobody watches metrics. */
const WITHOUT_EFFECT = new Set([
  'AWS::ApplicationAutoScaling::ScalableTarget',
  'AWS::ApplicationAutoScaling::ScalingPolicy',
  'AWS::CDK::Metadata',
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::CompositeAlarm',
  'AWS::CloudWatch::Dashboard',
  // A stack that is deployed once more is another copy here: no alias is there to be shifted.
  'AWS::CodeDeploy::Application',
  'AWS::CodeDeploy::DeploymentConfig',
  'AWS::CodeDeploy::DeploymentGroup',
  'AWS::EC2::EIP',
  'AWS::EC2::InternetGateway',
  'AWS::EC2::NatGateway',
  'AWS::EC2::Route',
  'AWS::EC2::RouteTable',
  'AWS::EC2::SecurityGroup',
  'AWS::EC2::SecurityGroupEgress',
  'AWS::EC2::SecurityGroupIngress',
  'AWS::EC2::Subnet',
  'AWS::EC2::SubnetRouteTableAssociation',
  'AWS::EC2::VPC',
  'AWS::EC2::VPCEndpoint',
  'AWS::EC2::VPCGatewayAttachment',
  'AWS::Events::EventBusPolicy',
  'AWS::KMS::Alias',
  'AWS::KMS::Key',
  'AWS::Logs::LogGroup',
  'AWS::Logs::MetricFilter',
  'AWS::SNS::Subscription',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::Scheduler::ScheduleGroup',
  // What the CDK deletes a bucket's objects with.
  'Custom::S3AutoDeleteObjects',
])

/** The kind of a resource; undefined where it is left out. */
export function kindOf(
  logicalId: string,
  { Type }: TemplateResource,
  ignore: readonly string[],
): Kind | undefined {
  return ignore.includes(logicalId) || ignore.includes(Type) ? undefined : KINDS[Type]
}

/** What to do about types that are not played and that the CDK makes by itself. */
const ADVICE: Readonly<Record<string, string>> = {
  'Custom::CrossRegionExportReader': 'there is one region here: give the stacks the same one',
  'Custom::CrossRegionExportWriter': 'there is one region here: give the stacks the same one',
}

/** @throws FlowcraftAwsError LOCAL_AWS that lists all resources which are not emulated, those of nested stacks too */
export async function checkResources(assembly: Assembly, ignore: readonly string[]): Promise<void> {
  const problems = await problemsOf(assembly, ignore, '')
  if (problems.length === 0) return
  throw localError(
    `stack ${assembly.stackName} has what is not emulated; what you do not need can be left out by ignore, ` +
      `a list of types and logical ids:\n- ${problems.join('\n- ')}`,
  )
}

async function problemsOf(
  { template, assets }: Pick<Assembly, 'template' | 'assets'>,
  ignore: readonly string[],
  where: string,
): Promise<string[]> {
  const problems: string[] = []
  for (const [id, { Type, Properties = {} }] of Object.entries(template.Resources ?? {})) {
    if (WITHOUT_EFFECT.has(Type) || ignore.includes(Type) || ignore.includes(id)) continue
    const kind = KINDS[Type]
    const logicalId = where + id
    if (!kind) {
      problems.push(`${logicalId} is of type ${Type}${ADVICE[Type] === undefined ? '' : `: ${ADVICE[Type]}`}`)
      continue
    }
    const own = kind.problems?.(Properties) ?? []
    problems.push(...own.map((problem) => `${logicalId}, an ${Type}, ${problem}`))
    if (Type !== NESTED_STACK) continue
    const file = templateOf(assets, Properties['TemplateURL'])
    const inner = file === undefined ? undefined : await readTemplate(file)
    if (!inner) problems.push(`${logicalId}, an ${Type}, ${NO_TEMPLATE}`)
    problems.push(...(await problemsOf({ template: inner ?? {}, assets }, ignore, `${logicalId}.`)))
  }
  return problems
}

// Which types of resources are played here, which do not matter here, and which a stack must not have.

import { LocalAwsError } from '../errors.ts'
import { eventSourceMapping, functionUrl, lambdaFunction } from './functions.ts'
import type { Kind } from './kind.ts'
import { rule, schedule } from './schedules.ts'
import { bucket, eventBus, queue, table } from './storage.ts'
import type { Template, TemplateResource } from './template.ts'

const KINDS: Readonly<Record<string, Kind>> = {
  'AWS::DynamoDB::GlobalTable': table,
  'AWS::DynamoDB::Table': table,
  'AWS::Events::EventBus': eventBus,
  'AWS::Events::Rule': rule,
  'AWS::Lambda::EventSourceMapping': eventSourceMapping,
  'AWS::Lambda::Function': lambdaFunction,
  'AWS::Lambda::Url': functionUrl,
  'AWS::S3::Bucket': bucket,
  'AWS::SQS::Queue': queue,
  'AWS::Scheduler::Schedule': schedule,
}

/** Without these the same happens here: nobody checks permissions, nothing is encrypted, nobody watches metrics. */
const WITHOUT_EFFECT = new Set([
  'AWS::ApplicationAutoScaling::ScalableTarget',
  'AWS::ApplicationAutoScaling::ScalingPolicy',
  'AWS::CDK::Metadata',
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::CompositeAlarm',
  'AWS::CloudWatch::Dashboard',
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
  'AWS::IAM::ManagedPolicy',
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  'AWS::KMS::Alias',
  'AWS::KMS::Key',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::Permission',
  'AWS::Logs::LogGroup',
  'AWS::Logs::MetricFilter',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::Subscription',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::QueuePolicy',
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

/** @throws LocalAwsError that lists all resources which are not played here */
export function checkResources(
  stackName: string,
  { Resources = {} }: Template,
  ignore: readonly string[],
): void {
  const problems = Object.entries(Resources).flatMap(([logicalId, resource]) => {
    const { Type, Properties = {} } = resource
    if (WITHOUT_EFFECT.has(Type) || ignore.includes(Type) || ignore.includes(logicalId)) return []
    const kind = KINDS[Type]
    if (!kind) return [`${logicalId} is of type ${Type}`]
    return (kind.problems?.(Properties) ?? []).map((problem) => `${logicalId}, an ${Type}, ${problem}`)
  })
  if (problems.length === 0) return
  throw new LocalAwsError(
    `stack ${stackName} has what is not played here; what you do not need can be left out by ignore, ` +
      `a list of types and logical ids:\n- ${problems.join('\n- ')}`,
  )
}

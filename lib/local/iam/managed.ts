/**
 * Policies that AWS manages, as far as they allow something that is played here.
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html (November 2026)
 */
import type { PolicyDocument } from './types.ts'

function allow(...actions: string[]): PolicyDocument {
  return { Statement: actions.length > 0 ? [{ Effect: 'Allow', Action: actions, Resource: '*' }] : [] }
}

const POLICIES: Readonly<Record<string, PolicyDocument>> = {
  AdministratorAccess: allow('*'),
  PowerUserAccess: allow('*'),
  AmazonDynamoDBFullAccess: allow('dynamodb:*'),
  AmazonDynamoDBReadOnlyAccess: allow(
    'dynamodb:BatchGetItem',
    'dynamodb:Describe*',
    'dynamodb:GetItem',
    'dynamodb:List*',
    'dynamodb:Query',
    'dynamodb:Scan',
  ),
  AmazonEventBridgeFullAccess: allow('events:*'),
  AmazonS3FullAccess: allow('s3:*'),
  AmazonS3ReadOnlyAccess: allow('s3:Describe*', 's3:Get*', 's3:List*'),
  AmazonSQSFullAccess: allow('sqs:*'),
  AmazonSQSReadOnlyAccess: allow('sqs:GetQueueAttributes', 'sqs:GetQueueUrl', 'sqs:ListQueues'),
  AWSLambda_FullAccess: allow('lambda:*'),
  AWSLambdaRole: allow('lambda:InvokeFunction'),
  AWSLambdaSQSQueueExecutionRole: allow('sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'),
  // Logs, networks, traces and metrics: nobody asks for them here.
  AWSLambdaBasicExecutionRole: allow(),
  AWSLambdaVPCAccessExecutionRole: allow(),
  AWSXRayDaemonWriteAccess: allow(),
  AWSXrayWriteOnlyAccess: allow(),
  CloudWatchLambdaApplicationSignalsExecutionRolePolicy: allow(),
  CloudWatchLambdaInsightsExecutionRolePolicy: allow(),
}

/** A policy of AWS's by its ARN; undefined where it is not known here. */
export function managedPolicy(arn: string): PolicyDocument | undefined {
  const [, , service, , account, path = ''] = arn.split(':')
  if (service !== 'iam' || account !== 'aws') return undefined
  return POLICIES[path.split('/').at(-1) ?? '']
}

/** A deployed stack as the test sees it: its outputs, and clients with the rights of whoever deployed it. */
import { readFile } from 'node:fs/promises'
import { CloudFormationClient } from '@aws-sdk/client-cloudformation'
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { S3Client } from '@aws-sdk/client-s3'
import { SQSClient } from '@aws-sdk/client-sqs'
import { RunClient } from '../../lib/index.ts'
import type { Target } from './target.ts'

/** What bin/app.ts tells, and the test's own app besides. */
export interface Outputs {
  readonly QueueUrl: string
  readonly DeadLetterQueueUrl: string
  readonly TableName: string
  readonly BucketName: string
  readonly EventBusName: string
  readonly StartRunFunctionName: string
  readonly WorkerFunctionName: string
  readonly SweepFunctionName: string
  readonly WebhookFunctionName: string
  readonly WebhookUrl: string
  readonly CallerFunctionName: string
  readonly ReaderFunctionName: string
  readonly OperatorFunctionName: string
  /** JSON of a `ScheduleTarget`. */
  readonly ScheduleTarget: string
  readonly ArrivalsRuleArn: string
  readonly EndsQueueUrl: string
  readonly FulfilledQueueUrl: string
}

export type Clients = ReturnType<typeof clientsOf>

export function clientsOf({ clientConfig }: Pick<Target, 'clientConfig'>) {
  return {
    cloudFormation: new CloudFormationClient(clientConfig),
    dynamoDb: new DynamoDBClient(clientConfig),
    eventBridge: new EventBridgeClient(clientConfig),
    lambda: new LambdaClient(clientConfig),
    logs: new CloudWatchLogsClient(clientConfig),
    s3: new S3Client(clientConfig),
    // With an endpoint of its own the client would still go to the host in a queue's URL.
    sqs: new SQSClient({ ...clientConfig, useQueueUrlAsEndpoint: clientConfig.endpoint === undefined }),
  }
}

export async function readOutputs(file: string, stackName: string): Promise<Outputs> {
  const all = JSON.parse(await readFile(file, 'utf8')) as Record<string, Outputs>
  const outputs = all[stackName]
  if (!outputs)
    throw new Error(`expected outputs of stack '${stackName}', got ${Object.keys(all).join(', ')}`)
  return outputs
}

export function runClientOf(clients: Clients, outputs: Outputs): RunClient {
  return new RunClient({
    queueUrl: outputs.QueueUrl,
    tableName: outputs.TableName,
    bucketName: outputs.BucketName,
    sqsClient: clients.sqs,
    dynamoDbClient: clients.dynamoDb,
    s3Client: clients.s3,
  })
}

/** @throws Error with what the function threw */
export async function invoke<Result>(clients: Clients, name: string, event: unknown): Promise<Result> {
  const { FunctionError: failed, Payload: payload } = await clients.lambda.send(
    new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event) }),
  )
  const answer = Buffer.from(payload ?? []).toString()
  if (failed) throw new Error(`function '${name}' failed: ${answer}`)
  return JSON.parse(answer) as Result
}

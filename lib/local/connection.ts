// How programs of this process reach what runs here. Types only.

import type { DynamoDBClient, DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import type { EventBridgeClient, EventBridgeClientConfig } from '@aws-sdk/client-eventbridge'
import type { LambdaClient, LambdaClientConfig } from '@aws-sdk/client-lambda'
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import type { SQSClient, SQSClientConfig } from '@aws-sdk/client-sqs'

/**
 * Ready clients; destroyed when the local AWS stops. Named as the kit's options are.
 *
 * @example
 * const client = new RunClient({ ...aws.clients, queueUrl, tableName })
 */
export interface LocalClients {
  readonly sqsClient: SQSClient
  readonly dynamoDbClient: DynamoDBClient
  readonly s3Client: S3Client
  readonly lambdaClient: LambdaClient
  readonly eventBridgeClient: EventBridgeClient
}

/** What reaches a service of a stack that runs here; spreads into the options of `RunClient` and of workers. */
export interface LocalConnection extends LocalClients {
  readonly queueUrl: string
  readonly tableName: string
  readonly deadLetterQueueUrl?: string
  readonly serviceName?: string
  readonly bucketName?: string
  readonly pools?: Readonly<Record<string, LocalPool>>
}

/** A worker pool beside the default one. */
export interface LocalPool {
  readonly queueUrl: string
  readonly nodes: readonly string[]
}

/** Configurations for making further clients. Destroying those is up to you. */
export interface LocalClientConfigs {
  readonly sqs: SQSClientConfig
  readonly dynamodb: DynamoDBClientConfig
  readonly s3: S3ClientConfig
  readonly lambda: LambdaClientConfig
  readonly eventbridge: EventBridgeClientConfig
}

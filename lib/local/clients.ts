// How programs find the local AWS: configurations of clients, ready clients, and the environment of processes.

import { devNull } from 'node:os'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { S3Client } from '@aws-sdk/client-s3'
import { SQSClient } from '@aws-sdk/client-sqs'
import type { LocalClientConfigs, LocalClients } from './connection.ts'
import type { LocalEndpoints } from './types.ts'

/** Of whoever may do everything. */
const ACCESS_KEY_ID = 'local'
/** Nobody checks signatures. */
const SECRET_ACCESS_KEY = 'local'

export function clientConfigs(
  endpoints: LocalEndpoints,
  region: string,
  accessKeyId = ACCESS_KEY_ID,
): LocalClientConfigs {
  const common = { region, credentials: { accessKeyId, secretAccessKey: SECRET_ACCESS_KEY } }
  return {
    // Without useQueueUrlAsEndpoint: false the SDK would go to the host that a queue's address names.
    sqs: { ...common, endpoint: endpoints.sqs, useQueueUrlAsEndpoint: false },
    dynamodb: { ...common, endpoint: endpoints.dynamodb },
    s3: { ...common, endpoint: endpoints.s3, forcePathStyle: true },
    lambda: { ...common, endpoint: endpoints.lambda },
    eventbridge: { ...common, endpoint: endpoints.eventbridge },
  }
}

export function clientsOf(config: LocalClientConfigs): LocalClients {
  return {
    sqsClient: new SQSClient(config.sqs),
    dynamoDbClient: new DynamoDBClient(config.dynamodb),
    s3Client: new S3Client(config.s3),
    lambdaClient: new LambdaClient(config.lambda),
    eventBridgeClient: new EventBridgeClient(config.eventbridge),
  }
}

export function environmentOf(
  endpoints: LocalEndpoints,
  region: string,
  accessKeyId = ACCESS_KEY_ID,
): Record<string, string> {
  return {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: SECRET_ACCESS_KEY,
    AWS_ENDPOINT_URL_SQS: endpoints.sqs,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_S3: endpoints.s3,
    AWS_ENDPOINT_URL_LAMBDA: endpoints.lambda,
    AWS_ENDPOINT_URL_EVENTBRIDGE: endpoints.eventbridge,
    AWS_EC2_METADATA_DISABLED: 'true',
    // Profiles in the user's home must not lead anywhere else.
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    // The SDK's reminder of Node 22 on every start would drown what the function itself prints.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  }
}

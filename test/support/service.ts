/** What tests of the adapter share: a local AWS with its queue and table, and a worker that polls them in process. */
import { randomUUID } from 'node:crypto'
import type { RuntimeOptions } from 'flowcraft'
import {
  type Flow,
  type HistoryMode,
  type LeaseMode,
  RunClient,
  SqsAdapter,
  stateTable,
} from '../../lib/index.ts'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'

export interface TestDeployment {
  readonly aws: LocalAws
  readonly queueUrl: string
  readonly deadLetterQueueUrl: string
  readonly tableName: string
}

export async function deploy(options: Parameters<typeof startLocalAws>[0] = {}): Promise<TestDeployment> {
  const aws = await startLocalAws(options)
  const { queueUrl, deadLetterQueueUrl } = await aws.createQueue({ visibilityTimeoutSeconds: 30 })
  const tableName = await aws.createTable(stateTable.createInput(`state-${randomUUID()}`))
  return { aws, queueUrl, deadLetterQueueUrl, tableName }
}

export function awsOptions({ aws, queueUrl, deadLetterQueueUrl, tableName }: TestDeployment) {
  const { sqsClient, dynamoDbClient, s3Client } = aws.clients
  return { queueUrl, deadLetterQueueUrl, tableName, sqsClient, dynamoDbClient, s3Client }
}

export function adapterOf(
  deployment: TestDeployment,
  options: RuntimeOptions & {
    flows?: readonly Flow[]
    concurrency?: number
    bucketName?: string
    tracing?: boolean
    runIndex?: boolean
    history?: HistoryMode
    leases?: LeaseMode
    runCosts?: boolean
    lookForPausesEveryMs?: number
  },
): SqsAdapter {
  return new SqsAdapter({ ...awsOptions(deployment), ...options, deployGraceMs: 0 })
}

export function clientOf(
  deployment: TestDeployment,
  options: ConstructorParameters<typeof RunClient>[0] = {},
): RunClient {
  return new RunClient({ ...awsOptions(deployment), ...options })
}

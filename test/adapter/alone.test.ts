/** Stores that are usable alone fail with this package's errors. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { mockClient } from 'aws-sdk-client-mock'
import { JsonSerializer } from 'flowcraft'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { DynamoDbContext, DynamoDbCoordinationStore } from '../../lib/index.ts'

const documents = mockClient(DynamoDBDocumentClient)

function stores() {
  const dynamoDbClient = new DynamoDBClient({ region: 'eu-central-1' })
  const options = { dynamoDbClient, tableName: 'state' }
  return {
    coordination: new DynamoDbCoordinationStore(options),
    context: new DynamoDbContext({ ...options, contextId: 'c', serializer: new JsonSerializer() }),
  }
}

const named = (name: string) => Object.assign(new Error('no'), { name })

afterAll(() => documents.restore())

describe.each([
  ['REQUEST_FAILED', named('ThrottlingException')],
  ['REQUEST_FAILED', named('TimeoutError')],
  ['REQUEST_REFUSED', named('ValidationException')],
])('%s where DynamoDB says %s', (code, error) => {
  const { coordination, context } = stores()
  beforeEach(() => {
    documents.reset()
    documents.rejects(error)
  })

  it.each([
    ['setIfNotExist', () => coordination.setIfNotExist('k', 'v', 60)],
    ['increment', () => coordination.increment('k', 60)],
    ['extendTTL', () => coordination.extendTTL('k', 60)],
    ['get', () => coordination.get('k')],
    ['delete', () => coordination.delete('k')],
    ['context.get', () => context.get('k')],
    ['context.set', () => context.set('k', 1)],
    ['context.toJSON', () => context.toJSON()],
  ])('%s', async (_, call) => {
    await expect(call()).rejects.toMatchObject({ name: 'FlowcraftAwsError', code, cause: error })
  })
})

/** What the coordination store refuses before it asks the table. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { mockClient } from 'aws-sdk-client-mock'
import { describe, expect, it } from 'vitest'
import { DynamoDbCoordinationStore } from '../../lib/index.ts'

const dynamoDbClient = new DynamoDBClient({ region: 'us-east-1' })
const table = mockClient(dynamoDbClient)
const store = new DynamoDbCoordinationStore({ dynamoDbClient, tableName: 'state' })

type Method = 'increment' | 'setIfNotExist' | 'extendTTL'
/** As JavaScript calls it, without types. */
function call(method: Method, key: unknown, ttl: unknown): Promise<unknown> {
  if (method === 'setIfNotExist') return store.setIfNotExist(key as string, 'value', ttl as number)
  return store[method](key as string, ttl as number)
}

describe('the coordination store', () => {
  for (const method of ['increment', 'setIfNotExist', 'extendTTL'] as const) {
    for (const [ttl, shown] of [
      [undefined, 'undefined'],
      [NaN, 'NaN'],
      [-1, '-1'],
      [Infinity, 'Infinity'],
      ['', "''"],
    ] as const) {
      it(`refuses ${method} with a time to live of ${ttl}`, async () => {
        await expect(call(method, 'k', ttl)).rejects.toMatchObject({
          code: 'INVALID_INPUT',
          message: `DynamoDbCoordinationStore.${method}: ttlSeconds must be a number of seconds from 0; got ${shown}`,
        })
        expect(table.calls()).toHaveLength(0)
      })
    }
  }

  it('refuses a key that DynamoDB would refuse', async () => {
    for (const key of [undefined, '', 'ü'.repeat(1_001), 7]) {
      const refused = {
        code: 'INVALID_INPUT',
        message: expect.stringContaining('key must be a text of 1 to 2000'),
      }
      await expect(call('increment', key, 60)).rejects.toMatchObject(refused)
      await expect(store.get(key as string)).rejects.toMatchObject(refused)
      await expect(store.delete(key as string)).rejects.toMatchObject(refused)
    }
    expect(table.calls()).toHaveLength(0)
  })
})

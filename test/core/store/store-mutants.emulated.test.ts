/** The contract notices where the store on DynamoDB forgets a condition of a write. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DynamoDbRunStore } from '../../../lib/core/store/dynamodb-run-store.ts'
import { stateTable } from '../../../lib/core/store/schema.ts'
import { type LocalAws, startLocalAws } from '../../../lib/local/index.ts'
import { dynamoDbMutants, moduleWithout, noticedBy } from './store-mutants.ts'

describe('the contract notices, of the store on DynamoDB, that it forgets a condition of', () => {
  let aws: LocalAws
  let tableName: string

  beforeAll(async () => {
    aws = await startLocalAws()
    tableName = await aws.createTable(stateTable.createInput('state'))
  })
  afterAll(() => aws.stop())

  for (const mutant of dynamoDbMutants) {
    it(mutant.what, async () => {
      const weak = await moduleWithout<{ DynamoDbRunStore: typeof DynamoDbRunStore }>(
        'store/dynamodb-run-store.ts',
        mutant,
      )
      const options = { client: aws.clients.dynamoDbClient, tableName, now: () => Date.UTC(2026, 0, 1) }
      expect(await noticedBy(() => new weak.DynamoDbRunStore(options))).toBeDefined()
    })
  }
})

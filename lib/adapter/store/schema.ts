/**
 * The one definition of the state table, for whoever creates it (the constructs, the local AWS, a migration) and
 * whoever uses it.
 */
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb'

export const stateTable = {
  partitionKey: 'pk',
  sortKey: 'sk',
  /** Seconds since the epoch; DynamoDB deletes an item some time after it, so readers compare it as well. */
  timeToLiveAttribute: 'expiresAt',

  /**
   * The table as a CreateTable request, for whoever does not use the CDK. Turn time to live on afterwards
   * (UpdateTimeToLive, attribute `expiresAt`): CreateTable cannot.
   */
  createInput(tableName: string): CreateTableCommandInput {
    return {
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: stateTable.partitionKey, AttributeType: 'S' },
        { AttributeName: stateTable.sortKey, AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: stateTable.partitionKey, KeyType: 'HASH' },
        { AttributeName: stateTable.sortKey, KeyType: 'RANGE' },
      ],
    }
  },
} as const

/** Where each item lives. Nothing else in the package spells a key. */
export const keys = {
  run: (runId: string) => ({ pk: `R#${runId}`, sk: 'RUN' }),
  /** Begins with the header's sort key, so that one query reads the header and all pages. */
  page: (runId: string, page: string) => ({ pk: `R#${runId}`, sk: `RUN#${page}` }),
  lease: (runId: string, strand: string) => ({ pk: `R#${runId}`, sk: `LEASE#${strand}` }),
  value: (runId: string, key: string) => ({ pk: `R#${runId}`, sk: `VALUE#${key}` }),
  graph: (blueprintId: string, fingerprint: string) => ({ pk: `G#${blueprintId}`, sk: fingerprint }),
  coordination: (key: string) => ({ pk: `K#${key}`, sk: 'K' }),
  context: (contextId: string) => ({ pk: `C#${contextId}`, sk: 'C' }),
  contextValue: (contextId: string, key: string) => ({ pk: `C#${contextId}`, sk: `VALUE#${key}` }),
} as const

/** Finished runs are kept for this many days; no message lives longer than SQS's 14. */
export const RUN_RETENTION_DAYS = 30
/** What belongs to a run is given this long when it is written: stamping it at the end would cost a unit each. */
export const VALUE_RETENTION_DAYS = 400

// What the proxy does for DynamoDB: asks for the consumed capacity, adds it up, hides what the caller did not
// ask for. Must not change what a request does.

import { itemBytes, writeUnitsOf } from '../../core/common/item-size.ts'
import type { DynamoDbAsks } from '../iam/dynamodb-asks.ts'
import type { Meter } from '../meter.ts'
import { DynamoDbRules, type DynamoDbRulesOptions } from './dynamodb-rules.ts'
import { PartitionBuckets, type PartitionLimits } from './dynamodb-throttle.ts'
import { Batch, type BatchLimits } from './dynamodb-batches.ts'
import type { TableLimits } from './dynamodb-ramp.ts'
import type { Call, JsonService } from './json-proxy.ts'

type Json = Record<string, unknown>

const READS = ['GetItem', 'BatchGetItem', 'Query', 'Scan', 'TransactGetItems']
const CONDITIONAL_WRITES = ['PutItem', 'UpdateItem', 'DeleteItem']
const WRITES = [...CONDITIONAL_WRITES, 'BatchWriteItem', 'TransactWriteItems']

/** A unit of a write in a transaction is charged twice. */
const TRANSACTION_FACTOR = 2

interface MeteredDynamoDBOptions extends DynamoDbRulesOptions {
  /** What a partition bears in a second. @default - all that comes */
  readonly partitionLimits?: PartitionLimits
  /** What a table bears in a second. @default - all that comes */
  readonly tableLimits?: TableLimits
  /** What a batch leaves undone. @default - what AWS does */
  readonly batchLimits?: BatchLimits
  /** What requests need permissions for. */
  readonly asks: DynamoDbAsks
}

/** The metered DynamoDB. PartiQL is counted as requests only. */
export function meteredDynamoDB(
  meter: Meter,
  { partitionLimits = {}, tableLimits, batchLimits = {}, asks, ...options }: MeteredDynamoDBOptions,
): JsonService {
  const rules = new DynamoDbRules(options)
  const buckets = new PartitionBuckets(partitionLimits, tableLimits)
  const counters = { meter, buckets, batchLimits }
  return {
    name: 'dynamodb',
    asksOf(operation, input) {
      return asks.of(operation, input)
    },
    refusalOf: (operation, input) => rules.refusalOf(operation, input) ?? buckets.refusalOf(operation, input),
    prepare(operation, body) {
      meter.countRequest('dynamodb', operation)
      if (operation === 'CreateTable') asks.learn(parse(body) ?? {})
      return READS.includes(operation) || WRITES.includes(operation)
        ? measure(counters, operation, body)
        : { body }
    },
  }
}

interface Counters {
  readonly meter: Meter
  readonly buckets: PartitionBuckets
  readonly batchLimits: BatchLimits
}

function measure({ meter, buckets, batchLimits }: Counters, operation: string, body: Buffer): Call {
  const input = parse(body)
  if (!input) return { body }
  const added = additions(operation, input)
  const batch = operation.startsWith('Batch') ? new Batch(operation, input, batchLimits) : undefined
  return {
    body: Buffer.from(JSON.stringify({ ...(batch?.kept ?? input), ...added })),
    finish(answer) {
      const output = parse(answer.body)
      if (!output) return answer.body
      const units =
        answer.status === 200
          ? countCapacity(meter, operation, output)
          : countRefusal(meter, operation, input, output)
      buckets.consume(operation, input, units)
      const given = answer.status === 200 ? (batch?.complete(output) ?? output) : output
      return conceal(given === output ? answer.body : Buffer.from(JSON.stringify(given)), given, added)
    },
  }
}

/** What to add to a request: only what the caller did not ask for itself. */
function additions(operation: string, input: Json): Json {
  const added: Json = {}
  if ((input['ReturnConsumedCapacity'] ?? 'NONE') === 'NONE') added['ReturnConsumedCapacity'] = 'TOTAL'
  const asksOld = (input['ReturnValuesOnConditionCheckFailure'] ?? 'NONE') !== 'NONE'
  const conditional = input['ConditionExpression'] !== undefined && CONDITIONAL_WRITES.includes(operation)
  if (conditional && !asksOld) added['ReturnValuesOnConditionCheckFailure'] = 'ALL_OLD'
  return added
}

/** Takes out of an answer what came only because of the additions. */
function conceal(body: Buffer, output: Json, added: Json): Buffer {
  const extra = [
    added['ReturnConsumedCapacity'] && 'ConsumedCapacity',
    added['ReturnValuesOnConditionCheckFailure'] && '__type' in output && 'Item',
  ].filter((name) => typeof name === 'string' && name in output)
  if (extra.length === 0) return body
  return Buffer.from(
    JSON.stringify(Object.fromEntries(Object.entries(output).filter(([k]) => !extra.includes(k)))),
  )
}

/** Gives the units that it counts. */
function countCapacity(meter: Meter, operation: string, output: Json): number {
  const consumed = [output['ConsumedCapacity'] ?? []].flat() as { CapacityUnits?: number }[]
  const units = consumed.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0)
  if (READS.includes(operation)) meter.countUnits(units, 0)
  else meter.countUnits(0, units)
  return units
}

/** Gives the units that it counts: AWS takes them of a write that a condition refuses as well. */
function countRefusal(meter: Meter, operation: string, input: Json, output: Json): number {
  const units = refusedUnits(operation, input, output)
  if (units > 0) meter.countRefusedWrite(units)
  return units
}

function refusedUnits(operation: string, input: Json, output: Json): number {
  const type = String(output['__type'] ?? '')
  if (type.endsWith('ConditionalCheckFailedException')) {
    const newItem = operation === 'PutItem' ? input['Item'] : undefined
    return writeUnitsOf(Math.max(itemBytes(output['Item']), itemBytes(newItem)))
  }
  if (!type.endsWith('TransactionCanceledException') || operation !== 'TransactWriteItems') return 0
  const items = input['TransactItems']
  return TRANSACTION_FACTOR * (Array.isArray(items) ? items.length : 1)
}

function parse(body: Buffer): Json | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Json) : undefined
  } catch {
    return undefined // Not JSON: passed on as it is, the engine or the client will complain.
  }
}

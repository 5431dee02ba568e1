// What the proxy does for DynamoDB: asks for the consumed capacity, adds it up, hides what the caller did not
// ask for. Must not change what a request does.

import { itemBytes, writeUnitsOf } from '../../core/common/item-size.ts'
import type { Meter } from '../meter.ts'
import { DynamoDbRules, type DynamoDbRulesOptions } from './dynamodb-rules.ts'
import { PartitionBuckets, type PartitionLimits } from './dynamodb-throttle.ts'
import type { Answer } from './http.ts'
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
}

/** The metered DynamoDB. PartiQL is counted as requests only. */
export function meteredDynamoDB(
  meter: Meter,
  { partitionLimits = {}, ...options }: MeteredDynamoDBOptions,
): JsonService {
  const rules = new DynamoDbRules(options)
  const buckets = new PartitionBuckets(partitionLimits)
  return {
    name: 'dynamodb',
    refusalOf: (operation, input) => rules.refusalOf(operation, input) ?? buckets.refusalOf(operation, input),
    prepare(operation, body) {
      meter.countRequest('dynamodb', operation)
      return READS.includes(operation) || WRITES.includes(operation)
        ? measure({ meter, buckets }, operation, body)
        : { body }
    },
  }
}

interface Counters {
  readonly meter: Meter
  readonly buckets: PartitionBuckets
}

function measure({ meter, buckets }: Counters, operation: string, body: Buffer): Call {
  const input = parse(body)
  if (!input) return { body }
  const added = additions(operation, input)
  return {
    body: Buffer.from(JSON.stringify({ ...input, ...added })),
    finish(answer) {
      const output = parse(answer.body)
      if (!output) return answer.body
      const units =
        answer.status === 200
          ? countCapacity(meter, operation, output)
          : countRefusal(meter, operation, input, output)
      buckets.consume(operation, input, units)
      return conceal(answer, output, added)
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
function conceal(answer: Answer, output: Json, added: Json): Buffer {
  const extra = [
    added['ReturnConsumedCapacity'] && 'ConsumedCapacity',
    added['ReturnValuesOnConditionCheckFailure'] && answer.status !== 200 && 'Item',
  ].filter((name) => typeof name === 'string' && name in output)
  if (extra.length === 0) return answer.body
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

// What the proxy does for DynamoDB: asks for the consumed capacity, adds it up, hides what the caller did not
// ask for. Must not change what a request does.

import { itemBytes, writeUnitsOf } from '../../core/common/item-size.ts'
import type { Meter } from '../meter.ts'
import { DynamoDbRules, type DynamoDbRulesOptions } from './dynamodb-rules.ts'
import type { Answer } from './http.ts'
import type { Call, JsonService } from './json-proxy.ts'

type Json = Record<string, unknown>

const READS = ['GetItem', 'BatchGetItem', 'Query', 'Scan', 'TransactGetItems']
const CONDITIONAL_WRITES = ['PutItem', 'UpdateItem', 'DeleteItem']
const WRITES = [...CONDITIONAL_WRITES, 'BatchWriteItem', 'TransactWriteItems']

/** A unit of a write in a transaction is charged twice. */
const TRANSACTION_FACTOR = 2

/** The metered DynamoDB. PartiQL is counted as requests only. */
export function meteredDynamoDB(meter: Meter, options: DynamoDbRulesOptions): JsonService {
  const rules = new DynamoDbRules(options)
  return {
    name: 'dynamodb',
    refusalOf: (operation, input) => rules.refusalOf(operation, input),
    prepare(operation, body) {
      meter.countRequest('dynamodb', operation)
      return READS.includes(operation) || WRITES.includes(operation)
        ? measure(meter, operation, body)
        : { body }
    },
  }
}

function measure(meter: Meter, operation: string, body: Buffer): Call {
  const input = parse(body)
  if (!input) return { body }
  const added = additions(operation, input)
  return {
    body: Buffer.from(JSON.stringify({ ...input, ...added })),
    finish(answer) {
      const output = parse(answer.body)
      if (!output) return answer.body
      if (answer.status === 200) countCapacity(meter, operation, output)
      else countRefusal(meter, operation, input, output)
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

function countCapacity(meter: Meter, operation: string, output: Json): void {
  const consumed = [output['ConsumedCapacity'] ?? []].flat() as { CapacityUnits?: number }[]
  const units = consumed.reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0)
  if (READS.includes(operation)) meter.countUnits(units, 0)
  else meter.countUnits(0, units)
}

function countRefusal(meter: Meter, operation: string, input: Json, output: Json): void {
  const type = String(output['__type'] ?? '')
  if (type.endsWith('ConditionalCheckFailedException')) {
    const newItem = operation === 'PutItem' ? input['Item'] : undefined
    meter.countRefusedWrite(writeUnitsOf(Math.max(itemBytes(output['Item']), itemBytes(newItem))))
  } else if (type.endsWith('TransactionCanceledException') && operation === 'TransactWriteItems') {
    const items = input['TransactItems']
    meter.countRefusedWrite(TRANSACTION_FACTOR * (Array.isArray(items) ? items.length : 1))
  }
}

function parse(body: Buffer): Json | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Json) : undefined
  } catch {
    return undefined // Not JSON: passed on as it is, the engine or the client will complain.
  }
}

// What the rules of DynamoDB share. Pure.

import type { Refusal } from './rules.ts'

export type Json = Record<string, unknown>

export function invalid(message: string): Refusal {
  return { type: 'ValidationException', message }
}

/** What `look` finds first. */
export function first<T>(
  items: readonly T[],
  look: (item: T, at: number) => Refusal | undefined,
): Refusal | undefined {
  for (const [at, item] of items.entries()) {
    const found = look(item, at)
    if (found) return found
  }
  return undefined
}

/** The single items of a request, each with its table's name. */
export function partsOf(operation: string, input: Json): Json[] {
  const { TransactItems, RequestItems } = input as { TransactItems?: Json[]; RequestItems?: Json }
  if (operation.startsWith('Transact')) {
    return (TransactItems ?? []).flatMap((item) => Object.values(item) as Json[])
  }
  if (!operation.startsWith('Batch')) return [input]
  return Object.entries(RequestItems ?? {}).flatMap(([TableName, given]) => {
    if (!Array.isArray(given))
      return ((given as { Keys?: Json[] }).Keys ?? []).map((Key) => ({ TableName, Key }))
    return (given as Json[]).map((request) => ({ TableName, ...(Object.values(request)[0] as Json) }))
  })
}

/** Of a query the partition key is what is asked to equal a value. */
export function queriedKey(part: Json): unknown {
  const [, placeholder = ''] = /=\s*(:\w+)/.exec(String(part['KeyConditionExpression'] ?? '')) ?? []
  return ((part['ExpressionAttributeValues'] ?? {}) as Json)[placeholder]
}

export type Kind = 'read' | 'write'

const READS = new Set(['GetItem', 'Query', 'Scan', 'BatchGetItem', 'TransactGetItems'])
const WRITES = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'TransactWriteItems'])

/** Which units a request takes. */
export function kindOf(operation: string): Kind | undefined {
  if (READS.has(operation)) return 'read'
  return WRITES.has(operation) ? 'write' : undefined
}

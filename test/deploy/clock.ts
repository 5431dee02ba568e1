/**
 * Lets time pass for a run that sleeps: its timer and its place in the index of due runs move into the past, in the
 * form in which a worker wrote them. From there on everything is real: the schedule, the sweep, the queue, the worker.
 */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { formatOf } from '../../lib/core/store/header-format.ts'
import { keys } from '../../lib/core/store/schema.ts'

const format = formatOf({})

/** @returns the timer's new time, in milliseconds since the epoch */
export async function letTimePass(
  client: DynamoDBClient,
  tableName: string,
  runId: string,
  ms: number,
): Promise<number> {
  const documents = DynamoDBDocumentClient.from(client)
  const Key = keys.run(runId)
  const { Item: item } = await documents.send(
    new GetCommand({ TableName: tableName, Key, ConsistentRead: true }),
  )
  const active = Object.entries((item?.[format.active] ?? {}) as Record<string, string>)
  const [found] = active.flatMap(([key, text]) => {
    const entry = format.unpackEntry(text)
    return entry.wait?.kind === 'timer' ? [{ key, entry, wait: entry.wait }] : []
  })
  const dueAt = item?.['u'] as number | undefined
  if (!found || dueAt === undefined) {
    throw new Error(
      `expected a run that sleeps and stands in the index of due runs, got ${JSON.stringify(item)}`,
    )
  }
  const at = found.wait.at - ms
  await documents.send(
    new UpdateCommand({
      TableName: tableName,
      Key,
      UpdateExpression: 'SET #active.#key = :entry, u = :due',
      ConditionExpression: 'q = :seen',
      ExpressionAttributeNames: { '#active': format.active, '#key': found.key },
      ExpressionAttributeValues: {
        ':entry': format.packEntry({ ...found.entry, wait: { kind: 'timer', at } }),
        ':due': dueAt - ms,
        ':seen': item?.['q'],
      },
    }),
  )
  return at
}

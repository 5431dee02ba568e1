// Queues and messages between two starts: in a file, which is written when something changed and at the end.

import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateQueueCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs'
import type { SendMessageBatchRequestEntry, SQSClient } from '@aws-sdk/client-sqs'
import { localError } from '../errors.ts'
import type { JsonRecord } from './json-record.ts'
import type { JournalState, KeptMessage } from './message-journal.ts'
import { MessageJournal } from './message-journal.ts'

/** The most that SQS delays a message: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
const LONGEST_DELAY_SECONDS = 900
/** A batch of ten messages of the largest size would be refused. */
const BATCH_CHARACTERS = 200_000

export class KeptMessages {
  readonly journal = new MessageJournal()
  readonly #file: string
  #saved = 0

  constructor(folder: string) {
    this.#file = join(folder, 'queues.json')
  }

  /** Makes the queues and sends what was in them. What a crash leaves unsent of it is lost here; on AWS nothing is. */
  async restore(sqs: SQSClient): Promise<void> {
    const { queues = [], messages = [] } = (await this.#read()) ?? {}
    // A dead-letter queue was made before the queue that names it.
    for (const { name, attributes } of queues)
      await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: { ...attributes } }))
    for (const { name } of queues) {
      const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }))
      const ofQueue = messages.filter(({ queue }) => queue === name)
      for (const Entries of batchesOf(ofQueue, Date.now())) {
        const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
        if (Failed.length > 0)
          throw localError(
            `${Failed.length} messages of queue ${name} in ${this.#file} are refused (${Failed[0]?.Message}); delete it to go on without them`,
          )
      }
    }
    await this.save()
  }

  /** By another file, so that a crash in the middle leaves the one before. */
  async save(): Promise<void> {
    const { changes, state } = this.journal
    if (changes === this.#saved) return
    await writeFile(`${this.#file}.new`, JSON.stringify(state))
    await rename(`${this.#file}.new`, this.#file)
    this.#saved = changes
  }

  async #read(): Promise<JournalState | undefined> {
    try {
      return JSON.parse(await readFile(this.#file, 'utf8')) as JournalState
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ENOENT') return undefined
      throw localError(`${this.#file} cannot be read; delete it to go on without the messages in it`, {
        cause: error,
      })
    }
  }
}

/** As the client takes it: JSON has binary values as base64. */
function entryOf(entry: JsonRecord): Omit<SendMessageBatchRequestEntry, 'Id'> {
  const all = Object.entries((entry['MessageAttributes'] ?? {}) as Record<string, JsonRecord>)
  const attributes = all.map(([name, { BinaryValue: binary, ...others }]) => [
    name,
    typeof binary === 'string' ? { ...others, BinaryValue: Buffer.from(binary, 'base64') } : others,
  ])
  return {
    MessageBody: String(entry['MessageBody']),
    ...(entry as Omit<SendMessageBatchRequestEntry, 'Id' | 'MessageBody'>),
    ...(all.length > 0 && { MessageAttributes: Object.fromEntries(attributes) as Record<string, never> }),
  }
}

function batchesOf(messages: readonly KeptMessage[], now: number): SendMessageBatchRequestEntry[][] {
  const batches: SendMessageBatchRequestEntry[][] = []
  let characters = Infinity
  for (const { entry, dueAt } of messages) {
    const length = JSON.stringify(entry).length
    const last = batches.at(-1)
    const isFull = !last || last.length === 10 || characters + length > BATCH_CHARACTERS
    const batch = isFull ? [] : last
    if (isFull) batches.push(batch)
    characters = (isFull ? 0 : characters) + length
    const seconds = Math.ceil(Math.max(0, dueAt - now) / 1_000)
    batch.push({
      ...entryOf(entry),
      Id: String(batch.length),
      DelaySeconds: Math.min(seconds, LONGEST_DELAY_SECONDS),
    })
  }
  return batches
}

// The shapes of an SQS event and of what a function may answer to it. Pure.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html and services-sqs-errorhandling.html

import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs'

/** One message as Lambda hands it to a function. */
export interface SqsRecord {
  messageId: string
  receiptHandle: string
  body: string
  attributes: Record<string, string>
  messageAttributes: Record<string, RecordAttribute>
  md5OfMessageAttributes?: string
  md5OfBody: string
  eventSource: 'aws:sqs'
  eventSourceARN: string
  awsRegion: string
}

interface RecordAttribute {
  stringValue?: string
  binaryValue?: string
  stringListValues: string[]
  binaryListValues: string[]
  dataType: string
}

/** Largest event that Lambda accepts, bytes of JSON. */
const EVENT_LIMIT_BYTES = 6 * 1024 * 1024
const ENVELOPE_BYTES = 64

/** A received message as a record. */
export function toRecord(message: Message, queueArn: string): SqsRecord {
  const attributes = Object.entries(message.MessageAttributes ?? {})
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    attributes: { ...message.Attributes } as Record<string, string>,
    messageAttributes: Object.fromEntries(attributes.map(([name, value]) => [name, toAttribute(value)])),
    ...(message.MD5OfMessageAttributes && { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
    md5OfBody: message.MD5OfBody ?? '',
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: queueArn.split(':')[3] ?? '',
  }
}

function toAttribute(value: MessageAttributeValue): RecordAttribute {
  const { StringValue, BinaryValue, DataType = '' } = value
  return {
    ...(StringValue !== undefined && { stringValue: StringValue }),
    ...(BinaryValue !== undefined && { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
    stringListValues: [],
    binaryListValues: [],
    dataType: DataType,
  }
}

/** Cuts a batch into events that Lambda accepts: ten messages of 1 MiB do not fit into one. */
export function splitBySize(records: SqsRecord[]): SqsRecord[][] {
  const parts: SqsRecord[][] = []
  let room = 0
  for (const record of records) {
    const bytes = Buffer.byteLength(JSON.stringify(record)) + 1
    const part = parts.at(-1)
    if (part && bytes <= room) {
      part.push(record)
      room -= bytes
    } else {
      parts.push([record])
      room = EVENT_LIMIT_BYTES - ENVELOPE_BYTES - bytes
    }
  }
  return parts
}

/**
 * The records that a function's answer calls failed. AWS takes an empty answer for success of all, and an answer
 * that makes no sense (not an object, an identifier that is missing or not of this batch) for failure of all.
 */
export function failedRecords(records: SqsRecord[], answer: unknown): SqsRecord[] {
  if (answer === null || answer === undefined) return []
  if (typeof answer !== 'object' || Array.isArray(answer)) return records
  const failures = (answer as { batchItemFailures?: unknown }).batchItemFailures
  if (failures === null || failures === undefined) return []
  if (!Array.isArray(failures)) return records
  const ids = failures.map(
    (failure: unknown) => (failure as { itemIdentifier?: unknown } | null)?.itemIdentifier,
  )
  const known = ids.every((id) => records.some((record) => record.messageId === id))
  return known ? records.filter((record) => ids.includes(record.messageId)) : records
}

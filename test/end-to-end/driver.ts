/** Feeds an adapter from its queue without a poller, so that a test decides on every message. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs'
import { type Job, parseJob } from '../../lib/core/queue/job.ts'
import { type SqsAdapter, stateTable } from '../../lib/index.ts'
import type { LocalAws } from '../../lib/local/index.ts'
import type { TestDeployment } from '../support/service.ts'

/**
 * A queue and a table of their own, on a local AWS that runs already. No message comes back by itself, however slow the machine
 * is: it would be counted.
 */
export async function deployOn(aws: LocalAws): Promise<TestDeployment> {
  const { queueUrl, deadLetterQueueUrl } = await aws.createQueue({ visibilityTimeoutSeconds: 600 })
  const tableName = await aws.createTable(stateTable.createInput(`state-${crypto.randomUUID()}`))
  return { aws, queueUrl, deadLetterQueueUrl, tableName }
}

export async function receive({ aws, queueUrl }: TestDeployment, wait = 0): Promise<Message[]> {
  const request = { QueueUrl: queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: wait }
  return (await aws.clients.sqsClient.send(new ReceiveMessageCommand(request))).Messages ?? []
}

export async function put({ aws, queueUrl }: TestDeployment, body: unknown): Promise<void> {
  const MessageBody = typeof body === 'string' ? body : JSON.stringify(body)
  await aws.clients.sqsClient.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }))
}

export async function remove({ aws, queueUrl }: TestDeployment, { ReceiptHandle }: Message): Promise<void> {
  await aws.clients.sqsClient.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }))
}

export async function giveBack({ aws, queueUrl }: TestDeployment, message: Message): Promise<void> {
  const request = { QueueUrl: queueUrl, ReceiptHandle: message.ReceiptHandle, VisibilityTimeout: 0 }
  await aws.clients.sqsClient.send(new ChangeMessageVisibilityCommand(request))
}

export function jobOf({ Body }: Message): Job {
  return parseJob(Body ?? '')
}

/** Messages in the queue: to be received, and received but not deleted. */
export async function depth(
  { aws }: TestDeployment,
  QueueUrl: string,
): Promise<{ visible: number; hidden: number }> {
  const { Attributes = {} } = await aws.clients.sqsClient.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
  )
  return {
    visible: Number(Attributes['ApproximateNumberOfMessages']),
    hidden: Number(Attributes['ApproximateNumberOfMessagesNotVisible']),
  }
}

export interface DrainOptions {
  /** Time that each invocation has. Below 5,000 nothing goes on inline. @default 30000 */
  readonly deadlineMs?: number
  /** Works on each message this many times at once, and once more after it is done. @default once */
  readonly copies?: number
  /** Called with what `process` throws; the message is then given back. @default - it is thrown */
  readonly onError?: (error: unknown) => void
}

/**
 * Works on messages, those of one receive side by side, until none is visible and none comes back soon. Messages
 * that are left come back at once rather than when the adapter says, which any message may.
 */
export async function drain(
  deployment: TestDeployment,
  adapter: Pick<SqsAdapter, 'process'>,
  options: DrainOptions = {},
): Promise<void> {
  const { deadlineMs = 30_000, copies = 1, onError } = options
  const work = async (message: Message) => {
    const deadline = Date.now() + deadlineMs
    const once = () => adapter.process(jobOf(message), { deadline: () => deadline, extendsLease: false })
    try {
      const results = await Promise.all(Array.from({ length: copies }, once))
      if (copies > 1) results.push(await once())
      if (results.some(({ kind }) => kind === 'acknowledge')) return await remove(deployment, message)
    } catch (error) {
      if (!onError) throw error
      onError(error)
    }
    // A queue gives a message up after 20 receives, and a lease that nobody gave back lasts 2 s and more.
    await sleep(200)
    await giveBack(deployment, message)
  }
  for (;;) {
    const messages = await receive(deployment)
    if (messages.length === 0) return
    await Promise.all(messages.map(work))
  }
}

/** A logger for tests in which failing is what is tested. */
export const quiet = { debug() {}, info() {}, warn() {}, error() {} }

/** Holds up whoever waits at it until it is opened. */
export class Gate {
  readonly passed: Promise<void>
  #open: (() => void) | undefined

  constructor() {
    this.passed = new Promise((resolve) => (this.#open = resolve))
  }

  open(): void {
    this.#open?.()
  }
}

/** Waits until `look` gives something. */
export async function eventually<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(10)) {
    const found = await look()
    if (found !== undefined) return found
  }
  throw new Error('it did not happen within 60 s')
}

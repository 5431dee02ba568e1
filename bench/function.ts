/**
 * A function with an event source, as AWS has them: so many invocations at a time of so many messages each, in one worker
 * process. What Lambda asks of SQS goes past the meter, so that empty receives and this computer's CPU of it are not counted.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda'
import { toRecord } from '../lib/local/event-source/records.ts'
import type { FromWorker, Places, ToWorker, WorkerReport } from './worker.ts'

const QUEUE_ARN = 'arn:aws:sqs:us-east-1:000000000000:bench'
const WAIT_SECONDS = 20
/** SQS bills each started one of a receive. */
const BILLED_BYTES = 64 * 1024

/** Shapes are many, and processes take a second to start: one for all. */
export class WorkerProcess {
  readonly #process: ChildProcess
  readonly #answers = new Map<number, (answer: SQSBatchResponse) => void>()
  #invocations = 0

  constructor(env: NodeJS.ProcessEnv) {
    const path = fileURLToPath(new URL('worker.ts', import.meta.url))
    this.#process = fork(path, [], { env, execArgv: ['--import', 'tsx'] })
    this.#process.on('message', (message: FromWorker) => {
      if (message.kind === 'answer') this.#answers.get(message.id)?.(message.answer)
    })
    this.#process.on('exit', (code) => {
      if (this.#process.connected || code) throw new Error(`the worker's process ended with ${code}`)
    })
  }

  async prepare(shape: string, variant: string, places: Places): Promise<void> {
    await this.#ask({ kind: 'prepare', shape, variant, places }, 'prepared')
  }

  async report(): Promise<WorkerReport> {
    return this.#ask({ kind: 'report' }, 'report')
  }

  async invoke(event: SQSEvent): Promise<SQSBatchResponse> {
    const id = ++this.#invocations
    const answered = new Promise<SQSBatchResponse>((resolve) => this.#answers.set(id, resolve))
    this.#send({ kind: 'invoke', id, event })
    const answer = await answered
    this.#answers.delete(id)
    return answer
  }

  async stop(): Promise<void> {
    this.#process.removeAllListeners('exit')
    const gone = once(this.#process, 'exit')
    this.#process.disconnect()
    await gone
  }

  async #ask<K extends FromWorker['kind']>(
    message: ToWorker,
    kind: K,
  ): Promise<Extract<FromWorker, { kind: K }>> {
    const answered = new Promise<Extract<FromWorker, { kind: K }>>((resolve) => {
      const listen = (answer: FromWorker) => {
        if (answer.kind !== kind) return
        this.#process.off('message', listen)
        resolve(answer as Extract<FromWorker, { kind: K }>)
      }
      this.#process.on('message', listen)
    })
    this.#send(message)
    return answered
  }

  #send(message: ToWorker): void {
    this.#process.send(message)
  }
}

export interface EventSourceOptions {
  readonly sqs: SQSClient
  readonly queueUrl: string
  readonly worker: WorkerProcess
  /** Invocations at a time. */
  readonly pollers: number
  /** Messages of one, at most. */
  readonly batch: number
}

export class EventSource {
  readonly #options: EventSourceOptions
  readonly #stopping = new AbortController()
  readonly #pollers: Promise<void>[]
  /** Since it began. */
  invocations = 0
  /** Receives and deletes, as SQS bills them. */
  billed = 0
  #underWay = 0

  constructor(options: EventSourceOptions) {
    this.#options = options
    this.#pollers = Array.from({ length: options.pollers }, () => this.#poll())
  }

  get isIdle(): boolean {
    return this.#underWay === 0
  }

  /** Waits for the invocations under way. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#pollers)
  }

  async #poll(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const messages = await this.#receive()
      if (messages.length === 0) continue
      this.#underWay++
      try {
        await this.#handle(messages)
      } finally {
        this.#underWay--
      }
    }
  }

  async #receive(): Promise<Message[]> {
    const { sqs, queueUrl, batch } = this.#options
    const { signal: abortSignal } = this.#stopping
    const command = new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: batch,
      WaitTimeSeconds: WAIT_SECONDS,
      MessageSystemAttributeNames: ['All'],
    })
    try {
      return (await sqs.send(command, { abortSignal })).Messages ?? []
    } catch (error) {
      // A poll that waits is cut at the end.
      if (abortSignal.aborted) return []
      throw error
    }
  }

  async #handle(messages: readonly Message[]): Promise<void> {
    const { sqs, queueUrl, worker } = this.#options
    const bytes = messages.reduce((sum, { Body = '' }) => sum + Buffer.byteLength(Body), 0)
    this.invocations++
    this.billed += Math.max(1, Math.ceil(bytes / BILLED_BYTES))
    const Records = messages.map((message) => toRecord(message, QUEUE_ARN)) as unknown as SQSEvent['Records']
    const { batchItemFailures } = await worker.invoke({ Records })
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier))
    const done = messages.filter(({ MessageId = '' }) => !failed.has(MessageId))
    if (done.length === 0) return
    this.billed++
    const Entries = done.map(({ ReceiptHandle }, at) => ({ Id: String(at), ReceiptHandle }))
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }))
  }
}

/**
 * Feeds a long-lived worker from the queue: each message on its own, visible to nobody else while it is worked on. One
 * long poll at a time asks for as many messages as the worker has room for.
 */
import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Message,
  type MessageSystemAttributeName,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import type { ILogger } from 'flowcraft'
import { messageOf } from '../core/common/errors.ts'
import type { Disposition } from '../core/execution/disposition.ts'
import type { Isolation } from '../core/execution/isolation.ts'
import type { Invocation } from '../core/execution/services.ts'
import { Trouble } from '../core/queue/backoff.ts'
import { rejectMessage } from '../core/queue/dead-letter-queue.ts'
import type { Job } from '../core/queue/job.ts'
import type { HistoryWriter } from '../core/history/recorder.ts'
import type { Telemetry } from '../core/telemetry/telemetry.ts'
import { handleMessage } from '../core/worker/handle-message.ts'
import { FIRST_VISIBILITY_SECONDS, HeldMessage } from './held-message.ts'
import { WorkLog } from './work-log.ts'

export interface SqsPollerOptions {
  readonly sqsClient: SQSClient
  readonly queueUrl: string
  readonly deadLetterQueueUrl: string | undefined
  readonly concurrency: number
  readonly logger: ILogger
  readonly telemetry: Telemetry
  /** @default - nothing is noted of runs */
  readonly history?: HistoryWriter
  readonly isolation: Isolation
  /** Whether messages are asked for the trace that they came with. @default false */
  readonly tracing?: boolean
  process(
    job: Job,
    message: Pick<
      Invocation,
      'canContinue' | 'sentAt' | 'isFirst' | 'isFirst' | 'traceHeader' | 'place' | 'together' | 'givenUp'
    >,
  ): Promise<Disposition>
}

/** Options of `stop`. */
export interface StopOptions {
  /**
   * After so many milliseconds nodes that are still under way are given up: their `signal` is aborted, what they do
   * later changes nothing, and others run them again at once. @default - nodes are waited for, however long they take
   */
  readonly within?: number
}

/** SQS's longest poll, and most messages in one. */
const LONG_POLL_SECONDS = 20
const BATCH = 10
/** A poll that is to end may still bring messages so long; then it is cut, in milliseconds. */
const CUT_AFTER_MS = 300
/** Node's longest timer; a longer one would end at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
/** Work that is given up is given back within this, in milliseconds, if table and queue answer. */
const GIVING_UP_MS = 5_000

export class SqsPoller {
  readonly #options: SqsPollerOptions
  readonly #trouble: Trouble
  readonly #underWay = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  readonly #givenUp = new AbortController()
  #polling: Promise<void> | undefined
  /** Called when there may be room again, or nothing more to wait for. */
  #wake = () => {}

  constructor(options: SqsPollerOptions) {
    this.#options = options
    this.#trouble = new Trouble(options.logger, 'polling failed')
    // Each message under way listens.
    setMaxListeners(0, this.#givenUp.signal)
  }

  start(): void {
    this.#polling ??= this.#poll()
  }

  /** Polls no more, and waits for the messages under way. May be called again, with less patience. */
  async stop({ within }: StopOptions = {}): Promise<void> {
    this.#stopping.abort()
    this.#wake()
    const done = this.#done()
    if (within === undefined || within > LONGEST_TIMER_MS) return done
    if (await isDoneWithin(done, within)) return
    this.#givenUp.abort(new Error('the worker stops'))
    if (await isDoneWithin(done, GIVING_UP_MS)) return
    this.#options.logger.warn('stopped with work that could not be given back', {
      messages: this.#underWay.size,
    })
  }

  async #done(): Promise<void> {
    await this.#polling
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  async #poll(): Promise<void> {
    const { concurrency, isolation } = this.#options
    while (!this.#stopping.signal.aborted) {
      const room = concurrency - this.#underWay.size
      if (isolation.isClosed) {
        void isolation.opened().then(() => this.#wake())
        await this.#woken()
      } else if (room <= 0) await this.#woken()
      else {
        const messages = await this.#receive(Math.min(BATCH, room))
        for (const message of messages) this.#take(message, messages.length)
      }
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve))
  }

  /**
   * Waits for messages. When the worker stops, a poll that waits is not cut at once: what SQS was about to hand to it
   * would be hidden until its first visibility is over.
   */
  async #receive(count: number): Promise<Message[]> {
    const cut = new AbortController()
    let timer: NodeJS.Timeout | undefined
    const cutSoon = () => (timer = setTimeout(() => cut.abort(), CUT_AFTER_MS))
    this.#stopping.signal.addEventListener('abort', cutSoon, { once: true })
    try {
      const command = new ReceiveMessageCommand({
        QueueUrl: this.#options.queueUrl,
        MaxNumberOfMessages: count,
        WaitTimeSeconds: LONG_POLL_SECONDS,
        VisibilityTimeout: FIRST_VISIBILITY_SECONDS,
        MessageSystemAttributeNames: attributesOf(this.#options),
      })
      const { Messages = [] } = await this.#options.sqsClient.send(command, { abortSignal: cut.signal })
      this.#trouble.over()
      return Messages
    } catch (error) {
      // Cutting a poll short is an error of the poll.
      if (!this.#stopping.signal.aborted) {
        const { signal } = this.#stopping
        await sleep(this.#trouble.failed(messageOf(error)), undefined, { signal }).catch(() => {})
      }
      return []
    } finally {
      clearTimeout(timer)
      this.#stopping.signal.removeEventListener('abort', cutSoon)
    }
  }

  #take(message: Message, together: number): void {
    const held = new HeldMessage({ ...this.#options, stopping: this.#stopping.signal }, message)
    const work = this.#handle(held, together).finally(() => {
      this.#underWay.delete(work)
      this.#wake()
    })
    this.#underWay.add(work)
  }

  /** Never throws: whatever cannot be done with a message, it comes back. */
  async #handle(message: HeldMessage, together: number): Promise<void> {
    const { isolation, telemetry, history, logger } = this.#options
    const place = isolation.arrive({ isRedelivered: message.receives > 1 })
    try {
      if (this.#stopping.signal.aborted) await message.retryIn(0)
      else await this.#work(message, { place, together })
    } catch (error) {
      logger.error('a message failed', { reason: messageOf(error) })
    } finally {
      message.release()
      place.leave()
      telemetry.publish()
      await history?.flush()
    }
  }

  async #work(message: HeldMessage, came: Pick<Invocation, 'place' | 'together'>): Promise<void> {
    const { isolation, logger, telemetry } = this.#options
    const log = new WorkLog(logger, telemetry)
    const canContinue = () => !this.#stopping.signal.aborted && !isolation.isClosed
    const givenUp = this.#givenUp.signal
    const { sentAt, traceHeader } = message
    const result = await handleMessage(
      {
        ...this.#options,
        reject: (body, error) => rejectMessage(this.#options, body, error),
        work: (job) => {
          log.note(job.runId)
          const isFirst = message.receives === 1
          return this.#options.process(job, { canContinue, sentAt, isFirst, traceHeader, givenUp, ...came })
        },
      },
      message,
    )
    log.say(1, result.kind === 'acknowledge' ? 0 : 1)
    if (result.kind === 'acknowledge') await message.delete()
    else if (result.afterSeconds !== undefined) await message.retryIn(result.afterSeconds)
  }
}

function attributesOf({ tracing }: SqsPollerOptions): MessageSystemAttributeName[] {
  return ['ApproximateReceiveCount', 'SentTimestamp', ...(tracing ? (['AWSTraceHeader'] as const) : [])]
}

async function isDoneWithin(done: Promise<void>, ms: number): Promise<boolean> {
  const giveUp = new AbortController()
  const late = sleep(ms, false, { signal: giveUp.signal }).catch(() => false)
  try {
    return await Promise.race([done.then(() => true), late])
  } finally {
    giveUp.abort()
  }
}

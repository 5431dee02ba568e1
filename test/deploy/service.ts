import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs'
import {
  isFlowcraftAwsError,
  type RunClient,
  type RunDescription,
  type StartRunRequest,
  type StartRunResult,
} from '../../lib/index.ts'
import type { Operation, Refusal } from './app/operations.ts'
import { type Clients, invoke, type Outputs, runClientOf } from './deployment.ts'
import { eventually, expectEqual } from './steps.ts'
import type { Target } from './target.ts'

export interface ServiceOptions {
  readonly target: Target
  readonly clients: Clients
  readonly outputs: Outputs
  /** How long a run may take that waits for nothing. @default 60000 */
  readonly patienceMs?: number
}

const COUNTS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const

/** The deployed service, by the words of the steps. */
export class Service {
  readonly runs: RunClient
  readonly patienceMs: number
  readonly #options: ServiceOptions
  /** By run; a message that was looked at is hidden for a while. */
  readonly #ends = new Map<string, string>()

  constructor(options: ServiceOptions) {
    this.#options = options
    this.runs = runClientOf(options.clients, options.outputs)
    this.patienceMs = options.patienceMs ?? 60_000
  }

  start(request: StartRunRequest): Promise<StartRunResult> {
    const { clients, outputs } = this.#options
    return invoke<StartRunResult>(clients, outputs.CallerFunctionName, request)
  }

  /** By the function that has `grantManageRuns` and nothing else. */
  operate<Result>(method: Operation['method'], ...args: readonly unknown[]): Promise<Result> {
    const { clients, outputs } = this.#options
    return invoke<Result>(clients, outputs.OperatorFunctionName, { method, args })
  }

  /** By the function that has `grantReadRuns` and nothing else. */
  read<Result>(method: Operation['method'], ...args: readonly unknown[]): Promise<Result> {
    const { clients, outputs } = this.#options
    return invoke<Result>(clients, outputs.ReaderFunctionName, { method, args })
  }

  /** A run with these values of its context. */
  readRun(runId: string, keys: readonly string[]): Promise<RunDescription> {
    const { clients, outputs } = this.#options
    return invoke(clients, outputs.ReaderFunctionName, { method: 'get', args: [runId], keys })
  }

  /** What AWS says to that function, where it tries something else. */
  async refusalOf(method: Operation['method'], ...args: readonly unknown[]): Promise<string> {
    const { clients, outputs } = this.#options
    const event = { method, args, isRefused: true }
    const answer = await invoke<Partial<Refusal>>(clients, outputs.ReaderFunctionName, event)
    return answer.refused ?? `nothing: it was done, and gave ${JSON.stringify(answer)}`
  }

  /** A run as the operator sees it, once it has a status. */
  seen(runId: string, status: RunDescription['status']): Promise<RunDescription> {
    return eventually(
      `run '${runId}' to be ${status}`,
      async (seen) => {
        const run = await this.operate<RunDescription>('get', runId)
        seen({ status: run.status, errors: run.errors })
        return run.status === status ? run : undefined
      },
      this.patienceMs,
    )
  }

  async completed(runId: string, timeoutMs = this.patienceMs) {
    const run = await this.runs.waitFor(runId, { timeoutMs, pollMs: 250 })
    expectEqual(`the status of run '${runId}' (${JSON.stringify(run.errors)})`, run.status, 'completed')
    return run
  }

  /**
   * The emulator kills a function's processes when its code changes, which AWS does not. Their messages come back when
   * their visibility timeout is over: make that seconds, not the six minutes of the construct.
   */
  async survivesKills(): Promise<void> {
    const { clients, outputs, target } = this.#options
    if (!target.isEmulator) return
    const Attributes = { VisibilityTimeout: '20' }
    await clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl: outputs.QueueUrl, Attributes }))
  }

  async paymentPage(runId: string): Promise<string> {
    const run = await eventually(
      'the run to wait for its payment',
      async (seen) => {
        const found = await this.runs.get(runId)
        seen(found)
        return found.status === 'awaiting' ? found : undefined
      },
      this.patienceMs,
    )
    return (run.context['paymentPage'] as { url: string }).url
  }

  async pay(url: string, payment: Record<string, unknown>) {
    return this.#options.target.post(url, JSON.stringify(payment))
  }

  async put(body: string): Promise<void> {
    const { clients, outputs } = this.#options
    await clients.sqs.send(new SendMessageCommand({ QueueUrl: outputs.QueueUrl, MessageBody: body }))
  }

  /** As SQS itself moves it there, or with the reason that a worker gives: such a message the sweep leaves there. */
  async putDeadLetter(body: string, reason?: string): Promise<void> {
    const { clients, outputs } = this.#options
    const command = new SendMessageCommand({
      QueueUrl: outputs.DeadLetterQueueUrl,
      MessageBody: body,
      ...(reason && {
        MessageAttributes: { 'flowcraft-reason': { DataType: 'String', StringValue: reason } },
      }),
    })
    await clients.sqs.send(command)
  }

  /** The reason with which a message is in the dead-letter queue. */
  async reasonOf(body: string, then: 'keeps it' | 'removes it'): Promise<string> {
    const QueueUrl = this.#options.outputs.DeadLetterQueueUrl
    const { sqs } = this.#options.clients
    return eventually(
      `'${body}' in the dead-letter queue, with a reason`,
      async (seen) => {
        // Given back in the same second: the sweep wants to see it as well.
        const messages = await this.#look(QueueUrl)
        seen(messages.map((message) => message.Body))
        const found = messages.find((message) => message.Body === body)
        const reason = found?.MessageAttributes?.['flowcraft-reason']?.StringValue
        if (found && then === 'removes it') {
          await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: found.ReceiptHandle }))
        }
        return reason
      },
      this.patienceMs,
    )
  }

  async isThere(runId: string): Promise<true | undefined> {
    try {
      await this.runs.get(runId)
      return true
    } catch (error) {
      if (isFlowcraftAwsError(error, 'RUN_NOT_FOUND')) return undefined
      throw error
    }
  }

  /** How runs ended, as the event bus told it. */
  async endsOf(runIds: readonly string[], timeoutMs = this.patienceMs): Promise<Record<string, string>> {
    return eventually(
      'the ends of all runs',
      async (seen) => {
        for (const { Body: body = '' } of await this.#look(this.#options.outputs.EndsQueueUrl, 30)) {
          const { detail } = JSON.parse(body) as { detail: { runId: string; status: string } }
          this.#ends.set(detail.runId, detail.status)
        }
        seen(this.#ends)
        const ends = runIds.flatMap((runId) => [...this.#ends].filter(([id]) => id === runId))
        return ends.length === runIds.length ? Object.fromEntries(ends) : undefined
      },
      timeoutMs,
    )
  }

  /** What the rule for fulfilled orders told its queue, until it told of all these runs. */
  async fulfilled(runIds: readonly string[]): Promise<string[]> {
    const texts = new Set<string>()
    return eventually(
      'a message for each run',
      async (seen) => {
        for (const { Body: body = '' } of await this.#look(this.#options.outputs.FulfilledQueueUrl, 30)) {
          texts.add(body)
        }
        seen([...texts])
        const isTold = (runId: string) => [...texts].some((text) => text.includes(runId))
        return runIds.every(isTold) ? [...texts].toSorted() : undefined
      },
      this.patienceMs,
    )
  }

  async #look(QueueUrl: string, VisibilityTimeout = 1): Promise<Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl,
      MessageAttributeNames: ['All'],
      MaxNumberOfMessages: 10,
      VisibilityTimeout,
    })
    return (await this.#options.clients.sqs.send(command)).Messages ?? []
  }

  /** Counts are approximate and a minute late on AWS, so an old one is waited out. */
  async noDeadLetters(): Promise<void> {
    await eventually(
      'no messages in the dead-letter queue (visible, in flight, delayed)',
      async (seen) => {
        const counts = await this.#counts(this.#options.outputs.DeadLetterQueueUrl)
        seen(counts)
        return counts.every((count) => count === 0) || undefined
      },
      this.patienceMs,
    )
  }

  async empty(timeoutMs: number): Promise<void> {
    await eventually(
      'an empty queue (visible, in flight, delayed)',
      async (seen) => {
        const counts = await this.#counts(this.#options.outputs.QueueUrl)
        seen(counts)
        return counts.every((count) => count === 0) ? true : undefined
      },
      timeoutMs,
    )
  }

  async #counts(QueueUrl: string): Promise<number[]> {
    const request = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...COUNTS] })
    const { Attributes: attributes = {} } = await this.#options.clients.sqs.send(request)
    return COUNTS.map((name) => Number(attributes[name]))
  }
}

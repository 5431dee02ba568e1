/**
 * Workers whose requests to AWS fail: an SDK middleware fails some before they are sent, some after they were applied,
 * holds some up, and lets some workers die, which then never get an answer again. Seeds decide.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { SQSClient } from '@aws-sdk/client-sqs'
import type { LocalAws } from '../../lib/local/index.ts'
import type { Random } from '../simulation/random.ts'

const requestFaults = ['refused', 'lost', 'slow', 'dieBefore', 'dieAfter'] as const
type RequestFault = (typeof requestFaults)[number]

/** For each request. Those that only take time are not counted. */
const PROBABILITY: Readonly<Record<RequestFault, number>> = {
  refused: 0.03,
  lost: 0.03,
  slow: 0.03,
  dieBefore: 0.015,
  dieAfter: 0.015,
}
const SLOW_MS = 150

/** One invocation. */
class Worker {
  readonly mortal: boolean
  /** Resolves when it dies. */
  readonly death: Promise<void>
  isDead = false
  #die: (() => void) | undefined

  constructor(mortal: boolean) {
    this.mortal = mortal
    this.death = new Promise((resolve) => (this.#die = resolve))
  }

  /** Nothing that it waits for comes any more. */
  die(): Promise<never> {
    this.isDead = true
    this.#die?.()
    return new Promise<never>(() => {})
  }
}

/** Whose request it is. One for all: every storage costs each promise of the process. */
const present = new AsyncLocalStorage<Worker>()

export interface FaultyWorkersOptions {
  readonly aws: LocalAws
  readonly random: Random
  /** Then everything heals. */
  readonly faultsAtMost: number
}

export class FaultyWorkers {
  readonly clients: { readonly sqsClient: SQSClient; readonly dynamoDbClient: DynamoDBClient }
  /** What happened, for a report. */
  readonly faults: string[] = []
  readonly #random: Random
  readonly #faultsAtMost: number

  constructor({ aws, random, faultsAtMost }: FaultyWorkersOptions) {
    this.#random = random
    this.#faultsAtMost = faultsAtMost
    // The SDK repeats what fails, or does not: the protocol must stand both.
    const maxAttempts = random.chance(0.5) ? 1 : 3
    const { sqs, dynamodb } = aws.clientConfig
    this.clients = {
      sqsClient: new SQSClient({ ...sqs, maxAttempts }),
      dynamoDbClient: new DynamoDBClient({ ...dynamodb, endpoint: aws.unmetered.dynamodb, maxAttempts }),
    }
    this.#spoil(this.clients.dynamoDbClient)
    // The stacks differ in the types of requests only, which the middleware does not look at.
    this.#spoil(this.clients.sqsClient as unknown as DynamoDBClient)
  }

  /** What a worker makes of its work; undefined where it died. */
  async employ<T>(mortal: boolean, work: () => Promise<T>): Promise<T | undefined> {
    const worker = new Worker(mortal)
    return Promise.race([present.run(worker, work), worker.death.then(() => undefined)])
  }

  destroy(): void {
    for (const client of Object.values(this.clients)) client.destroy()
  }

  #spoil(client: DynamoDBClient): void {
    // Behind the SDK's own repeats, so that those meet it as well.
    client.middlewareStack.add(
      (next, { commandName = '' }) =>
        async (args) => {
          const worker = present.getStore()
          if (!worker) return next(args)
          if (worker.isDead) return worker.die()
          const fault = this.#next(worker)
          if (!fault) return next(args)
          this.faults.push(`${commandName} ${fault}`)
          if (fault === 'slow') await sleep(SLOW_MS)
          if (fault === 'dieBefore') return worker.die()
          if (fault === 'refused') throw trouble()
          const answer = await next(args)
          if (fault === 'dieAfter') return worker.die()
          if (fault === 'lost') throw trouble()
          return answer
        },
      { step: 'finalizeRequest', priority: 'low', name: 'faults' },
    )
  }

  #next(worker: Worker): RequestFault | undefined {
    if (this.faults.length >= this.#faultsAtMost) return undefined
    return requestFaults.find((fault) => {
      if (fault.startsWith('die') && !worker.mortal) return false
      return this.#random.chance(PROBABILITY[fault])
    })
  }
}

/** In the message of each error that a fault makes. */
export const TROUBLE = 'the connection broke'

/** As the SDK names a connection that broke: it may be repeated. */
function trouble(): Error {
  return Object.assign(new Error(TROUBLE), { name: 'TimeoutError', code: 'ECONNRESET' })
}

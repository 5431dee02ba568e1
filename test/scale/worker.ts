/**
 * A worker process of one scenario: polls the queue, and tells what its heap holds and the largest item it was shown
 * or wrote whenever it is asked.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { SqsAdapter } from '../../lib/index.ts'
import { bytesOf } from './item.ts'
import { redriven } from './redrives.ts'
import { registrationOf, scenarios } from './scenarios.ts'

export interface WorkerReport {
  /** Bytes in use after a collection. */
  readonly heap: number
  /** Bytes, of the items that hold the state of runs: values of users are left out. */
  readonly largest: number
}

const scenario = [...scenarios, redriven].find(({ id }) => id === process.argv[2])
if (!scenario) throw new Error(`no scenario '${process.argv[2]}'`)
let largest = 0

const dynamoDbClient = new DynamoDBClient({})
dynamoDbClient.middlewareStack.add(
  (next) => async (args) => {
    const answer = await next(args)
    const { Item: written } = args.input as { Item?: Record<string, unknown> }
    const { Attributes: after } = answer.output as { Attributes?: Record<string, unknown> }
    for (const item of [written, after]) {
      if (item && !`${String(item['sk'])}`.startsWith('VALUE#'))
        largest = Math.max(largest, bytesOf(marshall(item, { removeUndefinedValues: true })))
    }
    return answer
  },
  { step: 'initialize', name: 'largest' },
)
/** That runs fail is what one of them is about. */
const error = scenario === redriven ? () => {} : console.error
const quiet = { debug() {}, info() {}, warn() {}, error }
const runtimeOptions = { logger: quiet, ...registrationOf(scenario) }
const adapter = new SqsAdapter({ ...runtimeOptions, dynamoDbClient })
process.on('message', () => {
  globalThis.gc?.()
  process.send?.({ heap: process.memoryUsage().heapUsed, largest } satisfies WorkerReport)
})
process.on('disconnect', () => process.exit())
adapter.start()

/** Functions of a service, and what gives them their jobs, as Lambda has them. */
import {
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  paginateListEventSourceMappings,
} from '@aws-sdk/client-lambda'
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { leastVisibilitySeconds } from '../../core/common/sqs-limits.ts'
import { type Check, fail, ok, type Probe, warn } from './check.ts'
import type { Queue } from './queues.ts'

export function functionProbes(functions: readonly string[]): Probe[] {
  return functions.map((name) => ({ name, look: () => functionChecks(name) }))
}

async function functionChecks(name: string): Promise<Check[]> {
  const client = new LambdaClient({})
  const found = await client.send(new GetFunctionConfigurationCommand({ FunctionName: name }))
  const {
    State,
    StateReason = '',
    LastUpdateStatus,
    LastUpdateStatusReason = '',
    Runtime,
    LastModified,
  } = found
  if (State === 'Failed') return [fail(name, `Lambda cannot run it: ${StateReason}`, 'deploy it again')]
  if (LastUpdateStatus === 'Failed')
    return [fail(name, `its last update failed: ${LastUpdateStatusReason}`, 'deploy it again')]
  const { ReservedConcurrentExecutions: reserved } = await client.send(
    new GetFunctionConcurrencyCommand({ FunctionName: name }),
  )
  if (reserved === 0)
    return [
      fail(
        name,
        'its reserved concurrency is 0: it is never invoked',
        `aws lambda delete-function-concurrency --function-name ${name}`,
      ),
    ]
  return [ok(name, `${Runtime ?? 'a container image'}, of ${LastModified ?? 'some time'}`)]
}

export function mappingProbe(queue: Queue): Probe {
  const name = queue.pool === 'default' ? 'event source' : `event source of pool ${queue.pool}`
  return { name, look: () => mappingChecks(name, queue) }
}

/** Those that are on, or are just being made. */
const ON = ['Enabled', 'Enabling', 'Creating', 'Updating']

async function mappingChecks(name: string, { url }: Queue): Promise<Check[]> {
  const { Attributes } = await new SQSClient({}).send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn', 'VisibilityTimeout'] }),
  )
  const mappings: Mapping[] = []
  const client = new LambdaClient({})
  for await (const { EventSourceMappings = [] } of paginateListEventSourceMappings(
    { client },
    { EventSourceArn: Attributes?.['QueueArn'] },
  )) {
    for (const { FunctionArn: arn = '', State = '', UUID = '', ...more } of EventSourceMappings) {
      const windowSeconds = more.MaximumBatchingWindowInSeconds ?? 0
      mappings.push({ arn, fn: arn.split(':').slice(6).join(':'), state: State, id: UUID, windowSeconds })
    }
  }
  if (mappings.length === 0)
    return [
      warn(name, 'no function takes jobs from the queue', 'containers may; else deploy the workers again'),
    ]
  const visibility = Number(Attributes?.['VisibilityTimeout'])
  return Promise.all(
    mappings.map(async (mapping) => {
      const { fn, state, id } = mapping
      if (ON.includes(state)) return visibilityCheck(client, name, mapping, visibility)
      const enable = `aws lambda update-event-source-mapping --enabled --uuid ${id}`
      return fail(name, `${fn} takes no jobs: its mapping is ${state}`, enable)
    }),
  )
}

interface Mapping {
  readonly arn: string
  /** Name of the function, and its alias. */
  readonly fn: string
  readonly state: string
  readonly id: string
  readonly windowSeconds: number
}

/** As the constructs make a queue, and warn of one. */
async function visibilityCheck(
  client: LambdaClient,
  name: string,
  { arn, fn, windowSeconds }: Mapping,
  visibility: number,
): Promise<Check> {
  const { Timeout = 0 } = await client.send(new GetFunctionConfigurationCommand({ FunctionName: arn }))
  const least = leastVisibilitySeconds(Timeout, windowSeconds)
  if (Timeout === 0 || Number.isNaN(visibility)) return ok(name, `${fn} takes jobs`)
  if (visibility >= least)
    return ok(
      name,
      `${fn} takes jobs; those of a dead worker come back ${visibility} s after they were received`,
    )
  return warn(
    name,
    `the queue hides messages for ${visibility} s, but ${fn} may take ${Timeout + windowSeconds} s: each that comes back before uses up a receive`,
    `set the queue's visibilityTimeout to ${least} seconds`,
  )
}

/** Functions of a service, and what gives them their jobs, as Lambda has them. */
import {
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  paginateListEventSourceMappings,
} from '@aws-sdk/client-lambda'
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs'
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
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }),
  )
  const mappings: { readonly fn: string; readonly state: string; readonly id: string }[] = []
  const client = new LambdaClient({})
  for await (const { EventSourceMappings = [] } of paginateListEventSourceMappings(
    { client },
    { EventSourceArn: Attributes?.['QueueArn'] },
  )) {
    for (const { FunctionArn = '', State = '', UUID = '' } of EventSourceMappings)
      mappings.push({ fn: FunctionArn.split(':').slice(6).join(':'), state: State, id: UUID })
  }
  if (mappings.length === 0)
    return [
      warn(name, 'no function takes jobs from the queue', 'containers may; else deploy the workers again'),
    ]
  return mappings.map(({ fn, state, id }) =>
    ON.includes(state)
      ? ok(name, `${fn} takes jobs`)
      : fail(
          name,
          `${fn} takes no jobs: its mapping is ${state}`,
          `aws lambda update-event-source-mapping --enabled --uuid ${id}`,
        ),
  )
}

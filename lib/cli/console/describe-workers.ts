/** Asks the workers of a service which blueprints they have, by an invocation. */
import { InvokeCommand, type LambdaClient, paginateListEventSourceMappings } from '@aws-sdk/client-lambda'
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs'
import type { DescribeWorkers } from '../../console/blueprint-views.ts'
import type { DescribeRequest, WorkerDescription } from '../../core/blueprints/described.ts'
import { isPlainObject } from '../../core/common/plain-object.ts'

export interface DescribeWorkersOptions {
  readonly lambdaClient: LambdaClient
  readonly sqsClient: SQSClient
  /** The service's own queue; workers of a pool have the same blueprints. */
  readonly queueUrl: string
  /** Gets why they could not be asked, once. */
  readonly onTrouble: (error: unknown) => void
}

/** A deployment may bring others. */
const KNOWN_MS = 60_000
const NONE: WorkerDescription = { blueprints: [] }

/** Empty where no function takes jobs from the queue, as with containers alone, or where they may not be asked. */
export function describeWorkersOf(options: DescribeWorkersOptions): DescribeWorkers {
  let found: { readonly name: string | undefined; readonly until: number } | undefined
  let told = false
  return async (request) => {
    try {
      if (!found || found.until < Date.now())
        found = { name: await workerOf(options), until: Date.now() + KNOWN_MS }
      return found.name === undefined ? NONE : await invoke(options, found.name, request)
    } catch (error) {
      found = undefined
      // What runs remember is shown all the same.
      if (!told) options.onTrouble(error)
      told = true
      return NONE
    }
  }
}

async function workerOf({ lambdaClient: client, sqsClient, queueUrl }: DescribeWorkersOptions) {
  const { Attributes } = await sqsClient.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] }),
  )
  const request = { EventSourceArn: Attributes?.['QueueArn'] }
  for await (const { EventSourceMappings = [] } of paginateListEventSourceMappings({ client }, request))
    for (const { FunctionArn } of EventSourceMappings) if (FunctionArn) return FunctionArn
  return undefined
}

async function invoke(
  { lambdaClient }: DescribeWorkersOptions,
  FunctionName: string,
  request: Omit<DescribeRequest, 'flowcraft'>,
): Promise<WorkerDescription> {
  const event: DescribeRequest = { flowcraft: 'describe', ...request }
  const { FunctionError: failed, Payload } = await lambdaClient.send(
    new InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(event)) }),
  )
  const answer: unknown = JSON.parse(Buffer.from(Payload ?? []).toString() || 'null')
  if (failed) throw new Error(`worker ${FunctionName} could not say what it has: ${JSON.stringify(answer)}`)
  // An older version of this package, and a handler of one's own, answer something else.
  const known = isPlainObject(answer) && Array.isArray((answer as { blueprints?: unknown }).blueprints)
  return known ? (answer as unknown as WorkerDescription) : NONE
}

/**
 * The app of this repository: `npx cdk deploy` deploys the order of examples/order-fulfilment, and
 *
 *     npx cdk deploy --context entry=path/to/worker.ts --context stackName=Orders
 *
 * a worker of yours, as a stack of another name.
 */
import { App, CfnOutput, Stack } from 'aws-cdk-lib'
import recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' }
import { FlowcraftService } from '../lib/constructs/index.ts'

const app = new App({ context: recommendedFlags })
const entry: string = app.node.tryGetContext('entry') ?? 'examples/order-fulfilment/worker.ts'
const stackName: string = app.node.tryGetContext('stackName') ?? 'Flowcraft'

const stack = new Stack(app, stackName, { description: 'Flowcraft workflows on SQS, DynamoDB and Lambda' })

export const flows = new FlowcraftService(stack, 'Flows', { entry, webhook: {} })

/** What a program outside needs to find the service. */
const outputs: Record<string, string | undefined> = {
  QueueUrl: flows.jobs.queue.queueUrl,
  DeadLetterQueueUrl: flows.jobs.deadLetterQueue?.queueUrl,
  TableName: flows.state.table.tableName,
  BucketName: flows.values?.bucket.bucketName,
  EventBusName: flows.eventBus?.eventBusName,
  WorkerFunctionName: flows.worker.function.functionName,
  StartRunFunctionName: flows.startRun.function.functionName,
  SweepFunctionName: flows.sweep.function.functionName,
  WebhookFunctionName: flows.webhook?.function.functionName,
  WebhookUrl: flows.webhook?.url,
}
for (const [name, value] of Object.entries(outputs)) {
  if (value !== undefined) new CfnOutput(stack, name, { value })
}

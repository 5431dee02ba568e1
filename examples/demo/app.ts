/** The demo's CDK app: the construct as a user's app has it, with what a program outside needs to find the service. */
import { fileURLToPath } from 'node:url'
import { App, CfnOutput, Stack } from 'aws-cdk-lib'
import { LogLevel } from 'aws-cdk-lib/aws-lambda-nodejs'
import { FlowcraftService } from '../../lib/constructs/index.ts'

// Checking the template takes three seconds; `npm test` and `npm run lint:template` do it.
const app = new App({ builtinCloudFormationValidation: false, treeMetadata: false, stackTraces: false })
const stack = new Stack(app, 'Demo')
const flows = new FlowcraftService(stack, 'Flows', {
  entry: fileURLToPath(new URL('../../lambdas/worker.ts', import.meta.url)),
  startRunHandler: 'startRun',
  maxConcurrency: 4,
  bundling: { logLevel: LogLevel.WARNING },
})

const outputs = {
  StartRunFunctionName: flows.startRun.function.functionName,
  QueueUrl: flows.jobs.queue.queueUrl,
  TableName: flows.state.table.tableName,
  BucketName: flows.values?.bucket.bucketName ?? '',
}
for (const [name, value] of Object.entries(outputs)) new CfnOutput(stack, name, { value })

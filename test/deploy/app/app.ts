/** The app in bin/, and what its users have: functions that may start runs and find them, and queues that hear of their ends. */
import { CfnOutput, Duration, Stack } from 'aws-cdk-lib'
import { Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events'
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets'
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda'
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { flows } from '../../../bin/app.ts'
import { RunStatusEvent } from '../../../lib/constructs/index.ts'

const stack = Stack.of(flows)
const caller = new NodejsFunction(stack, 'Caller', {
  entry: 'test/deploy/app/caller.ts',
  runtime: Runtime.NODEJS_24_X,
  architecture: Architecture.ARM_64,
  timeout: Duration.seconds(60),
})
flows.grantStartRun(caller)

const { FLOWCRAFT_TABLE_NAME = '', FLOWCRAFT_QUEUE_URL = '' } = flows.environment
const reader = new NodejsFunction(stack, 'Reader', {
  entry: 'test/deploy/app/reader.ts',
  runtime: Runtime.NODEJS_24_X,
  architecture: Architecture.ARM_64,
  timeout: Duration.seconds(60),
  environment: { FLOWCRAFT_TABLE_NAME, FLOWCRAFT_QUEUE_URL },
})
flows.state.grantReadData(reader)

const ends = new Queue(stack, 'Ends')
new Rule(stack, 'RunsEnd', {
  eventBus: flows.eventBus,
  eventPattern: { source: ['flowcraft'] },
  targets: [new SqsQueue(ends)],
})

const fulfilled = new Queue(stack, 'Fulfilled')
const { runId, status } = RunStatusEvent
flows.onRunCompleted('OrderFulfilled', {
  blueprintId: 'order-fulfilment',
  target: new SqsQueue(fulfilled, { message: RuleTargetInput.fromText(`Run ${runId} ${status}`) }),
})

new CfnOutput(stack, 'CallerFunctionName', { value: caller.functionName })
new CfnOutput(stack, 'ReaderFunctionName', { value: reader.functionName })
new CfnOutput(stack, 'EndsQueueUrl', { value: ends.queueUrl })
new CfnOutput(stack, 'FulfilledQueueUrl', { value: fulfilled.queueUrl })

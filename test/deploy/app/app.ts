/** The app in bin/, and what its users have: functions that start runs and operate them, queues that hear of their ends. */
import { CfnOutput, Duration, Stack } from 'aws-cdk-lib'
import { EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events'
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets'
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda'
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs'
import { type CfnSchedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { flows } from '../../../bin/app.ts'
import { RunStatusEvent, StartRunTarget } from '../../../lib/constructs/index.ts'

const stack = Stack.of(flows)
const options = {
  runtime: Runtime.NODEJS_24_X,
  architecture: Architecture.ARM_64,
  timeout: Duration.seconds(60),
}
const caller = new NodejsFunction(stack, 'Caller', { ...options, entry: 'test/deploy/app/caller.ts' })
flows.grantStartRun(caller)
const operator = new NodejsFunction(stack, 'Operator', { ...options, entry: 'test/deploy/app/operator.ts' })
flows.grantManageRuns(operator)

const reader = new NodejsFunction(stack, 'Reader', { ...options, entry: 'test/deploy/app/reader.ts' })
flows.grantReadRuns(reader)

const nightly = flows.schedule('Nightly', {
  schedule: ScheduleExpression.expression(stack.node.tryGetContext('schedule')),
  blueprintId: 'greeting',
  input: { name: 'the night' },
})
const { arn, roleArn, input } = (nightly.node.defaultChild as CfnSchedule)
  .target as CfnSchedule.TargetProperty

const arrivals = new Rule(stack, 'Arrivals', {
  eventPattern: { source: ['deploy.test'], detailType: ['Arrival'] },
  targets: [
    new StartRunTarget(flows, {
      blueprintId: 'greeting',
      input: RuleTargetInput.fromObject({ name: EventField.fromPath('$.detail.guest') }),
    }),
  ],
})

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
new CfnOutput(stack, 'OperatorFunctionName', { value: operator.functionName })
new CfnOutput(stack, 'ScheduleTarget', { value: stack.toJsonString({ arn, roleArn, input }) })
new CfnOutput(stack, 'ArrivalsRuleArn', { value: arrivals.ruleArn })
new CfnOutput(stack, 'EndsQueueUrl', { value: ends.queueUrl })
new CfnOutput(stack, 'FulfilledQueueUrl', { value: fulfilled.queueUrl })

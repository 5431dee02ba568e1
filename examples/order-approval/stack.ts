import { fileURLToPath } from 'node:url'
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib'
import { RuleTargetInput } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import { Runtime } from 'aws-cdk-lib/aws-lambda'
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'
import type { Construct } from 'constructs'
import { FlowcraftService, RunWaitingEvent } from 'flowcraft-aws/constructs'

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))

export class OrderStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props)
    const flows = new FlowcraftService(this, 'Flows', {
      entry: file('worker.ts'),
      startRunHandler: 'startRun',
      runEvents: ['ended', 'waiting'],
    })

    const ask = new NodejsFunction(this, 'Ask', {
      entry: file('ask.ts'),
      runtime: Runtime.NODEJS_24_X,
      bundling: { format: OutputFormat.ESM },
    })
    const { runId, nodeId, actions } = RunWaitingEvent
    flows.onRunWaiting('AskSomebody', {
      blueprintId: 'order',
      nodeId: 'approval',
      target: new LambdaFunction(ask, { event: RuleTargetInput.fromObject({ runId, nodeId, actions }) }),
    })

    new CfnOutput(this, 'StartRun', { value: flows.startRun.function.functionName })
    new CfnOutput(this, 'AskFunction', { value: ask.functionName })
  }
}

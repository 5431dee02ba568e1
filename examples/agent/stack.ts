import { fileURLToPath } from 'node:url'
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import { FlowcraftService } from 'flowcraft-aws/constructs'

export class AgentStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props)
    const flows = new FlowcraftService(this, 'Flows', {
      entry: fileURLToPath(new URL('worker.ts', import.meta.url)),
      startRunHandler: 'startRun',
      timeout: Duration.minutes(2),
      // What the model's provider bears.
      maxConcurrency: 10,
    })

    new CfnOutput(this, 'StartRun', { value: flows.startRun.function.functionName })
  }
}

import { fileURLToPath } from 'node:url'
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib'
import { RuleTargetInput } from 'aws-cdk-lib/aws-events'
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets'
import { Topic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import { FlowcraftService, RunStatusEvent } from 'flowcraft-aws/constructs'

export class TripStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props)
    const flows = new FlowcraftService(this, 'Flows', {
      entry: fileURLToPath(new URL('worker.ts', import.meta.url)),
      startRunHandler: 'startRun',
    })

    // Trips that failed are undone by then, unless an error is of a compensation: people look at each.
    const people = new Topic(this, 'People', { enforceSSL: true })
    const message = RuleTargetInput.fromText(
      `Trip ${RunStatusEvent.runId} failed, at ${RunStatusEvent.errors} nodes`,
    )
    flows.onRunFailed('TripFailed', { blueprintId: 'trip', target: new SnsTopic(people, { message }) })

    new CfnOutput(this, 'StartRun', { value: flows.startRun.function.functionName })
  }
}

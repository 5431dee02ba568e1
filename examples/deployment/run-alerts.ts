import { RuleTargetInput } from 'aws-cdk-lib/aws-events'
import { LambdaFunction, SnsTopic } from 'aws-cdk-lib/aws-events-targets'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { type FlowcraftService, RunStatusEvent } from 'flowcraft-aws/constructs'

/** Tells people of each order that failed, and a function of each that was fulfilled. */
export function tellEnds(flows: FlowcraftService, people: ITopic, mailer: IFunction): void {
  const { runId, errors } = RunStatusEvent
  const message = RuleTargetInput.fromText(`Run ${runId} failed, at ${errors} nodes`)
  flows.onRunFailed('OrderFailed', {
    blueprintId: 'order-fulfilment',
    target: new SnsTopic(people, { message }),
  })

  flows.onRunCompleted('OrderFulfilled', {
    blueprintId: 'order-fulfilment',
    target: new LambdaFunction(mailer, { event: RuleTargetInput.fromObject({ order: runId }) }),
  })
}

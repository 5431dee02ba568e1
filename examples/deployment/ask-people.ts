import { RuleTargetInput } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import { FlowcraftService, RunWaitingEvent, StartRunTarget } from 'flowcraft-aws/constructs'

/** Orders that people approve: a function asks them, and a run of its own reminds them. */
export function ordersToApprove(scope: Construct, entry: string, asker: IFunction): FlowcraftService {
  const flows = new FlowcraftService(scope, 'Orders', { entry, runEvents: ['ended', 'waiting'] })
  const { id, runId, nodeId, actions } = RunWaitingEvent
  const input = RuleTargetInput.fromObject({ runId, nodeId, actions })
  const ofOrders = { blueprintId: 'order-fulfilment', nodeId: 'approve' }

  flows.onRunWaiting('Ask', { ...ofOrders, target: new LambdaFunction(asker, { event: input }) })

  flows.onRunWaiting('Remind', {
    ...ofOrders,
    // One run for each wait, though its event may come twice.
    target: new StartRunTarget(flows, { blueprintId: 'reminder', runId: id, input }),
  })
  return flows
}

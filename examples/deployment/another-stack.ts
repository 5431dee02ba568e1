import type { Construct } from 'constructs'
import type { IGrantable } from 'aws-cdk-lib/aws-iam'
import { FlowcraftService } from 'flowcraft-aws/constructs'

/** In the app of a team that starts runs of a service which another team deployed. */
export function mayStartOrders(scope: Construct, caller: IGrantable): void {
  const orders = FlowcraftService.fromAttributes(scope, 'Orders', {
    startRunFunctionArn: 'arn:aws:lambda:eu-central-1:111122223333:function:orders-start-run',
  })
  orders.grantStartRun(caller)
}

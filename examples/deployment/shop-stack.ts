import { Stack, type StackProps } from 'aws-cdk-lib'
import { Runtime } from 'aws-cdk-lib/aws-lambda'
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'
import type { Construct } from 'constructs'
import { FlowcraftService } from 'flowcraft-aws/constructs'

export class ShopStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props)
    const flows = new FlowcraftService(this, 'Flows', { entry: 'src/worker.ts' })

    const orderApi = new NodejsFunction(this, 'OrderApi', {
      entry: 'src/order-api.ts',
      runtime: Runtime.NODEJS_24_X,
      bundling: { format: OutputFormat.ESM },
    })
    flows.grantStartRun(orderApi)
  }
}

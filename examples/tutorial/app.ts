import { App, CfnOutput, Stack } from 'aws-cdk-lib'
import { Runtime } from 'aws-cdk-lib/aws-lambda'
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'
import { FlowcraftService } from 'flowcraft-aws/constructs'

const stack = new Stack(new App(), 'Expenses')

const flows = new FlowcraftService(stack, 'Flows', { entry: 'src/worker.ts', startRunHandler: 'startRun' })

const submit = new NodejsFunction(stack, 'Submit', {
  entry: 'src/submit.ts',
  runtime: Runtime.NODEJS_24_X,
  bundling: { format: OutputFormat.ESM },
})
flows.grantStartRun(submit)

new CfnOutput(stack, 'SubmitFunction', { value: submit.functionName })

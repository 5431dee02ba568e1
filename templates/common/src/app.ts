/** The deployment: `npm run dev` runs it on this computer, `npm run deploy` on AWS. */
import { App, CfnOutput, Stack } from 'aws-cdk-lib'
import { FlowcraftService } from 'flowcraft-aws/constructs'

const stack = new Stack(new App(), '__STACK__')

// The table of the runs, queues, functions, a bucket for large values, an event bus, alarms and a dashboard.
const flows = new FlowcraftService(stack, 'Flows', { entry: 'src/worker.ts', startRunHandler: 'startRun' })

// A function of yours starts runs by `new StartRunInvoker()`, once `flows.grantStartRun(it)` has let it.
new CfnOutput(stack, 'StartRun', { value: flows.startRun.function.functionName })

import { fileURLToPath } from 'node:url'
import { App, CfnOutput, Stack } from 'aws-cdk-lib'
import { FlowcraftService } from 'flowcraft-aws/constructs'

const stack = new Stack(new App(), 'Greetings')
const entry = fileURLToPath(new URL('worker.ts', import.meta.url))
const flows = new FlowcraftService(stack, 'Flows', { entry, startRunHandler: 'startRun' })

new CfnOutput(stack, 'StartRun', { value: flows.startRun.function.functionName })
new CfnOutput(stack, 'QueueUrl', { value: flows.jobs.queue.queueUrl })
new CfnOutput(stack, 'TableName', { value: flows.state.table.tableName })

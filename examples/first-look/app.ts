import { App, Stack } from 'aws-cdk-lib'
import { FlowcraftService } from 'flowcraft-aws/constructs'

const stack = new Stack(new App(), 'Shop')

new FlowcraftService(stack, 'Orders', {
  entry: 'src/worker.ts',
})

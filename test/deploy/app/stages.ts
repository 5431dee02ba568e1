/** One app for dev and prod, which differ in the stack's name alone: `cdk synth -c stackName=Shop-dev`. */
import { App, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { FlowcraftService } from '../../../lib/constructs/index.ts'

const app = new App()
const stackName: string = app.node.tryGetContext('stackName')
const stack = new Stack(app, 'Stages', { stackName })
const entry = 'test/deploy/app/worker.ts'
new FlowcraftService(stack, 'Flows', { entry, removalPolicy: RemovalPolicy.DESTROY })

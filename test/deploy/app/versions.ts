/** A service whose new code is deployed by versions: half of the messages for a minute, then all. */
import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import { LambdaDeploymentConfig, TrafficRouting } from 'aws-cdk-lib/aws-codedeploy'
import { FlowcraftService } from '../../../lib/constructs/index.ts'

const app = new App()
const stackName: string = app.node.tryGetContext('stackName')
const entry: string = app.node.tryGetContext('entry')
const stack = new Stack(app, stackName)
const trafficRouting = TrafficRouting.timeBasedCanary({ interval: Duration.minutes(1), percentage: 50 })
const config = new LambdaDeploymentConfig(stack, 'Half', { trafficRouting })
const removalPolicy = RemovalPolicy.DESTROY
const flows = new FlowcraftService(stack, 'Flows', { entry, deployment: { config }, removalPolicy })

new CfnOutput(stack, 'QueueUrl', { value: flows.jobs.queue.queueUrl })
new CfnOutput(stack, 'TableName', { value: flows.state.table.tableName })
new CfnOutput(stack, 'BucketName', { value: flows.values!.bucket.bucketName })
new CfnOutput(stack, 'WorkerFunctionName', { value: flows.worker.function.functionName })

/** CDK apps of several stacks, synthesised for real. `tsx apps.ts <name>` writes one to CDK_OUTDIR. */
import { fileURLToPath } from 'node:url'
import { App, CfnOutput, CfnParameter, Fn, NestedStack, Stack, type StackProps, Stage } from 'aws-cdk-lib'
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'
import { Queue } from 'aws-cdk-lib/aws-sqs'
import { StringParameter } from 'aws-cdk-lib/aws-ssm'
import type { Construct } from 'constructs'
import { FlowcraftService } from '../../../lib/constructs/index.ts'

const file = (name: string) => fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url))

/** A function that gives its environment. */
function teller(stack: Stack, environment: Record<string, string>): LambdaFunction {
  const code = Code.fromInline('exports.handler = async () => process.env')
  const fn = new LambdaFunction(stack, 'Teller', {
    code,
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
    environment,
  })
  new CfnOutput(stack, 'TellerName', { value: fn.functionName })
  return fn
}

/** One stack has queues, another uses them. */
function dataAndUse(scope: Construct, props?: (name: string) => StackProps): void {
  // Written first, needed second.
  const use = new Stack(scope, 'Use', props?.('use'))
  const data = new Stack(scope, 'Data', props?.('data'))
  const queue = new Queue(data, 'Jobs')
  teller(use, { QUEUE_URL: queue.queueUrl, QUEUE_ARN: queue.queueArn })
}

function service(scope: Construct): FlowcraftService {
  return new FlowcraftService(scope, 'Flows', {
    entry: file('quick-start/worker.ts'),
    startRunHandler: 'startRun',
  })
}

/** What starts runs, by the grant alone. */
function orderApi(scope: Construct, flows: FlowcraftService): NodejsFunction {
  const fn = new NodejsFunction(scope, 'OrderApi', {
    entry: file('deployment/order-api.ts'),
    runtime: Runtime.NODEJS_24_X,
    bundling: { format: OutputFormat.ESM },
  })
  flows.grantStartRun(fn)
  return fn
}

const APPS = {
  'two stacks': (app) => dataAndUse(app),
  'weak references': (app) => {
    app.node.setContext('@aws-cdk/core:defaultCrossStackReferences', 'weak')
    dataAndUse(app)
  },
  'own names': (app) => {
    const use = new Stack(app, 'Use')
    teller(use, { QUEUE_URL: Fn.importValue('shop-jobs') })
    const data = new Stack(app, 'Data')
    new CfnOutput(data, 'JobsUrl', { value: new Queue(data, 'Jobs').queueUrl, exportName: 'shop-jobs' })
  },
  stages: (app) => {
    for (const name of ['Beta', 'Prod']) dataAndUse(new Stage(app, name))
  },
  'stages of one name': (app) => {
    for (const name of ['Beta', 'Prod']) dataAndUse(new Stage(app, name), (stackName) => ({ stackName }))
  },
  nested: (app) => {
    const shop = new Stack(app, 'Shop')
    const inner = new NestedStack(shop, 'Inner')
    const flows = service(inner)
    // Also between two nested stacks, and from one in another.
    const deep = new NestedStack(new NestedStack(shop, 'Outer'), 'Deep')
    const fn = orderApi(deep, flows)
    new CfnOutput(shop, 'OrderApiName', { value: fn.functionName })
    new CfnOutput(shop, 'QueueUrl', { value: flows.jobs.queue.queueUrl })
    new CfnOutput(shop, 'TableName', { value: flows.state.table.tableName })
  },
  service: (app) => {
    const flows = service(new Stack(app, 'FlowsStack'))
    const api = new Stack(app, 'ApiStack')
    new CfnOutput(api, 'OrderApiName', { value: orderApi(api, flows).functionName })
    new CfnOutput(api, 'QueueUrl', { value: flows.jobs.queue.queueUrl })
    new CfnOutput(api, 'TableName', { value: flows.state.table.tableName })
  },
  'what is elsewhere': (app) => {
    const stack = new Stack(app, 'Stack')
    new CfnParameter(stack, 'Colour')
    teller(stack, {
      URL: StringParameter.valueForStringParameter(stack, '/shop/url'),
      COLOUR: Fn.ref('Colour'),
    })
  },
  'nothing that exports': (app) => {
    teller(new Stack(app, 'Stack'), { QUEUE_URL: Fn.importValue('nobody-has-it') })
  },
  'nested and not played': (app) => {
    const inner = new NestedStack(new Stack(app, 'Stack'), 'Inner')
    new Queue(inner, 'Fifo', { fifo: true })
  },
} as const satisfies Record<string, (app: App) => void>

export type AppName = keyof typeof APPS

const [, , name] = process.argv
if (name !== undefined && name in APPS) {
  const app = new App({ analyticsReporting: false })
  APPS[name as AppName](app)
  app.synth()
}

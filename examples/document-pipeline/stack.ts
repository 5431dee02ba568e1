import { fileURLToPath } from 'node:url'
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib'
import { EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events'
import { BlockPublicAccess, Bucket, type CfnBucket } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import { FlowcraftService, StartRunTarget } from 'flowcraft-aws/constructs'

export class DocumentStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props)
    const flows = new FlowcraftService(this, 'Flows', {
      entry: fileURLToPath(new URL('worker.ts', import.meta.url)),
      startRunHandler: 'startRun',
      memorySize: 1_024,
    })

    const documents = new Bucket(this, 'Documents', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      lifecycleRules: [{ prefix: 'uploads/', expiration: Duration.days(90) }],
    })
    documents.grantRead(flows, 'uploads/*')
    documents.grantPut(flows, 'results/*')

    // As `eventBridgeEnabled: true`, without the function that the CDK would add to set it.
    const bucket = documents.node.defaultChild as CfnBucket
    bucket.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } }

    // Results are in the same bucket: without the prefix they would start runs too.
    const uploaded = new Rule(this, 'Uploaded', {
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: { bucket: { name: [documents.bucketName] }, object: { key: [{ prefix: 'uploads/' }] } },
      },
    })
    // The run's id is made from the event's, so that an event which is delivered twice starts one run.
    uploaded.addTarget(
      new StartRunTarget(flows, {
        blueprintId: 'document',
        input: RuleTargetInput.fromObject({
          bucket: EventField.fromPath('$.detail.bucket.name'),
          key: EventField.fromPath('$.detail.object.key'),
        }),
      }),
    )

    new CfnOutput(this, 'DocumentsBucket', { value: documents.bucketName })
    new CfnOutput(this, 'StartRun', { value: flows.startRun.function.functionName })
  }
}

import { Duration, type Stack } from 'aws-cdk-lib'
import { type IVpc, Port, type SecurityGroup } from 'aws-cdk-lib/aws-ec2'
import { LambdaInsightsVersion, LayerVersion } from 'aws-cdk-lib/aws-lambda'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { FlowcraftService } from 'flowcraft-aws/constructs'

export function invoices(stack: Stack, entry: string, vpc: IVpc, uploads: IBucket, db: SecurityGroup) {
  const flows = new FlowcraftService(stack, 'Invoices', {
    entry,
    vpc,
    timeout: Duration.minutes(5),
    // Any prop of the CDK's Function, merged last.
    workerProps: {
      layers: [
        LayerVersion.fromLayerVersionArn(
          stack,
          'Fonts',
          'arn:aws:lambda:eu-central-1:111122223333:layer:fonts:3',
        ),
      ],
      insightsVersion: LambdaInsightsVersion.VERSION_1_0_498_0,
    },
    startRunProps: { memorySize: 256 },
  })
  // The workers of all pools, functions and containers alike.
  uploads.grantRead(flows)
  flows.connections.allowTo(db, Port.POSTGRES)
  flows.addEnvironment('UPLOADS', uploads.bucketName)
  return flows
}

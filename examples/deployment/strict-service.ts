import type { IVpc } from 'aws-cdk-lib/aws-ec2'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import { FlowcraftService } from 'flowcraft-aws/constructs'

/** What the company has already. */
export interface Company {
  readonly vpc: IVpc
  readonly encryptionKey: IKey
  readonly accessLogs: IBucket
  readonly people: ITopic
  readonly deadLetterQueue: IQueue
}

export function strictService(scope: Construct, entry: string, company: Company): FlowcraftService {
  const { vpc, encryptionKey, accessLogs, people, deadLetterQueue } = company
  return new FlowcraftService(scope, 'Strict', {
    entry,
    vpc,
    encryptionKey,
    tracing: true,
    alarms: { topic: people },
    valueBucket: { serverAccessLogsBucket: accessLogs, versioned: true },
    // Reserved for one function is taken from all others of the account.
    reservedConcurrency: 50,
    maxConcurrency: 50,
    workerProps: { deadLetterQueue },
    startRunProps: { deadLetterQueue, reservedConcurrentExecutions: 10 },
    sweepProps: {
      deadLetterQueue,
      reservedConcurrentExecutions: 1,
      onFailure: new SqsDestination(deadLetterQueue),
    },
  })
}

import { EventBus, EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events'
import type { Bucket } from 'aws-cdk-lib/aws-s3'
import type { IQueue } from 'aws-cdk-lib/aws-sqs'
import { type FlowcraftService, StartRunTarget } from 'flowcraft-aws/constructs'

/** Starts a run for each file of a bucket, and for each payment that Stripe tells. */
export function startByEvents(
  flows: FlowcraftService,
  uploads: Bucket,
  stripe: string,
  undelivered: IQueue,
): void {
  uploads.enableEventBridgeNotification()
  const uploaded = new Rule(flows, 'Uploaded', {
    eventPattern: {
      source: ['aws.s3'],
      detailType: ['Object Created'],
      detail: { bucket: { name: [uploads.bucketName] } },
    },
  })
  uploaded.addTarget(
    new StartRunTarget(flows, {
      blueprintId: 'import-file',
      input: RuleTargetInput.fromObject({ key: EventField.fromPath('$.detail.object.key') }),
    }),
  )

  const paid = new Rule(flows, 'Paid', {
    eventBus: EventBus.fromEventBusName(flows, 'Stripe', stripe),
    eventPattern: { detailType: ['payment_intent.succeeded'] },
  })
  paid.addTarget(
    new StartRunTarget(flows, {
      blueprintId: 'order-fulfilment',
      // Stripe gives an event that it sends again the same id, in the detail; EventBridge gives it another.
      runId: EventField.fromPath('$.detail.id'),
      input: RuleTargetInput.fromEventPath('$.detail.data.object'),
      deadLetterQueue: undelivered,
    }),
  )
}

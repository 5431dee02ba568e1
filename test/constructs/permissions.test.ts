import { Key } from 'aws-cdk-lib/aws-kms'
import { describe, expect, it } from 'vitest'
import { entry, IN_REGION, permissionsOf, synthesise } from './support.ts'

/** Who may write traces, and how. */
function xrayOf(tracing: boolean | undefined): string[] {
  return permissionsOf(synthesise({ entry, webhook: {}, tracing }).template)
    .filter((line) => line.includes('xray'))
    .map((line) => line.replace('Flows', ''))
}

describe('each permission of a service', () => {
  it('is in this list', () => {
    const { template } = synthesise({ entry, webhook: {} })
    expect(permissionsOf(template).map((line) => line.replace('Flows', ''))).toEqual([
      'WebhookRole: logs:CreateLogStream logs:PutLogEvents on <FlowsWebhookLogs.Arn>',
      'WebhookRole: dynamodb:GetItem on <FlowsState.Arn>',
      'WebhookRole: dynamodb:PutItem on <FlowsState.Arn> if dynamodb:LeadingKeys is R#*',
      'WebhookRole: s3:PutObject on <FlowsValues.Arn>/runs/*',
      'WebhookRole: sqs:SendMessage on <FlowsJobs.Arn>',
      'WorkerRole: logs:CreateLogStream logs:PutLogEvents on <FlowsWorkerLogs.Arn>',
      'WorkerRole: dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem on <FlowsState.Arn>',
      'WorkerRole: s3:GetObject on <FlowsValues.Arn>/runs/*',
      'WorkerRole: s3:ListBucket on <FlowsValues.Arn>',
      'WorkerRole: s3:PutObject on <FlowsValues.Arn>/runs/*',
      'WorkerRole: sqs:SendMessage on <FlowsJobs.Arn>',
      'WorkerRole: sqs:SendMessage on <FlowsJobsDeadLetters.Arn>',
      'WorkerRole: events:PutEvents on <FlowsEvents.Arn>',
      'WorkerRole: sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage on <FlowsJobs.Arn>',
      'StartRunRole: logs:CreateLogStream logs:PutLogEvents on <FlowsStartRunLogs.Arn>',
      'StartRunRole: dynamodb:GetItem on <FlowsState.Arn>',
      'StartRunRole: dynamodb:PutItem on <FlowsState.Arn> if dynamodb:LeadingKeys is R#* or L#*',
      'StartRunRole: s3:PutObject on <FlowsValues.Arn>/runs/*',
      'StartRunRole: sqs:SendMessage on <FlowsJobs.Arn>',
      'SweepRole: logs:CreateLogStream logs:PutLogEvents on <FlowsSweepLogs.Arn>',
      'SweepRole: dynamodb:GetItem dynamodb:UpdateItem on <FlowsState.Arn>',
      'SweepRole: dynamodb:Query on <FlowsState.Arn>/index/due',
      'SweepRole: dynamodb:Query on <FlowsState.Arn> if dynamodb:LeadingKeys is H#*',
      'SweepRole: sqs:SendMessage on <FlowsJobs.Arn>',
      'SweepRole: sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:ReceiveMessage sqs:SendMessage on <FlowsJobsDeadLetters.Arn>',
    ])
  })

  it('has those of X-Ray for each function with tracing only', () => {
    expect(xrayOf(undefined)).toEqual([])
    const rights = 'xray:PutTelemetryRecords xray:PutTraceSegments on *'
    expect(xrayOf(true).toSorted()).toEqual(
      ['StartRun', 'Sweep', 'Webhook', 'Worker'].map((name) => `${name}Role: ${rights}`),
    )
  })

  it("names no action by a wildcard, also with a customer's key", () => {
    const { template } = synthesise(
      (stack) => ({ entry, encryptionKey: new Key(stack, 'Key') }),
      undefined,
      IN_REGION,
    )
    const lines = permissionsOf(template)
    expect(lines.filter((line) => / kms:/.test(line)).length).toBeGreaterThan(3)
    expect(lines.filter((line) => /: .*\*.* on /.test(line))).toEqual([])
  })
})

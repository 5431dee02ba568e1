/** The stack as it is deployed, and an order through it on the local AWS: no account, no Docker. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { RunClient } from 'flowcraft-aws'
import { type LocalAws, type LocalStack, startLocalAws } from 'flowcraft-aws/local'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Flows } from './flows.js'
import { OrderStack } from './stack.js'

let assembly: string
let template: Template

beforeAll(async () => {
  assembly = await mkdtemp(join(tmpdir(), 'order-approval-'))
  const app = new App({ outdir: assembly })
  const { stackName } = new OrderStack(app, 'OrderApproval')
  template = Template.fromJSON(app.synth().getStackByName(stackName).template)
})
afterAll(() => rm(assembly, { recursive: true }))

it('asks when an order begins to wait', () => {
  template.hasResourceProperties('AWS::Events::Rule', {
    EventPattern: { 'detail-type': ['Flowcraft Run Waiting'], detail: { nodeId: ['approval'] } },
    Targets: [Match.objectLike({ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Ask'), 'Arn'] } })],
  })
})

describe('on the local AWS', () => {
  let aws: LocalAws
  let stack: LocalStack
  beforeAll(async () => {
    aws = await startLocalAws()
    stack = await aws.deploy({ assembly })
  })
  afterAll(() => aws.stop())

  it('a large order waits until somebody who was asked has approved it', async () => {
    const client = new RunClient<Flows>(stack.connection())
    const { runId } = await client.start({ blueprintId: 'order', input: { orderId: 'A-18', cents: 400_000 } })
    const asked = await vi.waitUntil(
      () => stack.function('AskFunction').logs.find((line) => line.includes(runId)),
      {
        timeout: 60_000,
      },
    )
    expect(JSON.parse(asked)).toMatchObject({ nodeId: 'approval', actions: ['approve', 'refuse'] })

    await client.resume(runId, { nodeId: 'approval', action: 'approve' })

    const { status, context, cost } = await client.waitFor(runId)
    expect([status, context['ship']]).toEqual([
      'completed',
      { parcel: 'parcel-A-18', receipt: 'receipt-A-18' },
    ])
    // The README says what one costs. Of Lambda it depends on the machine.
    const { dynamodb, sqs, s3, eventbridge } = cost!.byService
    expect(dynamodb + sqs + s3 + eventbridge).toBeLessThan(0.000015)
  })
})

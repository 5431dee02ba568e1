/** The stack as it is deployed, and trips through it on the local AWS: no account, no Docker. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { RunClient } from 'flowcraft-aws'
import { type LocalAws, type LocalStack, startLocalAws } from 'flowcraft-aws/local'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Flows } from './flows.js'
import { TripStack } from './stack.js'

let assembly: string
let template: Template

beforeAll(async () => {
  assembly = await mkdtemp(join(tmpdir(), 'trips-'))
  const app = new App({ outdir: assembly })
  const { stackName } = new TripStack(app, 'Trips')
  template = Template.fromJSON(app.synth().getStackByName(stackName).template)
})
afterAll(() => rm(assembly, { recursive: true }))

it('tells people of a trip that failed', () => {
  template.hasResourceProperties('AWS::Events::Rule', {
    EventPattern: { detail: { status: ['failed'], blueprintId: ['trip'] } },
  })
})

describe('on the local AWS', () => {
  let aws: LocalAws
  let stack: LocalStack
  beforeAll(async () => {
    aws = await startLocalAws()
    // The local AWS has no topics, and says so.
    stack = await aws.deploy({ assembly, onLog: () => {} })
  })
  afterAll(() => aws.stop())

  it('a trip that cannot be booked is undone', async () => {
    const client = new RunClient<Flows>(stack.connection())
    const { runId } = await client.start({ blueprintId: 'trip', input: { tripId: 'T-2', city: 'Venice' } })

    const { status, context, errors, cost } = await client.waitFor(runId, { timeoutMs: 60_000 })

    expect([status, errors?.map(({ nodeId }) => nodeId)]).toEqual(['failed', ['car']])
    expect(context.returned).toEqual(['hotel', 'flight'])
    // The README says what one costs. Of Lambda it depends on the machine.
    const { dynamodb, sqs, s3, eventbridge } = cost!.byService
    expect(dynamodb + sqs + s3 + eventbridge).toBeLessThan(0.000022)
  })
})

/** The stack as it is deployed, and an agent through it on the local AWS: no account, no Docker. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { RunClient } from 'flowcraft-aws'
import { type LocalAws, type LocalStack, startLocalAws } from 'flowcraft-aws/local'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Flows } from './flows.js'
import { AgentStack } from './stack.js'

let assembly: string
let template: Template

beforeAll(async () => {
  assembly = await mkdtemp(join(tmpdir(), 'agent-'))
  const app = new App({ outdir: assembly })
  const { stackName } = new AgentStack(app, 'Agent')
  template = Template.fromJSON(app.synth().getStackByName(stackName).template)
})
afterAll(() => rm(assembly, { recursive: true }))

it('asks the model from ten functions at most', () => {
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    ScalingConfig: { MaximumConcurrency: 10 },
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

  it('an agent waits for a person, answers, and says what it cost', async () => {
    const client = new RunClient<Flows>(stack.connection())
    const { runId } = await client.start({
      blueprintId: 'agent',
      input: { question: 'The kettle of order A-17 leaks.' },
      maxUsd: 0.5,
    })
    await vi.waitUntil(
      async () => (await client.get(runId)).waiting?.some(({ nodeId }) => nodeId === 'approval'),
      {
        timeout: 60_000,
      },
    )

    await client.resume(runId, { nodeId: 'approval', action: 'approve' })

    const { status, context, cost } = await client.waitFor(runId)
    expect([status, context['answer']]).toEqual(['completed', 'The money for order A-17 was given back.'])
    // The README says what one costs. Of Lambda it depends on the machine.
    const { dynamodb, sqs, s3, eventbridge } = cost!.byService
    expect(dynamodb + sqs + s3 + eventbridge).toBeLessThan(0.00002)
    expect(cost?.other).toEqual({ model: 0.006 })
  })
})

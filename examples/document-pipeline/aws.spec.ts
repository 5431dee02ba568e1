/** The stack as it is deployed, and a document through it on the local AWS: no account, no Docker. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { RunClient } from 'flowcraft-aws'
import { type LocalAws, type LocalStack, startLocalAws } from 'flowcraft-aws/local'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { documentsInS3 } from './documents.js'
import type { Flows } from './flows.js'
import { DocumentStack } from './stack.js'

let assembly: string
let template: Template

beforeAll(async () => {
  assembly = await mkdtemp(join(tmpdir(), 'documents-'))
  const app = new App({ outdir: assembly })
  const { stackName } = new DocumentStack(app, 'Documents')
  template = Template.fromJSON(app.synth().getStackByName(stackName).template)
})
afterAll(() => rm(assembly, { recursive: true }))

it('has a bucket that tells EventBridge, and a rule for its uploads alone', () => {
  template.hasResourceProperties('AWS::S3::Bucket', {
    NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
  })
  template.hasResourceProperties('AWS::Events::Rule', {
    EventPattern: { source: ['aws.s3'], detail: { object: { key: [{ prefix: 'uploads/' }] } } },
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

  it('an upload starts a run, whose pages are too large for an item', async () => {
    const bucket = stack.output('DocumentsBucket')
    const client = new RunClient<Flows>(stack.connection())
    const documents = documentsInS3(aws.clients.s3Client)
    // 200 lines that do not compress: more than an item of DynamoDB holds.
    const lines = Array.from({ length: 200 }, () => randomBytes(3_000).toString('base64'))
    await documents.write({ bucket, key: 'uploads/long.txt' }, lines.join('\n'))

    const { id } = await vi.waitUntil(() => aws.events.find(({ source }) => source === 'aws.s3'), {
      timeout: 60_000,
    })
    const runId = `document:${id}`
    await vi.waitUntil(() => client.get(runId).catch(() => false), { timeout: 60_000 })
    const { status, context, cost } = await client.waitFor(runId)

    expect(status).toBe('completed')
    expect(context.pages?.join('').length).toBeGreaterThan(400 * 1_024)
    const written = await documents.read({ bucket, key: 'results/long.txt.json' })
    expect(JSON.parse(written)).toMatchObject({ pages: 5 })
    // What it wrote is in the bucket too, and started nothing.
    expect(aws.events.filter(({ source }) => source === 'aws.s3')).toHaveLength(2)
    expect((await client.list()).runs).toHaveLength(1)
    // The README says what one costs. Of Lambda it depends on the machine.
    const { lambda, ...others } = cost!.byService
    expect(Object.values(others).reduce((sum, usd) => sum + usd, 0)).toBeLessThan(0.0005)
    expect(lambda).toBeGreaterThan(0)
    expect(cost?.requests.s3).toBeGreaterThan(0)
  })
})

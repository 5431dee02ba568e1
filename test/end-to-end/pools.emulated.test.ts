import { createFlow, type NodeContext } from 'flowcraft'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SqsAdapter } from '../../lib/index.ts'
import { awsOptions, clientOf, deploy, type TestDeployment } from '../support/service.ts'

let deployment: TestDeployment
let heavyQueueUrl: string
const ranIn = new Map<string, string[]>()
const noted = (where: string, what: string) => ranIn.set(what, [...(ranIn.get(what) ?? []), where])

/** The flows as the workers of one pool have them: each node notes where it ran. */
const flowsIn = (pool: string) => [
  createFlow('video')
    .node('upload', async () => (noted(pool, 'upload'), { output: 1 }))
    .node('transcode', async ({ input }: NodeContext) => (noted(pool, 'transcode'), { output: `${input}!` }))
    .node('publish', async ({ input }: NodeContext) => (noted(pool, 'publish'), { output: `${input}?` }))
    .edge('upload', 'transcode')
    .edge('transcode', 'publish'),
  createFlow('photos')
    .node('list', async () => (noted(pool, 'list'), { output: [1, 2, 3] }))
    .batch(
      'resize',
      async ({ input }: NodeContext) => (noted(pool, 'resize'), { output: Number(input) * 2 }),
      {
        inputKey: 'list',
        outputKey: 'sizes',
      },
    )
    .edge('list', 'resize_scatter'),
]

let workers: SqsAdapter[]
const pools = () => ({ heavy: { queueUrl: heavyQueueUrl, nodes: ['transcode', 'resize'] } })

beforeAll(async () => {
  deployment = await deploy()
  heavyQueueUrl = (await deployment.aws.createQueue({ visibilityTimeoutSeconds: 30 })).queueUrl
  const adapter = (pool?: string) =>
    new SqsAdapter({
      ...awsOptions(deployment),
      flows: flowsIn(pool ?? 'default'),
      concurrency: 3,
      pools: pools(),
      pool,
    })
  workers = [adapter(), adapter('heavy')]
  for (const worker of workers) worker.start()
})
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop()))
  await deployment.aws[Symbol.asyncDispose]()
})

describe('worker pools', () => {
  it('run each node of a chain in its own pool', async () => {
    const client = clientOf(deployment, { flows: flowsIn('client'), pools: pools() })
    const { runId } = await client.start({ blueprintId: 'video' })

    const { status, context } = await client.waitFor(runId, { timeoutMs: 60_000 })

    expect({ status, output: context['publish'] }).toEqual({ status: 'completed', output: '1!?' })
    expect(ranIn.get('upload')).toEqual(['default'])
    expect(ranIn.get('transcode')).toEqual(['heavy'])
    expect(ranIn.get('publish')).toEqual(['default'])
  })

  it('run the items of a batch in the pool of the batch, and what surrounds them in the default one', async () => {
    const client = clientOf(deployment, { flows: flowsIn('client'), pools: pools() })
    const { runId } = await client.start({ blueprintId: 'photos' })

    const { status, context } = await client.waitFor(runId, { timeoutMs: 60_000 })

    expect({ status, sizes: context['sizes'] }).toEqual({ status: 'completed', sizes: [2, 4, 6] })
    expect(ranIn.get('list')).toEqual(['default'])
    expect(ranIn.get('resize')).toEqual(['heavy', 'heavy', 'heavy'])
  })

  it('pass on a job that a client without pools put into the wrong queue', async () => {
    ranIn.clear()
    const job = { runId: 'raw-1', blueprintId: 'single', nodeId: 'transcode' }
    const invocation = { deadline: () => Date.now() + 30_000, extendsLease: false }
    await Promise.all(workers.map((worker) => worker.stop()))

    expect(await singleIn().process(job, invocation)).toEqual({ kind: 'acknowledge' })
    expect(ranIn.get('single')).toBeUndefined()
    const heavy = singleIn('heavy')
    heavy.start()
    workers = [heavy]

    await expect.poll(() => statusOf('raw-1'), { timeout: 60_000 }).toBe('completed')
    expect(ranIn.get('single')).toEqual(['heavy'])
  })

  it('run a job that was passed on once, whatever they think of it', async () => {
    const job = { runId: 'raw-2', blueprintId: 'video', nodeId: 'upload', passedOn: 'upload' }
    ranIn.clear()
    const heavy = new SqsAdapter({
      ...awsOptions(deployment),
      flows: flowsIn('heavy'),
      pools: pools(),
      pool: 'heavy',
    })

    await heavy.process(job, { deadline: () => Date.now() + 30_000, extendsLease: false })

    expect(ranIn.get('upload')).toEqual(['heavy'])
  })
})

const single = (where: string) =>
  createFlow('single').node('transcode', async () => (noted(where, 'single'), { output: 1 }))

async function statusOf(runId: string): Promise<string | undefined> {
  return (
    await clientOf(deployment)
      .get(runId)
      .catch(() => undefined)
  )?.status
}

function singleIn(pool?: string): SqsAdapter {
  return new SqsAdapter({
    ...awsOptions(deployment),
    flows: [single(pool ?? 'default')],
    pools: pools(),
    pool,
  })
}

/** Starting and watching runs. */
import { randomBytes } from 'node:crypto'
import { ScanCommand } from '@aws-sdk/client-dynamodb'
import { createFlow } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import {
  createStartRunHandler,
  type ResumeRequest,
  RunClient,
  type StartRunRequest,
} from '../../lib/index.ts'
import type { LocalAws } from '../../lib/local/index.ts'
import { tagged } from '../core/values/serializers.ts'
import { depth, drain, jobOf, quiet, receive, remove } from '../end-to-end/driver.ts'
import { eachDeployment } from '../support/each-deployment.ts'
import { adapterOf, awsOptions, clientOf, type TestDeployment } from '../support/service.ts'

let aws: LocalAws
let deployment: TestDeployment
eachDeployment((made) => {
  deployment = made
  aws = made.aws
})

const order = createFlow('order')
  .node('take', async ({ context }) => ({ output: await context.get('orderId' as never) }))
  .node('check', async () => ({ output: 'checked' }))
  .node('pack', async ({ input }) => ({ output: input }))
  .edge('take', 'pack')
  .edge('check', 'pack')

/** All that a start may change: items of the table, messages in the queue. */
async function everything(): Promise<{ items: string[]; messages: number }> {
  const { Items = [] } = await aws.clients.dynamoDbClient.send(
    new ScanCommand({ TableName: deployment.tableName, ConsistentRead: true }),
  )
  const { visible, hidden } = await depth(deployment, deployment.queueUrl)
  return { items: Items.map(({ pk, sk }) => `${pk?.S} ${sk?.S}`), messages: visible + hidden }
}

describe('start', () => {
  it('with blueprints begins the run and sends a job for each start node', async () => {
    const client = clientOf(deployment, { flows: [order] })

    const result = await client.start({ blueprintId: 'order', runId: 'r1', input: { orderId: 'A-17' } })

    expect(result).toEqual({ runId: 'r1', status: 'running', created: true })
    expect((await receive(deployment)).map(jobOf)).toEqual(
      expect.arrayContaining([
        { runId: 'r1', blueprintId: 'order', nodeId: 'take', iteration: 1 },
        { runId: 'r1', blueprintId: 'order', nodeId: 'check', iteration: 1 },
      ]),
    )
    expect(await client.get('r1')).toMatchObject({
      status: 'running',
      blueprintId: 'order',
      context: { orderId: 'A-17' },
      nodes: { completed: [], active: ['take', 'check'], failed: [], notRun: ['pack'] },
    })
  })

  it('without blueprints accepts the run and leaves it to a worker to begin it', async () => {
    const client = clientOf(deployment)

    const result = await client.start({ blueprintId: 'order', runId: 'r1', input: { orderId: 'A-17' } })

    expect(result).toEqual({ runId: 'r1', status: 'running', created: true })
    expect((await receive(deployment)).map(jobOf)).toEqual([{ runId: 'r1', blueprintId: 'order' }])
    expect(await client.get('r1')).toMatchObject({
      status: 'running',
      context: { orderId: 'A-17' },
      nodes: { completed: [], active: [], failed: [], notRun: [] },
    })
  })

  it('gives a run an id that nobody has', async () => {
    const client = clientOf(deployment)

    const results = await Promise.all([
      client.start({ blueprintId: 'order' }),
      client.start({ blueprintId: 'order' }),
    ])

    expect(new Set(results.map(({ runId }) => runId)).size).toBe(2)
    for (const { runId } of results) expect(runId).toMatch(/^[\da-f-]{36}$/)
  })

  for (const flows of [undefined, [order]]) {
    const how = flows ? 'with' : 'without'

    it(`twice with one id is one run, ${how} blueprints; what was lost is sent again`, async () => {
      const client = clientOf(deployment, { flows })
      await client.start({ blueprintId: 'order', runId: 'r1', input: { orderId: 1 } })
      for (const message of await receive(deployment)) await remove(deployment, message)

      const again = await client.start({ blueprintId: 'order', runId: 'r1', input: { orderId: 1 } })

      expect(again).toEqual({ runId: 'r1', status: 'running', created: false })
      await drain(deployment, adapterOf(deployment, { flows: [order] }))
      expect(await client.get('r1')).toMatchObject({ status: 'completed', context: { orderId: 1, take: 1 } })
    })

    it(`10 times at once is one run, ${how} blueprints`, async () => {
      const client = clientOf(deployment, { flows })

      const results = await Promise.all(
        Array.from({ length: 10 }, () => client.start({ blueprintId: 'order', runId: 'r1' })),
      )

      expect(results.filter(({ created }) => created)).toHaveLength(1)
      await drain(deployment, adapterOf(deployment, { flows: [order] }))
      expect(await client.get('r1')).toMatchObject({ status: 'completed' })
    })

    it(`of a run that is over changes and sends nothing, ${how} blueprints`, async () => {
      const client = clientOf(deployment, { flows })
      await client.start({ blueprintId: 'order', runId: 'r1', input: { orderId: 1 } })
      await drain(deployment, adapterOf(deployment, { flows: [order] }))
      const before = await client.get('r1')

      const again = await client.start({ blueprintId: 'order', runId: 'r1', input: { orderId: 1 } })

      expect(again).toEqual({ runId: 'r1', status: 'completed', created: false })
      expect(await client.get('r1')).toEqual(before)
      expect((await everything()).messages).toBe(0)
    })

    it(`carries an input of 600 KB, ${how} blueprints and bucket`, async () => {
      const bucketName = await aws.createBucket()
      const doc = randomBytes(450 * 1024).toString('base64')
      for (const bucket of [undefined, bucketName]) {
        const client = clientOf(deployment, { flows, bucketName: bucket })
        const runId = `run with ${bucket ? 'a' : 'no'} bucket`.replaceAll(' ', '-')
        await client.start({ blueprintId: 'order', runId, input: { orderId: doc, other: 1 } })

        await drain(deployment, adapterOf(deployment, { flows: [order], bucketName: bucket }))

        const { status, context } = await client.get(runId)
        expect(status).toBe('completed')
        expect(context['take'] === doc && context['orderId'] === doc).toBe(true)
        expect(context['other']).toBe(1)
      }
    })
  }

  it('a second time with another large input is a conflict, and leaves the input of the first', async () => {
    const [first, second] = [1, 2].map(() => randomBytes(3_000).toString('base64'))
    const client = clientOf(deployment, { flows: [order] })
    await client.start({ blueprintId: 'order', runId: 'r1', input: { orderId: first } })

    await expect(
      client.start({ blueprintId: 'order', runId: 'r1', input: { orderId: second } }),
    ).rejects.toMatchObject({ code: 'RUN_CONFLICT' })

    await drain(deployment, adapterOf(deployment, { flows: [order] }))
    const { context } = await client.get('r1')
    expect([context['orderId'] === first, context['take'] === first]).toEqual([true, true])
  })

  it('of a run that could not begin sends nothing either', async () => {
    const client = clientOf(deployment)
    await client.start({ blueprintId: 'nope', runId: 'r1' })
    await drain(deployment, adapterOf(deployment, { flows: [order], logger: quiet }))

    const again = await client.start({ blueprintId: 'nope', runId: 'r1' })

    expect(again).toEqual({ runId: 'r1', status: 'failed', created: false })
    expect((await everything()).messages).toBe(0)
  })

  it('of a run that an older version of the blueprint began goes by that version', async () => {
    const newer = createFlow('order')
      .node('greet', async () => ({}))
      .node('take', async () => ({}))
      .edge('greet', 'take')
    await clientOf(deployment, { flows: [order] }).start({ blueprintId: 'order', runId: 'r1' })
    for (const message of await receive(deployment)) await remove(deployment, message)

    await clientOf(deployment, { flows: [newer] }).start({ blueprintId: 'order', runId: 'r1' })

    const nodes = (await receive(deployment)).map((message) => jobOf(message).nodeId)
    expect(nodes.toSorted()).toEqual(['check', 'take'])
  })

  it('finishes what a start began whose messages could not be sent', async () => {
    const client = clientOf(deployment, { flows: [order] })
    aws.intercept(({ service }) => (service === 'sqs' ? 'reject' : 'forward'))
    await expect(client.start({ blueprintId: 'order', runId: 'r1' })).rejects.toThrow()
    aws.intercept(undefined)
    expect((await everything()).messages).toBe(0)

    expect(await client.start({ blueprintId: 'order', runId: 'r1' })).toMatchObject({ created: false })
    await drain(deployment, adapterOf(deployment, { flows: [order] }))

    expect(await client.get('r1')).toMatchObject({ status: 'completed' })
  })

  it('carries what the serializer carries', async () => {
    const client = clientOf(deployment, { serializer: tagged })
    await client.start({ blueprintId: 'order', runId: 'r1', input: { orderId: new Date(5) } })

    await drain(deployment, adapterOf(deployment, { flows: [order], serializer: tagged }))

    const { context } = await client.get('r1')
    expect([context['orderId'], context['take']]).toEqual([new Date(5), new Date(5)])
  })

  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  const manyKeys = Array.from({ length: 3_000 }, (_, at) => `key ${at}`.padEnd(60, '.'))
  const bad: [what: string, request: unknown, code: string, message: string | RegExp][] = [
    [
      'nothing',
      undefined,
      'INVALID_INPUT',
      'cannot start a run: expected { blueprintId, input?, runId?, labels?, startAt? or delayMs? }; got undefined',
    ],
    ['a name', 'order', 'INVALID_INPUT', "got 'order'"],
    ['a list', ['order'], 'INVALID_INPUT', 'got ["order"]'],
    [
      'no blueprint',
      {},
      'INVALID_INPUT',
      'blueprintId must be a string of 1 to 500 characters; got undefined',
    ],
    ['an empty blueprint', { blueprintId: '' }, 'INVALID_INPUT', "got ''"],
    ['a number for a blueprint', { blueprintId: 7 }, 'INVALID_INPUT', 'got 7'],
    ['a run id with a blank', { blueprintId: 'order', runId: 'a b' }, 'INVALID_INPUT', "got 'a b'"],
    [
      'a run id that is too long',
      { blueprintId: 'order', runId: 'x'.repeat(201) },
      'INVALID_INPUT',
      '1 to 200 characters',
    ],
    ['no run id but null', { blueprintId: 'order', runId: null }, 'INVALID_INPUT', 'got null'],
    [
      'a list for an input',
      { blueprintId: 'order', input: [1] },
      'INVALID_INPUT',
      "input must be a plain object, whose keys become the context's; got [1]",
    ],
    ['null for an input', { blueprintId: 'order', input: null }, 'INVALID_INPUT', 'got null'],
    ['a text for an input', { blueprintId: 'order', input: '{}' }, 'INVALID_INPUT', "got '{}'"],
    [
      'all of that at once',
      { blueprintId: 1, runId: 2, input: 3 },
      'INVALID_INPUT',
      /blueprintId .* got 1\n- runId .* got 2\n- input .* got 3$/,
    ],
    [
      'an input that cannot be carried',
      { blueprintId: 'order', input: { large: 'x'.repeat(1_000), fn: () => 1 } },
      'INVALID_INPUT',
      "the serializer cannot carry input 'fn': it is a function",
    ],
    [
      'an input that refers to itself',
      { blueprintId: 'order', input: { large: 'x'.repeat(1_000), cycle } },
      'INVALID_INPUT',
      "the serializer cannot carry input 'cycle'",
    ],
  ]
  for (const [what, request, code, message] of bad) {
    it(`of ${what} is an error that says so, and changes nothing`, async () => {
      for (const flows of [undefined, [order]]) {
        const client = clientOf(deployment, { flows })
        // The version of a blueprint is stored when it is first used; that belongs to no run.
        const start = client.start(request as StartRunRequest)

        await expect(start).rejects.toMatchObject({ name: 'FlowcraftAwsError', code })
        await expect(start).rejects.toThrow(message)
        const { items, messages } = await everything()
        expect([items.filter((item) => !item.startsWith('G#')), messages]).toEqual([[], 0])
      }
    })
  }

  it('takes an input of thousands of keys', async () => {
    const input = Object.fromEntries(manyKeys.map((key) => [key, 1]))
    const client = clientOf(deployment)

    const { runId } = await client.start({ blueprintId: 'order', input })

    expect((await client.get(runId)).context).toEqual({ ...input, _executionId: runId })
  })

  it('of an unknown blueprint is an error where the client has blueprints, and changes nothing', async () => {
    const client = clientOf(deployment, { flows: [order] })

    await expect(client.start({ blueprintId: 'nope' })).rejects.toMatchObject({
      code: 'UNKNOWN_BLUEPRINT',
      message: "no blueprint 'nope' here; registered: 'order'",
    })
    expect(await everything()).toEqual({ items: [], messages: 0 })
  })

  it('of another blueprint under the id of a run is an error, and leaves the run as it is', async () => {
    const other = createFlow('other').node('a', async () => ({}))
    const client = clientOf(deployment, { flows: [order, other] })
    const large = 'x'.repeat(1_000)
    await client.start({ blueprintId: 'order', runId: 'r1', input: { large } })
    const before = await client.get('r1')

    const start = client.start({ blueprintId: 'other', runId: 'r1', input: { large: large.toUpperCase() } })

    await expect(start).rejects.toMatchObject({
      code: 'RUN_CONFLICT',
      message: "cannot start 'other': a run 'r1' of blueprint 'order' is there already",
    })
    await expect(
      client.start({ blueprintId: 'order', runId: 'r1', input: { large: `${large}y` } }),
    ).rejects.toMatchObject({
      code: 'RUN_CONFLICT',
      message: "cannot start run 'r1': it was started with another input",
    })
    expect(await client.get('r1')).toEqual(before)
    expect((await everything()).messages).toBe(2)
  })
})

describe('resume', () => {
  const bad: [string, Record<string, unknown>, RegExp][] = [
    ['a node id', { nodeId: 7 }, /^cannot resume a run: nodeId must be a string; got 7$/],
    ['an action', { action: true }, /action must be a string; got true$/],
    ['an idempotency key', { idempotencyKey: {} }, /idempotencyKey must be a string; got \{\}$/],
    ['all of them', { nodeId: 1, action: 2, idempotencyKey: 3 }, /nodeId .* 1\n- action .* 2\n- idem.* 3$/],
  ]
  for (const [what, request, message] of bad) {
    it(`with no text for ${what} is an error that says so, before it looks for the run`, async () => {
      const resume = clientOf(deployment).resume('nope', request as ResumeRequest)

      await expect(resume).rejects.toMatchObject({ code: 'INVALID_INPUT' })
      await expect(resume).rejects.toThrow(message)
    })
  }

  it('takes any output', async () => {
    const resume = clientOf(deployment).resume('nope', { output: [1, { a: 2 }] })

    await expect(resume).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
  })
})

describe('get and waitFor', () => {
  it('say that there is no such run, or that this is no id', async () => {
    const client = clientOf(deployment)

    await expect(client.get('nope')).rejects.toMatchObject({
      code: 'RUN_NOT_FOUND',
      message: "there is no run 'nope'",
    })
    await expect(client.waitFor('nope')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
    for (const id of ['', 'a b', 7 as unknown as string, undefined as unknown as string]) {
      await expect(client.get(id)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
      await expect(client.waitFor(id)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    }
  })

  it('wait no longer than they are told', async () => {
    const client = clientOf(deployment, { flows: [order] })
    await client.start({ blueprintId: 'order', runId: 'r1' })
    const before = Date.now()

    await expect(client.waitFor('r1', { timeoutMs: 120 })).rejects.toMatchObject({
      code: 'RUN_TIMEOUT',
      message: "run 'r1' did not end within 120 ms: node 'take' is to run, node 'check' is to run",
    })
    expect(Date.now() - before).toBeGreaterThanOrEqual(115)
  })

  it('give the run as it ended, to a client without blueprints as to one with', async () => {
    const flow = createFlow('mixed')
      .node('good', async () => ({ output: 1 }))
      .node('bad', async () => {
        throw new Error('no good', { cause: new Error('no network') })
      })
      .node('never', async () => ({}))
      .edge('bad', 'never')
    const before = Date.now()
    await clientOf(deployment).start({ blueprintId: 'mixed', runId: 'r1', input: { in: 1 } })
    await drain(deployment, adapterOf(deployment, { flows: [flow], logger: quiet }))

    const run = await clientOf(deployment).waitFor('r1')

    expect(run).toMatchObject({
      runId: 'r1',
      blueprintId: 'mixed',
      status: 'failed',
      context: { in: 1, good: 1, '_outputs.good': 1, _executionId: 'r1' },
      errors: [{ nodeId: 'bad' }],
      nodes: { completed: ['good'], active: [], failed: ['bad'], notRun: ['never'] },
    })
    expect(JSON.stringify(run.errors)).toContain('no network')
    expect(run).not.toHaveProperty('reason')
    expect(run.startedAt.getTime()).toBeGreaterThanOrEqual(before)
    expect(run.endedAt?.getTime()).toBeGreaterThanOrEqual(run.startedAt.getTime())
    expect(await clientOf(deployment, { flows: [flow] }).get('r1')).toEqual(run)
  })
})

describe('a client', () => {
  it('says at once what is missing or wrong', () => {
    const config = { sqsClient: aws.clients.sqsClient, dynamoDbClient: aws.clients.dynamoDbClient }
    expect(() => new RunClient(config)).toThrow(/queueUrl is missing[\s\S]*tableName is missing/)
    const bad = createFlow('bad')
      .node('a', async () => ({}))
      .edge('a', 'b')
    expect(() => clientOf(deployment, { flows: [bad] })).toThrow('cannot register the blueprints')
  })
})

describe('the StartRun function', () => {
  it('starts a run from its event', async () => {
    const handler = createStartRunHandler({ ...awsOptions(deployment), flows: [order] })

    const result = await handler({ blueprintId: 'order', runId: 'r1', input: { orderId: 7 } })

    expect(result).toEqual({ runId: 'r1', status: 'running', created: true })
    expect(JSON.parse(JSON.stringify(result))).toEqual(result)
    await drain(deployment, adapterOf(deployment, { flows: [order] }))
    expect(await clientOf(deployment).get('r1')).toMatchObject({ status: 'completed', context: { take: 7 } })
  })

  it('starts no second run where Lambda repeats an invocation that names none', async () => {
    const handler = createStartRunHandler({ ...awsOptions(deployment), flows: [order] })
    const context = { awsRequestId: '5b5d3c2e-7f0a-4c57-9a58-0a8f6f2f4d11' }

    const first = await handler({ blueprintId: 'order' }, context)
    const second = await handler({ blueprintId: 'order' }, context)

    expect(first).toMatchObject({ runId: context.awsRequestId, created: true })
    expect(second).toMatchObject({ runId: context.awsRequestId, created: false })
  })

  it('fails with what is wrong with its event', async () => {
    const handler = createStartRunHandler({ ...awsOptions(deployment), flows: [order] })

    await expect(handler({ Records: [] } as unknown as StartRunRequest)).rejects.toThrow(
      'cannot start a run: blueprintId must be a string of 1 to 500 characters; got undefined',
    )
    await expect(handler({ blueprintId: 'nope' })).rejects.toThrow("no blueprint 'nope' here")
    expect(await everything()).toEqual({ items: [], messages: 0 })
  })
})

/** Runs that wait and sleep, over real queues and tables. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeContext } from 'flowcraft'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createSweepHandler } from '../../lib/index.ts'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { graph, type Setup, trail, value } from '../conformance/case.ts'
import { eachDeployment } from '../support/each-deployment.ts'
import { awsOptions, type TestDeployment } from '../support/service.ts'
import { deployOn, Gate, quiet } from './driver.ts'
import { Durable, sentJobs } from './durable.ts'
import { engines } from './engines.ts'

let aws: LocalAws
let deployment: TestDeployment
eachDeployment((made) => {
  deployment = made
  aws = made.aws
})
afterEach(() => {
  vi.useRealTimers()
})

const MINUTES = 60_000
const DAYS = 24 * 60 * MINUTES

/** ask -> wait -> yes or no. */
const approval = (): Setup =>
  graph({ ask: value('please'), wait: { run: 'wait' }, yes: trail('yes'), no: trail('no') }, [
    'ask>wait',
    'wait>yes:approve',
    'wait>no:reject',
  ])

const sleeping = (duration: string | number): Setup =>
  graph({ start: value('go'), sleep: { run: 'sleep', params: { duration } }, end: trail('end') }, [
    'start>sleep',
    'sleep>end',
  ])

/** Lets time pass for this process and for the queue that runs in it. */
function pass(ms: number): void {
  vi.setSystemTime(Date.now() + ms)
}

describe('a wait', () => {
  it('goes on with what resume gives: the action takes its edge, the output is the node’s', async () => {
    const durable = new Durable(deployment, approval())
    const runId = await durable.start()
    expect(await durable.client.get(runId)).toMatchObject({
      status: 'awaiting',
      nodes: { completed: ['ask'], active: ['wait'] },
      waiting: [{ nodeId: 'wait', reason: 'external_event' }],
    })

    const resumed = await durable.client.resume(runId, { action: 'approve', output: { by: 'Ada' } })

    expect(resumed).toEqual({ resumed: true })
    const run = await durable.finish(runId)
    expect(run).toMatchObject({
      status: 'completed',
      context: { wait: { by: 'Ada' }, yes: ['yes', { by: 'Ada' }] },
      nodes: { completed: ['ask', 'wait', 'yes'], notRun: ['no'] },
    })
    expect(run).not.toHaveProperty('waiting')
  })

  it('takes the other edge with the other action', async () => {
    const durable = new Durable(deployment, approval())
    const runId = await durable.start()

    await durable.client.resume(runId, { action: 'reject' })

    const run = await durable.finish(runId)
    expect(run.nodes).toMatchObject({ completed: ['ask', 'wait', 'no'], notRun: ['yes'] })
  })

  it('takes null, false, 0 and an empty text for an output', async () => {
    for (const output of [null, false, 0, '']) {
      const durable = new Durable(
        deployment,
        graph({ wait: { run: async (call: NodeContext) => waitAfter(call, 'its own') }, end: trail('end') }, [
          'wait>end',
        ]),
      )
      const runId = await durable.start()

      await durable.client.resume(runId, { output })

      expect((await durable.finish(runId)).context).toMatchObject({ wait: output, end: ['end', output] })
    }
  })

  it('has the output that the node itself gave, where resume gives none', async () => {
    const durable = new Durable(
      deployment,
      graph({ wait: { run: async (call: NodeContext) => waitAfter(call, 'its own') }, end: trail('end') }, [
        'wait>end',
      ]),
    )
    const runId = await durable.start()

    await durable.client.resume(runId)

    expect((await durable.finish(runId)).context).toMatchObject({ wait: 'its own', end: ['end', 'its own'] })
  })

  it('goes on at once where the event came before it', async () => {
    const gate = new Gate()
    const durable = new Durable(
      deployment,
      graph(
        {
          slow: async () => {
            await gate.passed
            return { output: 'slow' }
          },
          wait: { run: 'wait' },
          end: trail('end'),
        },
        ['slow>wait', 'wait>end'],
      ),
    )
    const { runId } = await durable.client.start({ blueprintId: 'case' })
    const working = durable.work()
    await vi.waitFor(async () => expect((await durable.client.get(runId)).nodes.active).toEqual(['slow']), {
      timeout: 60_000,
    })

    expect(await durable.client.resume(runId, { nodeId: 'wait', output: 'early' })).toEqual({ resumed: true })
    expect(await durable.client.resume(runId, { nodeId: 'wait', output: 'too' })).toEqual({ resumed: false })
    gate.open()
    await working

    expect(await durable.client.get(runId)).toMatchObject({
      status: 'completed',
      context: { wait: 'early', end: ['end', 'early'] },
    })
  })

  it('takes one event of ten that come at once, and none after it', async () => {
    const durable = new Durable(deployment, approval())
    const runId = await durable.start()

    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        durable.client.resume(runId, { nodeId: 'wait', action: 'approve', output: at }),
      ),
    )

    const first = answers.findIndex(({ resumed }) => resumed)
    expect(answers.filter(({ resumed }) => resumed)).toHaveLength(1)
    expect((await durable.finish(runId)).context['wait']).toBe(first)
    const late = await durable.client.resume(runId, { nodeId: 'wait', action: 'approve' })
    expect(late).toEqual({ resumed: false })
  })

  it('says that its event was taken though the answer of the table was lost', async () => {
    const durable = new Durable(deployment, approval())
    const runId = await durable.start()
    aws.intercept(({ operation, count }) => (operation === 'PutItem' && count === 1 ? 'lose' : 'forward'))

    const resumed = await durable.client.resume(runId, { action: 'approve', output: 'mine' })

    expect(resumed).toEqual({ resumed: true })
    expect(await durable.client.resume(runId, { nodeId: 'wait', action: 'approve', output: 'mine' })).toEqual(
      {
        resumed: false,
      },
    )
    expect((await durable.finish(runId)).context['wait']).toBe('mine')
  })

  it('goes on when resume is called again, where the first call died before it sent the job', async () => {
    const durable = new Durable(deployment, approval())
    const runId = await durable.start()
    aws.intercept(({ service }) => (service === 'sqs' ? 'reject' : 'forward'))
    await expect(durable.client.resume(runId, { action: 'approve' })).rejects.toThrow('SendMessageBatch')
    aws.intercept(undefined)

    expect(await durable.client.resume(runId, { action: 'reject' })).toEqual({ resumed: false })

    expect((await durable.finish(runId)).nodes.completed).toEqual(['ask', 'wait', 'yes'])
  })

  it('beside others is resumed by its name, one after the other', async () => {
    const durable = new Durable(
      deployment,
      graph({ start: value('go'), wait1: { run: 'wait' }, wait2: { run: 'wait' }, join: value('joined') }, [
        'start>wait1',
        'start>wait2',
        'wait1>join',
        'wait2>join',
      ]),
    )
    const runId = await durable.start()
    await expect(durable.client.resume(runId)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: `cannot resume run '${runId}': name one of the nodes that wait: 'wait1', 'wait2'`,
    })

    await durable.client.resume(runId, { nodeId: 'wait2', output: 2 })
    await durable.work()
    expect(await durable.client.get(runId)).toMatchObject({
      status: 'awaiting',
      waiting: [{ nodeId: 'wait1', reason: 'external_event' }],
      nodes: { completed: ['start', 'wait2'] },
    })
    await durable.client.resume(runId, { output: 1 })

    expect((await durable.finish(runId)).context).toMatchObject({ wait1: 1, wait2: 2, join: 'joined' })
  })

  it('takes the event that is given to it, whatever others have the same eventName', async () => {
    const params = { eventName: 'paid' }
    const durable = new Durable(
      deployment,
      graph(
        {
          wait1: { run: 'wait', params },
          wait2: { run: 'wait', params },
          other: { run: 'wait' },
          end: trail('end'),
        },
        ['wait1>end', 'wait2>end'],
      ),
    )
    const runId = await durable.start()

    await durable.client.resume(runId, { nodeId: 'wait1', output: 1 })
    await durable.work()

    expect(await durable.client.get(runId)).toMatchObject({
      context: { wait1: 1 },
      waiting: [{ nodeId: 'wait2' }, { nodeId: 'other' }],
    })
    expect(await durable.client.resume(runId, { nodeId: 'wait1' })).toEqual({ resumed: false })
    expect(await durable.client.resume(runId, { nodeId: 'wait2', output: 2 })).toEqual({ resumed: true })
    await durable.work()
    expect(await durable.client.get(runId)).toMatchObject({
      context: { wait1: 1, wait2: 2, end: ['end', 2] },
    })
  })

  it('in a loop takes a call that is repeated under one key for the same call', async () => {
    const durable = new Durable(
      deployment,
      graph(
        {
          start: value('go'),
          wait: { run: 'wait', any: true },
          count: async ({ context, input }) => {
            const seen = ((await context.get('seen')) as unknown[] | undefined) ?? []
            await context.set('seen', [...seen, input])
            await context.set('again', seen.length < 1)
            return { output: input }
          },
          loop: { run: 'loop-controller', params: { condition: 'again' } },
          end: trail('end'),
        },
        ['start>wait', 'wait>count', 'count>loop', 'loop>wait:continue', 'loop>end:break'],
      ),
    )
    const runId = await durable.start()
    const first = { nodeId: 'wait', output: 'first', idempotencyKey: 'call-1' }

    expect(await durable.client.resume(runId, first)).toEqual({ resumed: true })
    await durable.work()
    // Its answer was lost, and the run waits for the next round by now.
    expect(await durable.client.resume(runId, first)).toEqual({ resumed: true })
    await durable.work()
    expect(await durable.client.get(runId)).toMatchObject({
      status: 'awaiting',
      context: { seen: ['first'] },
    })

    const second = { nodeId: 'wait', output: 'second', idempotencyKey: 'call-2' }
    expect(await durable.client.resume(runId, second)).toEqual({ resumed: true })
    expect(await durable.finish(runId)).toMatchObject({ context: { seen: ['first', 'second'] } })
    expect(await durable.client.resume(runId, second)).toEqual({ resumed: true })
    const late = { nodeId: 'wait', output: 'x', idempotencyKey: 'call-3' }
    expect(await durable.client.resume(runId, late)).toEqual({ resumed: false })
  })

  it('that begins the run, or is all of it, can be resumed at once', async () => {
    const durable = new Durable(deployment, graph({ wait: { run: 'wait' } }, []))
    const runId = await durable.start()

    await durable.client.resume(runId, { output: 'done' })

    expect(await durable.finish(runId)).toMatchObject({ status: 'completed', context: { wait: 'done' } })
  })

  it('takes an output of 2 MB, with a bucket and without', async () => {
    const bucketName = await aws.createBucket()
    const output = randomBytes(1.5 * 1024 * 1024).toString('base64')
    for (const bucket of [undefined, bucketName]) {
      const durable = new Durable(deployment, approval(), { bucketName: bucket })
      const runId = await durable.start()

      await durable.client.resume(runId, { action: 'approve', output })

      const { context } = await durable.finish(runId)
      expect(context['wait'] === output).toBe(true)
      expect((context['yes'] as unknown[])[1] === output).toBe(true)
    }
  })
})

/** Waits for an event as the engine's own node does, with an output of its own. */
async function waitAfter({ dependencies }: NodeContext, output: unknown) {
  await dependencies.workflowState.markAsAwaiting('wait', { reason: 'external_event' })
  return { output }
}

describe('resume is an error that says so', () => {
  it('where there is no such run or node, or none that waits', async () => {
    const durable = new Durable(deployment, approval())
    const { client } = durable
    await expect(client.resume('nope')).rejects.toMatchObject({
      code: 'RUN_NOT_FOUND',
      message: "there is no run 'nope'",
    })
    const { runId } = await client.start({ blueprintId: 'case' })
    await expect(client.resume(runId)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: `cannot resume run '${runId}': no worker has begun it yet`,
    })
    await durable.work()
    await expect(client.resume(runId, { nodeId: 'wiat' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: `run '${runId}' has no node 'wiat'; it has 'ask', 'wait', 'yes', 'no'`,
    })

    await client.resume(runId, { action: 'approve' })
    await durable.finish(runId)

    await expect(client.resume(runId)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: `cannot resume run '${runId}': no node waits for an event`,
    })
  })

  it('where this is no id of a run', async () => {
    const { client } = new Durable(deployment, approval())

    for (const id of ['', 'a b', 7 as unknown as string, undefined as unknown as string]) {
      await expect(client.resume(id)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
      await expect(client.cancel(id)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    }
  })

  it('where the output cannot be carried; then the node still waits', async () => {
    const durable = new Durable(deployment, approval())
    const runId = await durable.start()

    const request = { action: 'approve', output: () => 1 }
    await expect(durable.client.resume(runId, request)).rejects.toMatchObject({
      code: 'VALUE_NOT_SERIALIZABLE',
      message: "the serializer cannot carry the output given to node 'wait': it is a function",
    })

    expect(await durable.client.resume(runId, { action: 'approve' })).toEqual({ resumed: true })
  })
})

describe('a sleep', () => {
  it('of a second lasts a second and no worker, by a message that the queue holds back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const durable = new Durable(deployment, sleeping(1_000))
    const { jobs, intercept } = sentJobs()
    aws.intercept(intercept)
    const before = Date.now()

    const runId = await durable.start()

    expect(jobs.at(-1)).toEqual({ nodeId: 'sleep', delay: 1 })
    const [waiting] = (await durable.client.get(runId)).waiting ?? []
    expect(waiting).toMatchObject({ nodeId: 'sleep', reason: 'timer' })
    expect(waiting?.wakeUpAt?.getTime()).toBe(before + 1_000)
    pass(1_000)
    const run = await durable.finish(runId)
    expect(run).toMatchObject({ status: 'completed', context: { sleep: 'go', end: ['end', 'go'] } })
    expect(Number(run.endedAt)).toBe(before + 1_000)
  })

  it('goes on sleeping where its message comes early, or twice', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const durable = new Durable(deployment, sleeping('1s'))
    const runId = await durable.start()

    expect(await durable.adapter.reconcile(runId)).toEqual(new Set(['sleep']))
    await durable.work({ copies: 2 })
    expect(await durable.client.get(runId)).toMatchObject({ status: 'awaiting' })

    pass(1_000)
    const { startedAt, endedAt } = await durable.finish(runId)
    expect(Number(endedAt) - Number(startedAt)).toBe(1_000)
  })

  it('of 15 minutes is held by the queue alone', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const durable = new Durable(deployment, sleeping('15m'))
    const { jobs, intercept } = sentJobs()
    aws.intercept(intercept)
    const runId = await durable.start()
    expect(jobs.at(-1)).toEqual({ nodeId: 'sleep', delay: 900 })

    pass(15 * MINUTES - 2_000)
    await durable.work()
    expect(await durable.client.get(runId)).toMatchObject({ status: 'awaiting' })
    pass(2_000)
    await durable.work()

    expect(await durable.client.get(runId)).toMatchObject({ status: 'completed' })
  })

  for (const [duration, ms] of [
    ['20m', 20 * MINUTES],
    ['30d', 30 * DAYS],
  ] as const) {
    it(`of ${duration} is sent by the sweep once the queue can hold it`, async () => {
      vi.useFakeTimers({ toFake: ['Date'] })
      const durable = new Durable(deployment, sleeping(duration))
      const sweep = createSweepHandler({ ...awsOptions(deployment), logger: quiet })
      const { jobs, intercept } = sentJobs()
      aws.intercept(intercept)
      const runId = await durable.start()
      const sent = jobs.length
      expect(await sweep()).toMatchObject({ runs: 0, jobs: 0 })

      pass(ms - 16 * MINUTES)
      expect(await sweep()).toMatchObject({ runs: 0, jobs: 0 })
      expect(jobs).toHaveLength(sent)
      pass(MINUTES)
      expect(await sweep()).toMatchObject({ runs: 1, jobs: 1 })
      expect(jobs.at(-1)?.nodeId).toBe('sleep')
      expect(jobs.at(-1)?.delay).toBeGreaterThan(890)
      expect(jobs.at(-1)?.delay).toBeLessThanOrEqual(900)
      expect(await sweep()).toMatchObject({ runs: 0, jobs: 0 })
      await durable.work()
      expect(await durable.client.get(runId)).toMatchObject({ status: 'awaiting' })
      pass(15 * MINUTES)
      await durable.work()

      expect(await durable.client.get(runId)).toMatchObject({
        status: 'completed',
        context: { end: ['end', 'go'] },
      })
    })
  }

  it('beside a longer and a shorter one is not forgotten by the sweep', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const durations = { short: '5m', long: '20m', longer: '2h', longest: '3d' }
    const sleeps = Object.entries(durations).map(([id, duration]) => [
      id,
      { run: 'sleep', params: { duration } },
    ])
    const ids = Object.keys(durations)
    const durable = new Durable(
      deployment,
      graph({ start: value('go'), ...Object.fromEntries(sleeps), end: value('end') }, [
        ...ids.map((id) => `start>${id}`),
        ...ids.map((id) => `${id}>end`),
      ]),
    )
    // Without a dead-letter queue: looking there takes a second.
    const awsOnly = { ...awsOptions(deployment), deadLetterQueueUrl: undefined }
    const sweep = createSweepHandler({ ...awsOnly, logger: quiet })
    const { jobs, intercept } = sentJobs()
    aws.intercept(intercept)
    const runId = await durable.start()
    const still: string[][] = []

    for (const minutes of [6, 14 + 1, 100, 3 * 24 * 60]) {
      // A sweep every 5 minutes of this time.
      for (let left = minutes; left > 0; left -= 5) {
        pass(Math.min(left, 5) * MINUTES)
        if (minutes < 200 || left <= 30) await sweep()
        await durable.work()
      }
      const { waiting = [] } = await durable.client.get(runId)
      still.push(waiting.map(({ nodeId }) => nodeId).toSorted())
    }

    // SQS refuses a longer delay.
    expect(Math.max(...jobs.map(({ delay }) => delay))).toBeLessThanOrEqual(900)
    expect(still).toEqual([['long', 'longer', 'longest'], ['longer', 'longest'], ['longest'], []])
    expect(await durable.client.get(runId)).toMatchObject({ status: 'completed' })
  })

  it('is swept twice without harm where the first sweep died before it noted what it sent', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const durable = new Durable(deployment, sleeping('20m'))
    const sweep = createSweepHandler({ ...awsOptions(deployment), logger: quiet })
    const runId = await durable.start()
    pass(6 * MINUTES)
    aws.intercept(({ operation }) => (operation === 'UpdateItem' ? 'reject' : 'forward'))
    await expect(sweep()).rejects.toThrow('UpdateItem')
    aws.intercept(undefined)

    expect(await sweep()).toMatchObject({ runs: 1, jobs: 1 })

    pass(15 * MINUTES)
    await durable.work()
    expect(await durable.client.get(runId)).toMatchObject({ status: 'completed' })
  })

  it('is swept although another run gives the sweep trouble', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const durable = new Durable(deployment, sleeping('20m'))
    const sweep = createSweepHandler({ ...awsOptions(deployment), logger: quiet })
    const ids = await Promise.all(['r1', 'r2', 'r3'].map((id) => durable.start(undefined, id)))
    pass(6 * MINUTES)
    const { jobs, intercept } = sentJobs()
    aws.intercept((request) => {
      const isRead = request.operation === 'GetItem' && JSON.stringify(request.body).includes('R#r2')
      return isRead ? 'reject' : intercept(request)
    })

    await expect(sweep()).rejects.toThrow('GetItem')

    expect(jobs).toHaveLength(2)
    aws.intercept(undefined)
    expect(await sweep()).toMatchObject({ runs: 1, jobs: 1 })
    pass(15 * MINUTES)
    await durable.work()
    for (const id of ids) expect((await durable.client.get(id)).status).toBe('completed')
  })

  it('of a cancelled run is nothing to sweep, and its message does nothing', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const durable = new Durable(deployment, sleeping('20m'))
    const sweep = createSweepHandler({ ...awsOptions(deployment), logger: quiet })
    const runId = await durable.start()
    pass(6 * MINUTES)
    await sweep()

    await durable.client.cancel(runId)

    pass(DAYS)
    expect(await sweep()).toMatchObject({ runs: 0, jobs: 0 })
    await durable.work()
    expect(await durable.client.get(runId)).toMatchObject({
      status: 'cancelled',
      nodes: { completed: ['start'] },
    })
  })
})

describe('a try after a delay', () => {
  it('comes by the queue, with its delay', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const at: number[] = []
    const durable = new Durable(
      deployment,
      graph(
        {
          flaky: {
            run: async () => {
              at.push(Date.now())
              if (at.length < 2) throw new Error('not yet')
              return { output: at.length }
            },
            maxRetries: 2,
            retryDelay: 2_000,
          },
          end: trail('end'),
        },
        ['flaky>end'],
      ),
    )
    const { jobs, intercept } = sentJobs()
    aws.intercept(intercept)

    const runId = await durable.start()

    expect(jobs.at(-1)).toEqual({ nodeId: 'flaky', delay: 2 })
    expect(await durable.client.get(runId)).toMatchObject({
      status: 'awaiting',
      waiting: [{ nodeId: 'flaky', reason: 'retry' }],
    })
    pass(2_000)
    expect(await durable.finish(runId)).toMatchObject({ status: 'completed', context: { end: ['end', 2] } })
    expect(at.map((time) => time - Number(at[0]))).toEqual([0, 2_000])
  })

  it('comes after a delay that is no whole number, as often as after any other', async () => {
    let tries = 0
    const durable = new Durable(
      deployment,
      graph(
        {
          flaky: {
            run: async () => {
              if (++tries < 3) throw new Error('not yet')
              return { output: tries }
            },
            maxRetries: 3,
            retryDelay: 1_000.7,
          },
        },
        [],
      ),
    )
    // A commit that is refused for ever would not end.
    let requests = 0
    aws.intercept(() => (++requests > 2_000 ? 'reject' : 'forward'))

    const runId = await durable.start()

    expect(await durable.finish(runId)).toMatchObject({ status: 'completed', context: { flaky: 3 } })
  })

  it('is the last of as many as were asked for, and its error is the run’s', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    let tries = 0
    const durable = new Durable(
      deployment,
      graph(
        {
          bad: {
            run: async () => {
              throw new Error(`try ${++tries}`)
            },
            maxRetries: 3,
            retryDelay: 2 * 60 * MINUTES,
          },
        },
        [],
      ),
    )
    const sweep = createSweepHandler({ ...awsOptions(deployment), logger: quiet })
    const runId = await durable.start()
    for (let time = 0; time < 12; time++) {
      pass(20 * MINUTES)
      await sweep()
      pass(15 * MINUTES)
      await durable.work()
    }

    const run = await durable.client.get(runId)
    expect(run.status).toBe('failed')
    expect(tries).toBe(3)
    expect(JSON.stringify(run.errors)).toContain('try 3')
  })
})

describe('values of any size', () => {
  for (const withBucket of [false, true]) {
    it(`go from node to node: one of 5 MB and a context of 20 MB, ${withBucket ? 'with' : 'without'} a bucket`, async () => {
      const large = randomBytes(3.75 * 1024 * 1024).toString('base64')
      const keys = ['k1', 'k2', 'k3']
      const durable = new Durable(
        deployment,
        graph(
          {
            make: async ({ context }) => {
              for (const key of keys) await context.set(key, `${key}${large}`)
              return { output: large }
            },
            wait: { run: 'wait' },
            check: {
              run: async ({ context, input }) => {
                const read = await Promise.all(keys.map((key) => context.get(key)))
                return {
                  output: [input === large, ...read.map((text, at) => text === `${keys[at]}${large}`)],
                }
              },
              inputs: 'make',
            },
          },
          ['make>wait', 'wait>check'],
        ),
        { bucketName: withBucket ? await aws.createBucket() : undefined },
      )
      const before = aws.meter.snapshot()
      const runId = await durable.start()

      await durable.client.resume(runId)

      const run = await durable.finish(runId)
      expect(run.context['check']).toEqual([true, true, true, true])
      const { s3 } = aws.meter.since(before)
      expect(s3.requests > 0).toBe(withBucket)
    })
  }
})

for (const { name, skip } of engines) {
  it.skipIf(skip)(`all of it in one run, on ${name}`, async () => {
    await using other = await startLocalAws({ dynamodb: name })
    let tries = 0
    const durable = new Durable(
      await deployOn(other),
      graph(
        {
          make: value([1, 2, 3]),
          scatter: {
            run: 'batch-scatter',
            inputs: 'make',
            params: { workerUsesKey: 'worker', outputKey: 'results', gatherNodeId: 'gather', chunkSize: 2 },
          },
          gather: { run: 'batch-gather', params: { outputKey: 'results', gatherNodeId: 'gather' } },
          call: { run: 'subflow', params: { blueprintId: 'child' } },
          flaky: {
            run: async () => {
              if (tries++ === 0) throw new Error('not yet')
              return { output: 'flaky' }
            },
            maxRetries: 2,
            retryDelay: 1_001,
          },
          sleep: { run: 'sleep', params: { duration: 1 } },
          wait: { run: 'wait' },
          end: async ({ context }) => ({ output: await context.get('results') }),
        },
        [
          'make>scatter',
          'scatter>gather',
          'gather>call',
          'call>flaky',
          'flaky>sleep',
          'sleep>wait',
          'wait>end',
        ],
        {
          builtIn: { worker: async ({ input }) => ({ output: Number(input) * 2 }), child: trail('child') },
          blueprints: [{ id: 'child', nodes: [{ id: 'c', uses: 'child' }], edges: [] }],
        },
      ),
    )
    const runId = await durable.start()
    while ((await durable.client.get(runId)).waiting?.[0]?.nodeId !== 'wait') {
      await sleep(50)
      await durable.work()
    }

    await durable.client.resume(runId, { output: 'event' })

    expect(await durable.finish(runId)).toMatchObject({
      status: 'completed',
      context: { end: [2, 4, 6], call: ['child', [2, 4, 6]], flaky: 'flaky', wait: 'event' },
    })
  })
}

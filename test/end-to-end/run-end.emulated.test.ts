/** What a worker with a bus and metrics tells of whole runs. */
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { mockClient } from 'aws-sdk-client-mock'
import { createFlow } from 'flowcraft'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type RunEventName, SqsAdapter } from '../../lib/index.ts'
import { awsOptions, clientOf, deploy, type TestDeployment } from '../support/service.ts'

const eventBridgeClient = new EventBridgeClient({ region: 'us-east-1' })
const bus = mockClient(eventBridgeClient)
const quiet = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
const flows = [
  createFlow('good').node('a', async () => ({ output: 1 })),
  createFlow('bad').node('a', async () => {
    throw new Error('broke')
  }),
  createFlow('waits')
    .wait('w')
    .node('after', async () => ({}))
    .edge('w', 'after'),
]
const accepted = { FailedEntryCount: 0, Entries: [{ EventId: 'e' }] }

let deployment: TestDeployment
beforeAll(async () => (deployment = await deploy()))
afterAll(() => deployment.aws[Symbol.asyncDispose]())
afterEach(() => bus.reset())

interface Told {
  readonly id: string
  readonly runId: string
  readonly status: string
}

/** What was told of a run. Its end is told at least once, the same each time, so that each id counts once. */
function told(runId: string): Told[] {
  const all = bus
    .commandCalls(PutEventsCommand)
    .map(({ args: [{ input }] }) => JSON.parse(input.Entries?.[0]?.Detail ?? '') as Told)
    .filter((one) => one.runId === runId)
  return [...new Map(all.map((one) => [one.id, one])).values()]
}

function worker(runEvents?: readonly RunEventName[]): SqsAdapter {
  return new SqsAdapter({
    runEvents,
    ...awsOptions(deployment),
    flows,
    logger: quiet,
    eventBusName: 'runs',
    eventBridgeClient,
  })
}

describe('a worker with an event bus', () => {
  it.each([
    ['good', 'completed'],
    ['bad', 'failed'],
  ])("tells the end of a run of '%s'", async (blueprintId, status) => {
    bus.on(PutEventsCommand).resolves(accepted)
    await using adapter = worker()
    adapter.start()
    const client = clientOf(deployment, { flows })
    const { runId } = await client.start({ blueprintId })

    await client.waitFor(runId)
    await expect
      .poll(() => told(runId), { timeout: 30_000 })
      .toEqual([expect.objectContaining({ id: `${runId}:${status}`, runId, blueprintId, status })])
  })

  it('tells that a run was cancelled from outside', async () => {
    bus.on(PutEventsCommand).resolves(accepted)
    await using adapter = worker()
    adapter.start()
    const client = clientOf(deployment, { flows })
    const { runId } = await client.start({ blueprintId: 'waits' })

    await client.cancel(runId)

    await expect
      .poll(() => told(runId), { timeout: 30_000 })
      .toEqual([expect.objectContaining({ id: `${runId}:cancelled` })])
  })

  it('tells it again where the bus failed, though the run has ended', async () => {
    bus.on(PutEventsCommand).rejectsOnce(new Error('no bus')).resolves(accepted)
    const adapter = worker()
    const client = clientOf(deployment, { flows })
    const { runId } = await client.start({ blueprintId: 'good' })
    const job = { runId, blueprintId: 'good', nodeId: 'a', iteration: 1 }
    const invocation = { deadline: () => Date.now() + 30_000, extendsLease: false }

    await expect(adapter.process(job, invocation)).rejects.toThrow(
      "EventBridge PutEvents to 'runs' failed: no bus",
    )
    expect(await client.get(runId)).toMatchObject({ status: 'completed' })
    expect(await adapter.process(job, invocation)).toEqual({ kind: 'acknowledge' })
    expect(await adapter.process(job, invocation)).toEqual({ kind: 'acknowledge' })

    expect(bus.commandCalls(PutEventsCommand)).toHaveLength(2)
    expect(told(runId).map(({ id }) => id)).toEqual([`${runId}:completed`])
  })
})

describe('a worker that is told to publish more', () => {
  const invocation = { deadline: () => Date.now() + 30_000, extendsLease: false }

  it('asks again where the bus failed, as long as the node waits', async () => {
    bus.on(PutEventsCommand).rejectsOnce(new Error('no bus')).resolves(accepted)
    const adapter = worker(['waiting'])
    const client = clientOf(deployment, { flows })
    const { runId } = await client.start({ blueprintId: 'waits' })
    const job = { runId, blueprintId: 'waits', nodeId: 'w', iteration: 1 }

    await expect(adapter.process(job, invocation)).rejects.toThrow(
      "EventBridge PutEvents to 'runs' failed: no bus",
    )
    expect((await client.get(runId)).waiting).toMatchObject([{ nodeId: 'w' }])
    expect(await adapter.process(job, invocation)).toEqual({ kind: 'acknowledge' })
    expect(told(runId).map(({ id }) => id)).toEqual([`${runId}:waiting:0.1`])

    await client.resume(runId)
    await adapter.process(job, invocation)
    expect((await client.get(runId)).status).toBe('completed')
    // Nobody wants to hear of ends.
    expect(told(runId)).toHaveLength(1)
  })

  it('has a start published by a message of its own where the bus failed', async () => {
    bus.on(PutEventsCommand).rejectsOnce(new Error('no bus')).resolves(accepted)
    await using adapter = worker(['started'])
    adapter.start()
    const client = clientOf(deployment, { flows })
    const { runId } = await client.start({ blueprintId: 'good' })

    await client.waitFor(runId)
    await expect
      .poll(() => told(runId).map(({ id }) => id), { timeout: 30_000 })
      .toEqual([`${runId}:started`])
  })
})

describe('a worker with metrics', () => {
  it('counts each run and each node once, whatever comes twice', async () => {
    const adapter = new SqsAdapter({
      ...awsOptions(deployment),
      flows,
      logger: quiet,
      metricsNamespace: 'Flowcraft',
    })
    const { telemetry } = adapter
    const started = vi.spyOn(telemetry, 'runStarted')
    const ended = vi.spyOn(telemetry, 'runEnded')
    const nodes = vi.spyOn(telemetry, 'nodeEnded')
    const invocation = { deadline: () => Date.now() + 30_000, extendsLease: false }
    const client = clientOf(deployment, { flows })
    for (const blueprintId of ['good', 'bad']) {
      const { runId } = await client.start({ blueprintId })
      const job = { runId, blueprintId, nodeId: 'a', iteration: 1 }
      for (let times = 0; times < 3; times++) await adapter.process(job, invocation)
    }

    expect(started).toHaveBeenCalledTimes(2)
    expect(ended.mock.calls).toEqual([['completed'], ['failed']])
    expect(nodes.mock.calls.map(([succeeded]) => succeeded)).toEqual([true, false])
  })
})

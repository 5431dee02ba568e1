/**
 * What a run costs, to the unit: on dynoxide, since dynalite does not tell the size of an item that refused a write.
 * The worker is called directly, so that no poll, no delete and no look of a client is counted.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { createFlow, type FlowBuilder, type NodeContext, NullLogger } from 'flowcraft'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type Flow,
  type HistoryMode,
  type Job,
  type LeaseMode,
  PRICES,
  type RunClient,
  type RunLabels,
  type SqsAdapter,
  withTraceHeader,
} from '../../lib/index.ts'
import { type LocalAws, startLocalAws, type Usage } from '../../lib/local/index.ts'
import { adapterOf, clientOf, type TestDeployment } from '../support/service.ts'
import { newSegmentId, newTraceId } from '../support/xray.ts'
import { deployOn, drain, jobOf, receive } from './driver.ts'
import { hasDynoxide } from './engines.ts'

let aws: LocalAws
let deployment: TestDeployment

const chain = (length: number, output: unknown = 'ok'): FlowBuilder => {
  const flow = createFlow('chain')
  for (let at = 0; at < length; at++) flow.node(`n${at}`, async () => ({ output }))
  for (let at = 1; at < length; at++) flow.edge(`n${at - 1}`, `n${at}`)
  return flow
}
/** The same, and those at these places have no checkpoint. */
const thinChain = (length: number, isThin: (at: number) => boolean): FlowBuilder => {
  const flow = createFlow('chain')
  for (let at = 0; at < length; at++) {
    const config = isThin(at) ? { checkpoint: false } : undefined
    flow.node(`n${at}`, async () => ({ output: 'ok' }), { config })
  }
  for (let at = 1; at < length; at++) flow.edge(`n${at - 1}`, `n${at}`)
  return flow
}
const diamond = (width: number): FlowBuilder => {
  const flow = createFlow('diamond').node('first', async () => ({ output: 'ok' }))
  for (let at = 0; at < width; at++) flow.node(`m${at}`, async () => ({ output: at })).edge('first', `m${at}`)
  flow.node('last', async () => ({ output: 'ok' }))
  for (let at = 0; at < width; at++) flow.edge(`m${at}`, 'last')
  return flow
}

/** A batch whose items share messages. */
const batchOf = (items: number, itemsPerMessage: number): Flow => {
  const flow = createFlow('batch')
    .node('items', async () => ({ output: Array.from({ length: items }, (_, at) => at) }))
    .batch('each', async ({ input }: NodeContext) => ({ output: input as number }), {
      inputKey: 'items',
      outputKey: 'done',
    })
    .edge('items', 'each_scatter')
  return {
    getFunctionRegistry: () => flow.getFunctionRegistry(),
    toBlueprint: () => {
      const blueprint = flow.toBlueprint()
      const scatter = blueprint.nodes.find(({ uses }) => uses === 'batch-scatter')
      if (scatter) scatter.params = { ...scatter.params, itemsPerMessage }
      return blueprint
    },
  }
}

const placeOf = ({ nodeId = '' }: Job) => Number(nodeId.slice(1))

const differs = (told: number | undefined, measured: number) => Math.abs((told ?? 0) - measured)

/** What starting and working on a run costs, where its graph is stored already. */
async function costOf(
  flow: FlowBuilder,
  {
    labels,
    input,
    ...options
  }: {
    input?: Record<string, unknown>
    tracing?: boolean
    runIndex?: boolean
    runCosts?: boolean
    history?: HistoryMode
    leases?: LeaseMode
    labels?: RunLabels
  } = {},
  end = 'completed',
): Promise<Awaited<ReturnType<typeof run>>> {
  const adapter = adapterOf(deployment, { flows: [flow], logger: new NullLogger(), ...options })
  const client = clientOf(deployment, { flows: [flow], ...options })
  await run(adapter, client, flow, { labels, input, end })
  const measured = await run(adapter, client, flow, { labels, input, end })
  if (options.runCosts !== false) tellsWhatWasMeasured(measured)
  else expect(measured.cost).toBeUndefined()
  return measured
}

/**
 * What the run says of itself is what the services were asked, to the unit, and the receiving and deleting of messages.
 * Where a header is about a kilobyte, a write may cost another unit than it expects of itself.
 */
function tellsWhatWasMeasured({ start, work, invocations, cost }: Awaited<ReturnType<typeof run>>): void {
  const writeUnits = start.dynamodb.writeUnits + work.dynamodb.writeUnits
  expect(Math.abs((cost?.writeUnits ?? 0) - writeUnits)).toBeLessThanOrEqual(Math.floor(0.03 * writeUnits))
  expect(cost).toMatchObject({
    readUnits: start.dynamodb.readUnits + work.dynamodb.readUnits,
    requests: {
      dynamodb: expect.closeTo(start.dynamodb.requests + work.dynamodb.requests, 6),
      sqs: expect.closeTo(start.sqs.requests + work.sqs.requests + 2 * invocations, 0),
    },
  })
}

async function run(
  adapter: SqsAdapter,
  client: RunClient,
  flow: Flow,
  {
    labels,
    input,
    end = 'completed',
  }: { labels?: RunLabels; input?: Record<string, unknown>; end?: string } = {},
) {
  const before = aws.meter.snapshot()
  const { runId } = await client.start({ blueprintId: flow.toBlueprint().id, labels, input })
  const start = aws.meter.since(before)
  const work = aws.meter.snapshot()
  const polls: Usage[] = []
  let messages = 0
  let invocations = 0
  for (;;) {
    const polling = aws.meter.snapshot()
    const batch = await receive(deployment)
    polls.push(aws.meter.since(polling))
    if (batch.length === 0) break
    invocations++
    // One after the other, in the order in which the nodes are declared: then nobody refuses anybody.
    const jobs = batch.map(jobOf).toSorted((a, b) => placeOf(a) - placeOf(b))
    for (const job of jobs) {
      messages++
      const deadline = Date.now() + 30_000
      const isFirst = true
      const invocation = { deadline: () => deadline, extendsLease: false, together: jobs.length, isFirst }
      const result = await adapter.process(job, invocation)
      expect(result).toEqual({ kind: 'acknowledge' })
    }
    // The messages of an invocation.
    await adapter.history?.flush()
  }
  const usage = aws.meter.since(work)
  const polled = polls.reduce((sum, { sqs }) => sum + sqs.requests, 0)
  usage.sqs.requests -= polled
  const { status, cost } = await client.get(runId)
  expect(status).toBe(end)
  return { start, work: usage, messages, invocations, cost }
}

/** Of one run, its start and its graph included; messages one after the other, as many workers would find them. */
async function unitsOfOne(flow: Flow, nodes: number): Promise<{ write: number; read: number }> {
  const adapter = adapterOf(deployment, { flows: [flow], logger: new NullLogger() })
  const client = clientOf(deployment, { flows: [flow] })
  const { start, work } = await run(adapter, client, flow)
  expect(work.dynamodb.refusedWrites).toBe(0)
  return {
    write: (start.dynamodb.writeUnits + work.dynamodb.writeUnits) / nodes,
    read: (start.dynamodb.readUnits + work.dynamodb.readUnits) / nodes,
  }
}

describe.skipIf(!hasDynoxide)('what a run costs (dynoxide only: the binary is optional)', () => {
  beforeAll(async () => {
    aws = await startLocalAws({ dynamodb: 'dynoxide' })
  })
  beforeEach(async () => {
    deployment = await deployOn(aws)
  })
  afterAll(() => aws.stop())

  it.each([
    { runIndex: true, entries: 1 },
    { runIndex: false, entries: 0 },
  ])(
    'of ten nodes in a row with small outputs, runIndex $runIndex; 1 read unit, 1 request to SQS',
    async ({ runIndex, entries }) => {
      const { start, work, messages } = await costOf(chain(10), { runIndex })

      // The header and its entry; then the lease and ten commits, the last of which changes the entry.
      expect(start.dynamodb).toMatchObject({
        writeUnits: 1 + entries,
        readUnits: 0,
        byOperation: { PutItem: 1 },
      })
      expect(work.dynamodb).toMatchObject({
        writeUnits: 11 + entries,
        readUnits: 1,
        refusedWrites: 0,
        byOperation: { GetItem: 1, UpdateItem: 11 },
      })
      expect([start.sqs.requests, work.sqs.requests, messages]).toEqual([1, 0, 1])
      expect([start.s3.requests, work.s3.requests]).toEqual([0, 0])
    },
  )

  it.each([
    { length: 10, which: 'every second', commits: 5, units: 9 },
    { length: 10, which: 'all but the last', commits: 1, units: 5 },
    { length: 100, which: 'none', commits: 100, units: 105 },
    { length: 100, which: 'every second', commits: 50, units: 55 },
    { length: 100, which: 'all but the last', commits: 1, units: 6 },
  ])(
    'of $length nodes in a row, $which without a checkpoint: $units write units',
    async ({ length, which, commits, units }) => {
      const isThin = (at: number) =>
        which === 'none' ? false : which === 'every second' ? at % 2 === 0 : at < length - 1

      const { start, work, messages } = await costOf(thinChain(length, isThin))

      const { GetItem, UpdateItem } = work.dynamodb.byOperation
      expect({ messages, GetItem, UpdateItem }).toEqual({ messages: 1, GetItem: 1, UpdateItem: 1 + commits })
      expect(start.dynamodb.writeUnits + work.dynamodb.writeUnits).toBe(units)
      expect([work.dynamodb.readUnits, work.dynamodb.refusedWrites]).toEqual([1, 0])
    },
  )

  it('of ten nodes in a row that a client without flows starts: a write more, and no message more', async () => {
    const flow = chain(10)
    const adapter = adapterOf(deployment, { flows: [flow], logger: new NullLogger(), runIndex: false })
    const client = clientOf(deployment, { runIndex: false })
    await run(adapter, client, flow)

    const measured = await run(adapter, client, flow)

    const { start, work, messages } = measured
    expect(start.dynamodb).toMatchObject({ writeUnits: 1, byOperation: { PutItem: 1 } })
    // The run is begun, its first message takes the lease on the first node, and commits ten times.
    expect(work.dynamodb).toMatchObject({
      writeUnits: 12,
      readUnits: 1,
      byOperation: { GetItem: 1, UpdateItem: 12 },
    })
    expect([start.sqs.requests, work.sqs.requests, messages]).toEqual([1, 0, 1])
    tellsWhatWasMeasured(measured)
    // With the receive and the delete of its message.
    const usd = PRICES.dynamodb.writeUnit * 13 + PRICES.dynamodb.readUnit + PRICES.sqs.request * 3
    expect((usd / 10) * 1e6).toBeLessThanOrEqual(0.95)
  })

  it('of ten nodes in a row in a trace: as much, since its id fits into the kilobyte', async () => {
    const header = `Root=${newTraceId()};Parent=${newSegmentId()};Sampled=1`
    const { start, work } = await withTraceHeader(header, () => costOf(chain(10), { tracing: true }))

    expect(start.dynamodb).toMatchObject({ writeUnits: 2, readUnits: 0 })
    expect(work.dynamodb).toMatchObject({ writeUnits: 12, readUnits: 1 })
    expect([start.sqs.requests, work.sqs.requests]).toEqual([1, 0])
  })

  it('of a history: one write unit for a chain, and for the messages of an invocation', async () => {
    const none = await costOf(chain(10))
    const timings = await costOf(chain(10), { history: 'timings' })
    expect(timings.work.dynamodb.writeUnits - none.work.dynamodb.writeUnits).toBe(1)
    expect(timings.work.dynamodb.readUnits).toBe(none.work.dynamodb.readUnits)

    const fan = await costOf(diamond(50), { history: 'timings' })
    // The first node, then ten messages at a time, the last of which goes on with the join.
    const { writeUnits } = fan.work.dynamodb
    const without = await costOf(diamond(50), { runCosts: false })
    expect(writeUnits - without.work.dynamodb.writeUnits).toBeGreaterThanOrEqual(6)
    expect(writeUnits - without.work.dynamodb.writeUnits).toBeLessThanOrEqual(6 + 6)
  })

  it('of first deliveries without a lease: a write unit less for each message, 1.15 a node for a fan of 50', async () => {
    const [always, without] = [await costOf(chain(10)), await costOf(chain(10), { leases: 'redeliveries' })]
    expect(always.work.dynamodb.writeUnits - without.work.dynamodb.writeUnits).toBe(1)
    expect(always.work.dynamodb.requests - without.work.dynamodb.requests).toBe(1)

    const fan = await costOf(diamond(50), { leases: 'redeliveries' })
    const writeUnits = fan.start.dynamodb.writeUnits + fan.work.dynamodb.writeUnits
    expect(writeUnits / 52).toBeLessThanOrEqual(1.15)
    expect(fan.work.dynamodb.readUnits / 52).toBeLessThanOrEqual(1)
  })

  it('of a batch of 20, whose items no commit follows: what the run says of itself is what it cost', async () => {
    const flow = createFlow('batch')
      .node('items', async () => ({ output: Array.from({ length: 20 }, (_, at) => at) }))
      .batch('each', async ({ input }: NodeContext) => ({ output: input as number }), {
        inputKey: 'items',
        outputKey: 'done',
      })
      .edge('items', 'each_scatter')
    const adapter = adapterOf(deployment, { flows: [flow], logger: new NullLogger() })
    const client = clientOf(deployment, { flows: [flow] })
    await run(adapter, client, flow)
    const { start, work, cost } = await run(adapter, client, flow)
    expect(
      differs(cost?.writeUnits, start.dynamodb.writeUnits + work.dynamodb.writeUnits),
    ).toBeLessThanOrEqual(3)
    expect(differs(cost?.readUnits, work.dynamodb.readUnits)).toBeLessThanOrEqual(3)
    const requests = start.dynamodb.requests + work.dynamodb.requests
    expect(differs(cost?.requests.dynamodb, requests)).toBeLessThanOrEqual(3)
  })

  it('of labels: one write unit each, whether runs are listed or not', async () => {
    const labels = { orderId: 'A-17', tenant: 'acme', region: 'north' }
    for (const runIndex of [true, false]) {
      const { start, work } = await costOf(chain(10), { runIndex, labels })
      const entries = runIndex ? 1 : 0
      expect(start.dynamodb).toMatchObject({ writeUnits: 1 + entries + 3, byOperation: { PutItem: 4 } })
      expect(work.dynamodb.writeUnits).toBe(11 + entries)
    }
  })

  it('of a run that fails: one write unit more, so that it is found on every table', async () => {
    const flow = createFlow('broken').node('a', async () => {
      throw new Error('no')
    })
    for (const [runIndex, entries] of [
      [true, 1],
      [false, 0],
    ] as const) {
      const { work } = await costOf(flow, { runIndex }, 'failed')
      // A lease, a commit, and the error, whose stack makes it a value of its own.
      const puts = work.dynamodb.byOperation['PutItem'] ?? 0
      expect(work.dynamodb.writeUnits).toBe(2 + puts + 1 + entries)
    }
  })

  it('of ten nodes in a row whose outputs have 300 bytes: one more unit to write each, and none to read', async () => {
    const { start, work } = await costOf(chain(10, 'x'.repeat(300)))

    expect(start.dynamodb.writeUnits + work.dynamodb.writeUnits).toBe(14 + 10)
    // Each node but the first has its input from its process, which wrote it.
    expect(work.dynamodb.readUnits).toBe(1)
  })

  it('of a hundred nodes in a row with outputs of 1 KB: 0.05 read units and 2 requests a node', async () => {
    const { work } = await costOf(chain(100, randomBytes(750).toString('base64')))

    expect(work.dynamodb.readUnits).toBe(1)
    // The look, the lease; then a value and a commit each, and now and then what moves small values out of the header.
    expect(work.dynamodb.byOperation).toEqual({ GetItem: 1, UpdateItem: 1 + 100, PutItem: 100 + 1 })
    expect(work.dynamodb.requests / 100).toBeLessThanOrEqual(2.05)
  })

  it('of fifty nodes that each read ten inputs of 500 bytes: 0.5 read units a node', async () => {
    const keys = Array.from({ length: 10 }, (_, at) => `input ${at}`)
    const flow = createFlow('reading')
    for (let at = 0; at < 50; at++) {
      flow.node(`n${at}`, async ({ context }: NodeContext) => {
        const texts = await Promise.all(keys.map((key) => context.get(key) as Promise<string>))
        return { output: texts.join('').length }
      })
      if (at > 0) flow.edge(`n${at - 1}`, `n${at}`)
    }
    const input = Object.fromEntries(keys.map((key) => [key, randomBytes(375).toString('base64')]))

    const { work } = await costOf(flow, { input })

    // The look, and each input once.
    expect(work.dynamodb.readUnits).toBe(1 + 10)
    expect(work.dynamodb.readUnits / 50).toBeLessThanOrEqual(0.5)
  })

  it.each([
    { width: 100, write: 2.1, read: 1.1 },
    { width: 500, write: 3.3, read: 1.1 },
    { width: 1_000, write: 4.5, read: 1.2 },
  ])(
    'of 1 -> $width -> 1: at most $write write units and $read read units a node',
    async ({ width, write, read }) => {
      const units = await unitsOfOne(diamond(width), width + 2)

      expect(units.write).toBeLessThanOrEqual(write)
      expect(units.read).toBeLessThanOrEqual(read)
    },
    300_000,
  )

  it('of 50 chains of 20 side by side: at most 2.2 write units and 0.1 read units a node', async () => {
    const flow = createFlow('lanes')
    for (let lane = 0; lane < 50; lane++) {
      for (let at = 0; at < 20; at++) {
        flow.node(`n${lane * 20 + at}`, async () => ({ output: 'ok' }))
        if (at > 0) flow.edge(`n${lane * 20 + at - 1}`, `n${lane * 20 + at}`)
      }
    }

    const { write, read } = await unitsOfOne(flow, 1_000)

    expect(write).toBeLessThanOrEqual(2.2)
    expect(read).toBeLessThanOrEqual(0.1)
  }, 120_000)

  it.each([
    { items: 100, perMessage: 10, write: 0.5, read: 0.3 },
    { items: 1_000, perMessage: 10, write: 0.5, read: 0.3 },
    { items: 100, perMessage: 1, write: 3.3, read: 1.2 },
  ])(
    'of a batch of $items, $perMessage to a message: at most $write write units and $read read units an item',
    async ({ items, perMessage, write, read }) => {
      const units = await unitsOfOne(batchOf(items, perMessage), items)

      expect(units.write).toBeLessThanOrEqual(write)
      expect(units.read).toBeLessThanOrEqual(read)
    },
    120_000,
  )

  it.each([
    { keys: 10, write: 1.7 },
    { keys: 30, write: 3.1 },
  ])(
    'of fifty nodes that each set $keys new keys: at most $write write units a node',
    async ({ keys, write }) => {
      const flow = createFlow('keys')
      for (let at = 0; at < 50; at++) {
        flow.node(`n${at}`, async ({ context }: NodeContext) => {
          for (let key = 0; key < keys; key++) await context.set(`key-${at}-${key}`, key)
          return { output: 'ok' }
        })
        if (at > 0) flow.edge(`n${at - 1}`, `n${at}`)
      }

      const units = await unitsOfOne(flow, 50)

      expect(units.write).toBeLessThanOrEqual(write)
      expect(units.read).toBeLessThanOrEqual(0.1)
    },
  )

  it('of looking at a run of 100 values of 1 KB: 25 requests at most', async () => {
    const flow = chain(100, randomBytes(750).toString('base64'))
    const [adapter, client] = [
      adapterOf(deployment, { flows: [flow], logger: new NullLogger() }),
      clientOf(deployment, { flows: [flow] }),
    ]
    const { runId } = await client.start({ blueprintId: 'chain' })
    await drain(deployment, adapter)
    await client.get(runId)
    const before = aws.meter.snapshot()

    const { status, context } = await client.get(runId)

    const { dynamodb } = aws.meter.since(before)
    expect(status).toBe('completed')
    expect(Object.keys(context)).toHaveLength(3 * 100 - 1 + 1)
    // The header, its pages, and all values.
    expect(dynamodb.byOperation).toEqual({ GetItem: 1, Query: 1, BatchGetItem: 1 })
    expect(dynamodb.requests).toBeLessThanOrEqual(25)
  })

  it('of a hundred nodes in a row: little more than one write unit a node, whatever came before', async () => {
    const { start, work } = await costOf(chain(100))

    const { writeUnits, readUnits } = work.dynamodb
    expect(start.dynamodb.writeUnits + writeUnits).toBeLessThanOrEqual(112)
    expect(readUnits).toBe(1)
  })

  it.each([
    { runCosts: true, more: 6 },
    { runCosts: false, more: 0 },
  ])(
    'of 1 -> 50 -> 1, one worker, runCosts $runCosts: two write units and one read unit a node',
    async ({ runCosts, more }) => {
      const { start, work, messages } = await costOf(diamond(50), { runCosts })

      // A header and its entry in the index of runs; 51 messages with a lease each; 52 commits, of which the last changes
      // that entry. What it cost makes the header pass a kilobyte for some commits more.
      expect(messages).toBe(51)
      const { writeUnits } = work.dynamodb
      expect(start.dynamodb.writeUnits + writeUnits).toBeGreaterThanOrEqual(2 + 51 + 53)
      expect(start.dynamodb.writeUnits + writeUnits).toBeLessThanOrEqual(2 + 51 + 53 + more)
      expect(work.dynamodb).toMatchObject({ readUnits: 51, refusedWrites: 0 })
      // The first node's job, then 50 of them ten at a time.
      expect([start.sqs.requests, work.sqs.requests]).toEqual([1, 5])
    },
  )

  it('of 1 -> 50 -> 1, ten workers at a time: refusals and all, at most 3.2 and 1.2 a node', async () => {
    const flow = diamond(50)
    const adapter = adapterOf(deployment, { flows: [flow] })
    const client = clientOf(deployment, { flows: [flow] })
    await run(adapter, client, flow)
    const before = aws.meter.snapshot()

    const { runId } = await client.start({ blueprintId: 'diamond' })
    await drain(deployment, adapter)

    const { dynamodb } = aws.meter.since(before)
    const { status, cost } = await client.get(runId)
    expect(status).toBe('completed')
    expect(Math.abs((cost?.writeUnits ?? 0) / dynamodb.writeUnits - 1)).toBeLessThan(0.05)
    expect(Math.abs((cost?.readUnits ?? 0) / dynamodb.readUnits - 1)).toBeLessThan(0.05)
    expect(dynamodb.writeUnits / 52).toBeLessThanOrEqual(3.2)
    expect(dynamodb.readUnits / 52).toBeLessThanOrEqual(1.2)
  })

  it('of a node that sets 2,500 short keys, and one that reads one: some 20 write units for them, none to read', async () => {
    const flow = createFlow('many')
      .node('set', async ({ context }: NodeContext) => {
        for (let at = 0; at < 2_500; at++) await context.set(`key ${at}`, at)
        return { output: 'ok' }
      })
      .node('read', async ({ context }: NodeContext) => ({ output: await context.get('key 2499') }))
      .edge('set', 'read')
    const { start, work } = await costOf(flow)

    // A header; a lease and two commits; two for the index of runs; four buckets, compressed.
    expect(start.dynamodb.writeUnits + work.dynamodb.writeUnits).toBeLessThanOrEqual(6 + 24)
    expect(work.dynamodb.byOperation).toEqual({ GetItem: 1, UpdateItem: 3, PutItem: 4 })
    expect(work.dynamodb.readUnits).toBe(1)
  })

  it('of a fork: its header and that in two indexes, and two notes, however large what the run holds is', async () => {
    const flow = chain(10, 'x'.repeat(20_000))
    const [adapter, client] = [
      adapterOf(deployment, { flows: [flow] }),
      clientOf(deployment, { flows: [flow] }),
    ]
    const { runId } = await client.start({ blueprintId: 'chain' })
    await drain(deployment, adapter)
    await client.get(runId)
    const before = aws.meter.snapshot()

    const { runId: fork } = await client.fork(runId, { nodes: ['n9'] })

    const { dynamodb, sqs } = aws.meter.since(before)
    // Whether the id is used; the run; whether its graph is stored for long enough; and what the note says.
    expect(dynamodb).toMatchObject({
      writeUnits: 5,
      readUnits: 4,
      byOperation: { PutItem: 3, GetItem: 4 },
    })
    expect(sqs.requests).toBe(1)
    await drain(deployment, adapter)
    expect(await client.get(fork)).toMatchObject({ status: 'completed' })
  })

  it('of a fork of a run with 10,000 keys of 100 bytes: they are read, compressed and written once', async () => {
    const flow = createFlow('keys')
      .node('set', async ({ context }: NodeContext) => {
        for (let at = 0; at < 10_000; at++)
          await context.set(`key ${at}`, `${at} ${randomUUID()} ${randomUUID()}`.padEnd(100))
        return { output: 'ok' }
      })
      .node('end', async ({ context }: NodeContext) => ({ output: await context.get('key 9999') }))
      .edge('set', 'end')
    const adapter = adapterOf(deployment, { flows: [flow] })
    const client = clientOf(deployment, { flows: [flow] })
    const { runId } = await client.start({ blueprintId: 'keys' })
    await drain(deployment, adapter)
    const before = aws.meter.snapshot()

    const { runId: fork } = await client.fork(runId, { nodes: ['end'] })

    const { dynamodb } = aws.meter.since(before)
    expect(dynamodb.byOperation).toEqual({ GetItem: 78, PutItem: 77 })
    expect(dynamodb.writeUnits).toBeLessThanOrEqual(600)
    expect(dynamodb.readUnits).toBeLessThanOrEqual(170)
    await drain(deployment, adapter)
    expect((await client.get(fork)).context['end']).toContain('9999 ')
  })
})

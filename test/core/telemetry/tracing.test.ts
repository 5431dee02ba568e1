/** Which trace a run's messages are in, whoever sends them. */
import { createFlow, SleepNode, WaitNode } from 'flowcraft'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { currentTraceHeader } from '../../../lib/core/common/trace-context.ts'
import { formatJob, type JobQueue } from '../../../lib/core/queue/job.ts'
import { resumeRun } from '../../../lib/core/run/resume.ts'
import { putRun } from '../../../lib/core/run/start.ts'
import { sweep } from '../../../lib/core/run/sweep.ts'
import { Tracing } from '../../../lib/core/telemetry/tracing.ts'
import { daemonAddress } from '../../../lib/core/telemetry/xray-daemon.ts'
import { withTraceHeader } from '../../../lib/index.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { takeOne } from '../../support/one-message.ts'
import { newSegmentId, newTraceId, xrayDaemon } from '../../support/xray.ts'

const traceId = newTraceId()
const startId = newSegmentId()
const header = `Root=${traceId};Parent=${startId};Sampled=1`
const other = `Root=${newTraceId()};Parent=${newSegmentId()};Sampled=1`

afterEach(() => vi.unstubAllEnvs())

/** A service of these flows that traces, and the header of each job that is sent, by its node. */
async function traced(flow: ReturnType<typeof createFlow>, daemon?: string) {
  const service = new TestService({ flows: [flow] })
  const sent: { nodeId: string | undefined; header: string | undefined }[] = []
  const queue: JobQueue = {
    send: (jobs, delaySeconds) => {
      sent.push(...jobs.map(({ nodeId }) => ({ nodeId, header: currentTraceHeader() })))
      return service.queue.send(jobs, delaySeconds)
    },
  }
  const services = { ...service.services, queue, tracing: new Tracing(daemon ?? '') }
  /** As `RunClient.start` does it within a trace. */
  const start = (within: string | undefined) =>
    withTraceHeader(within, async () => {
      const graph = await services.graphs.remember(flow.toBlueprint().id)
      const { run } = await putRun(services, { runId: 'r', input: {}, graph })
      await queue.send([{ runId: 'r', blueprintId: run.blueprintId, nodeId: graph.node(0).id, iteration: 1 }])
      return run
    })
  const take = (traceHeader?: string) => takeOne(service, { services, invocation: { traceHeader } })
  return { service, services, sent, start, take }
}

const chain = createFlow('chain')
  .node('a', async () => ({ output: currentTraceHeader() }))
  .node('b', async () => ({}))
  .node('c', async () => ({}))
  .edge('a', 'b')
  .edge('a', 'c')

const sleeper = createFlow('sleeper').node('s', SleepNode, { params: { duration: 3_600_000 } })

describe('a run that is started in a trace', () => {
  it('keeps it, and sends its jobs in it after the segment of the message that scheduled them', async () => {
    const daemon = await xrayDaemon()
    const { sent, start, take } = await traced(chain, daemon.address)
    expect((await start(header)).trace).toBe(`${traceId}:${startId}`)

    await take(header)

    await daemon.arrived()
    expect(daemon.segments).toHaveLength(1)
    const [segment] = daemon.segments
    expect(segment).toMatchObject({
      name: 'chain',
      trace_id: traceId,
      parent_id: startId,
      annotations: { run_id: 'r', node_id: 'a' },
    })
    expect(segment).not.toHaveProperty('fault')
    expect(segment?.id).toMatch(/^[0-9a-f]{16}$/)
    expect(segment?.end_time).toBeGreaterThanOrEqual(segment?.start_time ?? Infinity)
    const after = `Root=${traceId};Parent=${segment?.id};Sampled=1`
    expect(sent).toEqual([
      { nodeId: 'a', header },
      { nodeId: 'b', header: after },
      { nodeId: 'c', header: after },
    ])
  })

  it('goes on after its start where nobody listens to segments', async () => {
    const { sent, start, take } = await traced(chain)
    await start(header)
    await take(header)
    expect(sent.map((each) => each.header)).toEqual([header, header, header])
  })

  it('goes on in it though Lambda did not sample an invocation, which has no daemon then', async () => {
    const daemon = await xrayDaemon()
    const { sent, start, take } = await traced(chain, daemon.address)
    await start(header)
    vi.stubEnv('_X_AMZN_TRACE_ID', `Root=${newTraceId()};Sampled=0`)
    await take(header)
    expect(sent.map((each) => each.header)).toEqual([header, header, header])
    await daemon.arrived()
    expect(daemon.segments).toEqual([])
  })

  it.each([undefined, 'nonsense', other, `Root=${traceId};Sampled=0`])(
    'goes on in it when a message comes with the header %s',
    async (came) => {
      const { sent, start, take } = await traced(chain)
      await start(header)
      await take(came)
      expect(sent.map((each) => each.header)).toEqual([header, header, header])
    },
  )

  it('shows its nodes the trace', async () => {
    const { service, start, take } = await traced(chain)
    await start(header)
    await take(header)
    expect((await service.get('r')).context).toMatchObject({ a: header })
  })

  it('gets its timers from the sweep in it', async () => {
    const { service, services, sent, start, take } = await traced(sleeper)
    await start(header)
    await take(header)
    service.now += 3_500_000

    vi.stubEnv('_X_AMZN_TRACE_ID', other)
    await sweep(services)

    expect(sent).toEqual([
      { nodeId: 's', header },
      { nodeId: 's', header },
    ])
  })

  it('gets a job in it that the sweep brings back from the dead-letter queue', async () => {
    const { service, services, sent, start } = await traced(chain)
    await start(header)
    service.deadLetters.move(formatJob({ runId: 'r', blueprintId: 'chain', nodeId: 'a', iteration: 1 }))

    vi.stubEnv('_X_AMZN_TRACE_ID', other)
    expect(await sweep({ ...services, deadLetters: service.deadLetters })).toMatchObject({ returned: 1 })

    expect(sent).toEqual([
      { nodeId: 'a', header },
      { nodeId: 'a', header },
    ])
  })

  it('goes on in it after a resume, whose own trace leads to the message', async () => {
    const flow = createFlow('approval')
      .node('w', WaitNode)
      .node('a', async () => ({}))
      .edge('w', 'a')
    flow.node('b', async () => ({})).edge('w', 'b')
    const { services, sent, start, take } = await traced(flow)
    await start(header)
    await take(header)

    await withTraceHeader(other, () => resumeRun(services, 'r', 'w', {}))
    await take(other)

    expect(sent).toEqual([
      { nodeId: 'w', header },
      { nodeId: 'w', header: other },
      { nodeId: 'a', header },
      { nodeId: 'b', header },
    ])
  })

  it('says of a message that fails that it was a fault', async () => {
    const daemon = await xrayDaemon()
    const tracing = new Tracing(daemon.address)
    const message = { runId: 'r', blueprintId: 'größe "1"?', nodeId: 'n'.repeat(2_000), traceHeader: header }
    const fails = tracing.segment(message, async () => {
      throw new Error('down')
    })
    await expect(fails).rejects.toThrow('down')
    await daemon.arrived()
    expect(daemon.segments).toHaveLength(1)
    expect(daemon.segments[0]).toMatchObject({ name: 'größe _1__', fault: true })
    expect(daemon.segments[0]?.annotations['node_id']).toBe('n'.repeat(1_000))
  })

  it('does not mind a daemon that is not there', async () => {
    const { start, take, sent } = await traced(chain, '127.0.0.1:1')
    await start(header)
    expect(await take(header)).toEqual({ kind: 'acknowledge' })
    expect(sent).toHaveLength(3)
  })
})

describe('a run whose start is not recorded', () => {
  const unsampled = `Root=${traceId};Parent=${startId};Sampled=0`

  it('keeps nothing, has no segments, and hands on that it is not', async () => {
    const daemon = await xrayDaemon()
    const { sent, start, take } = await traced(chain, daemon.address)
    expect((await start(unsampled)).trace).toBeUndefined()
    await take(unsampled)
    expect(sent.map((each) => each.header)).toEqual([unsampled, unsampled, unsampled])
    await daemon.arrived()
    expect(daemon.segments).toEqual([])
  })

  it('is not recorded because a sweep is that sends its timer', async () => {
    const { service, services, sent, start, take } = await traced(sleeper)
    await start(unsampled)
    await take(unsampled)
    service.now += 3_500_000
    vi.stubEnv('_X_AMZN_TRACE_ID', other)
    await sweep(services)
    expect(sent.at(-1)?.header).toBe(other.replace('Sampled=1', 'Sampled=0'))
  })
})

describe('the address of the daemon', () => {
  it.each([
    ['169.254.79.129:2000', { host: '169.254.79.129', port: 2000 }],
    ['tcp:127.0.0.1:2000 udp:127.0.0.2:2001', { host: '127.0.0.2', port: 2001 }],
    ['udp:127.0.0.2:2001 tcp:127.0.0.1:2000', { host: '127.0.0.2', port: 2001 }],
    ['xray-daemon:2000', { host: 'xray-daemon', port: 2000 }],
    [undefined, undefined],
    ['', undefined],
    ['127.0.0.1', undefined],
    ['127.0.0.1:0', undefined],
    ['127.0.0.1:99999', undefined],
  ])('%s is %j', (text, address) => {
    expect(daemonAddress(text)).toEqual(address)
  })
})

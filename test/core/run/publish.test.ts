/** What is published of runs besides their ends, whatever dies in between. */
import { createFlow, type WorkflowBlueprint } from 'flowcraft'
import { beforeEach, describe, expect, it } from 'vitest'
import { requestFailed } from '../../../lib/core/common/errors.ts'
import type { Services } from '../../../lib/core/execution/services.ts'
import { nothingScheduled } from '../../../lib/core/protocol/run-state.ts'
import type { Job } from '../../../lib/core/queue/job.ts'
import type { DeadLetters } from '../../../lib/core/queue/dead-letter-queue.ts'
import { dropDeadLetters } from '../../../lib/core/run/dead-letters.ts'
import { returnDeadLetters } from '../../../lib/core/run/redrive-dead-letters.ts'
import { sweep } from '../../../lib/core/run/sweep.ts'
import { runEventNames } from '../../../lib/core/telemetry/names.ts'
import type { RunEvent } from '../../../lib/core/telemetry/run-events.ts'
import { TestService, type TestServiceOptions } from '../../../lib/testing/index.ts'
import { graph, value } from '../../conformance/case.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { nextJob, takeOne, withMethods, workOnJob } from '../../support/one-message.ts'

const GRACE_MS = 120_000
let broken = true
const order = createFlow('order')
  .node('check', async () => ({ output: 1 }))
  .wait('approve', { params: { timeout: '2d' } })
  .node('ship', async () => {
    if (broken) throw new Error('no carrier')
    return { output: 'shipped' }
  })
  .node('refuse', async () => ({ output: 'refused' }))
  .edge('check', 'approve')
  .edge('approve', 'ship', { action: 'approved' })
  .edge('approve', 'refuse', { action: 'rejected' })

function serviceOf(options: TestServiceOptions = {}): TestService {
  return new TestService({ flows: [order], logger: quiet, runEvents: runEventNames, ...options })
}

/** The events of this name, each once. */
function told<N extends RunEvent['name']>(service: TestService, name: N) {
  const all = service.runEvents.filter(
    (event): event is Extract<RunEvent, { name: N }> => event.name === name,
  )
  return [...new Map(all.map(({ detail }) => [detail.id, detail])).values()]
}

/** A bus that takes nothing of this name. */
function without(service: TestService, name: RunEvent['name']): Partial<Services> {
  const { events } = service.services
  if (!events) throw new Error('there is no bus')
  const publish = async (event: RunEvent) => {
    if (event.name === name) throw requestFailed('PutEvents', new Error('died'))
    return events.publish(event)
  }
  return { events: { ...events, chosen: events.chosen, publish } }
}

let service: TestService
beforeEach(() => {
  broken = true
  service = serviceOf()
})

/** Works until the node waits, and dies before that is published. */
async function diesBefore(): Promise<void> {
  await service.start({ blueprintId: 'order', runId: 'r' })
  await expect(takeOne(service, { services: without(service, 'waiting') })).rejects.toThrow('died')
  expect((await service.get('r')).waiting).toMatchObject([{ nodeId: 'approve' }])
  expect(told(service, 'waiting')).toEqual([])
}

/** A run that failed at its last node. */
async function failed(): Promise<void> {
  await service.start({ blueprintId: 'order', runId: 'r' })
  await service.resume('r', { nodeId: 'approve', action: 'approved' })
  await service.settle()
  expect((await service.get('r')).status).toBe('failed')
}

describe('what a service is told to publish', () => {
  it('is nothing unless it is chosen', async () => {
    const silent = new TestService({ flows: [order], logger: quiet })
    await silent.start({ blueprintId: 'order', runId: 'r' })
    await silent.settle()
    expect(silent.runEvents).toEqual([])

    const asking = serviceOf({ runEvents: ['waiting'] })
    await asking.start({ blueprintId: 'order', runId: 'r' })
    await asking.settle()
    expect(new Set(asking.runEvents.map(({ name }) => name))).toEqual(new Set(['waiting']))
  })

  it('must be known', () => {
    const wrong = ['waitng'] as unknown as TestServiceOptions['runEvents']
    expect(() => serviceOf({ runEvents: wrong })).toThrow(
      expect.objectContaining({
        code: 'INVALID_CONFIGURATION',
        message: `cannot publish events of runs: runEvents must be a list of some of 'ended', 'started', 'waiting', 'redriven'; got ["waitng"]`,
      }),
    )
  })

  it('is the whole way of a run', async () => {
    await service.start({ blueprintId: 'order', runId: 'r', labels: { orderId: 'A-17' } })
    while (service.queue.visible().length > 0) await takeOne(service)
    expect(told(service, 'waiting')).toMatchObject([
      {
        id: 'r:waiting:1.1',
        nodeId: 'approve',
        actions: ['approved', 'rejected'],
        timeoutAt: '2026-01-03T00:00:00.000Z',
        labels: { orderId: 'A-17' },
      },
    ])
    await service.resume('r', { nodeId: 'approve', action: 'approved' })
    await service.settle()
    broken = false
    await service.redrive('r', { by: 'ada', reason: 'the carrier is back' })
    await service.settle()

    expect((await service.get('r')).status).toBe('completed')
    expect(service.runEvents.map(({ name, detail }) => [name, detail.id])).toEqual([
      ['started', 'r:started'],
      ['waiting', 'r:waiting:1.1'],
      ['ended', 'r:failed'],
      ['redriven', 'r:redriven:1'],
      ['ended', 'r:completed:1'],
    ])
    expect(told(service, 'redriven')).toMatchObject([{ by: 'ada', nodes: ['ship'], operation: 'redrive' }])
  })
})

describe('the start of a run', () => {
  it('is published before anything of it is committed', async () => {
    await service.start({ blueprintId: 'order', runId: 'r' })
    const { store } = service.services
    const dying = withMethods(store, {
      commit: async () => {
        throw new Error('died')
      },
    })

    await workOnJob(service, nextJob(service), { services: { store: dying } }).catch(() => {})

    expect(told(service, 'started')).toMatchObject([{ id: 'r:started', runId: 'r' }])
    await service.settle()
    expect(told(service, 'started')).toHaveLength(1)
  })

  it('is published once the bus is back, though the run has gone on', async () => {
    await service.start({ blueprintId: 'order', runId: 'r' })

    await takeOne(service, { services: without(service, 'started') })

    expect((await service.get('r')).nodes.completed).toEqual(['check'])
    expect(told(service, 'started')).toEqual([])
    expect(service.queue.visible().map(({ job }) => job)).toEqual([
      { runId: 'r', blueprintId: 'order', publishes: 'started' },
    ])
    await expect(takeOne(service, { services: without(service, 'started') })).rejects.toThrow('died')
    await workOnJob(service, { runId: 'r', blueprintId: 'order', publishes: 'started' })
    expect(told(service, 'started')).toHaveLength(1)
  })

  it('keeps its message where the queue fails too: nothing is committed', async () => {
    await service.start({ blueprintId: 'order', runId: 'r' })
    const queue = {
      send: async () => {
        throw new Error('no queue')
      },
    }

    const work = takeOne(service, { services: { ...without(service, 'started'), queue } })

    await expect(work).rejects.toThrow('no queue')
    expect((await service.services.store.read('r'))?.seq).toBe(0)
  })

  it('is left by a worker without a bus to one that has it, within the grace', async () => {
    await service.start({ blueprintId: 'order', runId: 'r' })
    const job = { runId: 'r', blueprintId: 'order', publishes: 'started' } as const
    const services = { events: undefined, deployGraceMs: GRACE_MS }

    expect(await workOnJob(service, job, { services })).toMatchObject({ kind: 'retry', afterSeconds: 10 })
    service.now += GRACE_MS
    expect(await workOnJob(service, job, { services })).toEqual({ kind: 'acknowledge' })
  })

  it('is published of one that was cancelled before anything ran, and redriven', async () => {
    await service.start({ blueprintId: 'order', runId: 'r' })
    await service.cancel('r')
    await service.settle()
    expect(told(service, 'started')).toEqual([])

    await service.redrive('r')
    while (service.queue.visible().length > 0) await takeOne(service)

    expect(told(service, 'started')).toMatchObject([{ id: 'r:started' }])
    expect(told(service, 'waiting')).toMatchObject([{ id: 'r:waiting:1.1:1' }])
  })
})

describe('a wait', () => {
  it('is published by the redelivery of the message that led to it', async () => {
    await diesBefore()

    await workOnJob(service, { runId: 'r', blueprintId: 'order', nodeId: 'check', iteration: 1 })
    const forWait = service.queue.visible().find(({ job }) => job.nodeId === 'approve')
    expect(told(service, 'waiting')).toEqual([])
    await workOnJob(service, forWait?.job ?? nextJob(service))

    expect(told(service, 'waiting')).toMatchObject([{ id: 'r:waiting:1.1' }])
  })

  it('is published by whoever unpauses a run that was paused meanwhile', async () => {
    await diesBefore()
    await service.pause('r')
    await workOnJob(service, { runId: 'r', blueprintId: 'order', nodeId: 'check', iteration: 1 })
    expect(told(service, 'waiting')).toEqual([])

    await service.unpause('r')
    while (service.queue.visible().length > 0) await takeOne(service)

    expect(told(service, 'waiting')).toMatchObject([{ id: 'r:waiting:1.1' }])
  })

  it('is not published where its event is there', async () => {
    await service.start({ blueprintId: 'order', runId: 'r' })
    await service.resume('r', { nodeId: 'approve', action: 'rejected' })
    await service.settle()

    expect((await service.get('r')).context['refuse']).toBe('refused')
    expect(told(service, 'waiting')).toEqual([])
  })

  it('is none of a sleep, a try or a child run, but one in the child', async () => {
    const child: WorkflowBlueprint = { id: 'child', nodes: [{ id: 'ask', uses: 'wait' }], edges: [] }
    const { blueprint, registry } = graph(
      {
        nap: { run: 'sleep', params: { duration: 1_000 } },
        call: { run: 'subflow', params: { blueprintId: 'child' } },
        end: value('end'),
      },
      ['nap>call', 'call>end'],
    )
    const nested = new TestService({
      blueprints: { case: blueprint, child },
      registry,
      logger: quiet,
      runEvents: runEventNames,
    })
    await nested.start({ blueprintId: 'case', runId: 'r' })
    await nested.settle()

    expect(told(nested, 'waiting')).toMatchObject([
      { id: 'r/1.1:waiting:0.1', runId: 'r/1.1', nodeId: 'ask', parentRunId: 'r', reason: 'event' },
    ])
    expect(told(nested, 'started').map(({ id }) => id)).toEqual(['r:started', 'r/1.1:started'])
  })
})

describe('a redrive', () => {
  const publication = { runId: 'r', blueprintId: 'order', publishes: 'redriven' } as const

  it('is published by a message of its own, until that is done', async () => {
    await failed()
    await service.redrive('r', { by: 'ada' })
    const messages = () => service.queue.visible().filter(({ job }) => job.publishes)
    expect(messages().map(({ job }) => job)).toEqual([publication])

    const services = without(service, 'redriven')
    await expect(workOnJob(service, publication, { services })).rejects.toThrow('died')
    expect(await workOnJob(service, publication)).toEqual({ kind: 'acknowledge' })

    expect(told(service, 'redriven')).toMatchObject([{ id: 'r:redriven:1', by: 'ada', nodes: ['ship'] }])
    expect(await service.services.store.read('r')).not.toHaveProperty('redriveNote')
    await workOnJob(service, publication)
    expect(service.runEvents.filter(({ name }) => name === 'redriven')).toHaveLength(1)
  })

  it('is published by the sweep where whoever did it died', async () => {
    await failed()
    await service.redrive('r')
    for (const message of service.queue.visible()) service.queue.delete(message)
    service.now += 60_000

    await sweep(service.services)

    expect(service.queue.visible().map(({ job }) => job)).toContainEqual(publication)
  })

  it('is published before the next end, where its message never came', async () => {
    await failed()
    await service.redrive('r')
    for (const message of service.queue.visible()) service.queue.delete(message)
    await service.cancel('r')
    await service.settle()

    expect(service.runEvents.slice(-2).map(({ detail }) => detail.id)).toEqual([
      'r:redriven:1',
      'r:cancelled:1',
    ])
  })

  it('is published before the next redrive, though nobody publishes ends', async () => {
    service = serviceOf({ runEvents: ['redriven'] })
    await failed()
    expect((await service.services.store.read('r'))?.outbox).toBeUndefined()
    await service.redrive('r')
    const [publishing] = service.queue.visible().filter(({ job }) => job.publishes)
    if (publishing) service.queue.delete(publishing)
    await expect(takeOne(service, { services: without(service, 'redriven') })).rejects.toThrow('died')
    expect(await service.services.store.read('r')).toMatchObject({ status: 'failed', outbox: 'end' })

    await service.settle()
    await service.redrive('r')
    await service.settle()

    expect(told(service, 'redriven').map(({ id }) => id)).toEqual(['r:redriven:1', 'r:redriven:2'])
  })

  it('costs a worker that is not told to nothing', async () => {
    service = serviceOf({ runEvents: ['ended'] })
    await failed()
    await service.redrive('r')
    await service.settle()

    expect(service.runEvents.map(({ detail }) => detail.id)).toEqual(['r:failed', 'r:failed:1'])
    expect(await service.services.store.read('r')).toMatchObject({ redriveNote: { key: expect.any(String) } })
  })

  describe('of a run with a child', () => {
    let isDown: boolean
    let nested: TestService
    beforeEach(async () => {
      isDown = true
      const child = createFlow('child').node('c', async () => {
        if (isDown) throw new Error('down')
        return { output: 'c' }
      })
      const { blueprint, registry } = graph(
        { call: { run: 'subflow', params: { blueprintId: 'child' } }, end: value('end') },
        ['call>end'],
      )
      nested = new TestService({
        flows: [child],
        blueprints: { case: blueprint },
        registry,
        logger: quiet,
        runEvents: ['redriven'],
      })
      await nested.run({ blueprintId: 'case', runId: 'r' })
      isDown = false
      await nested.redrive('r', { by: 'ada', reason: 'it is up' })
    })

    it('is published of the child too, with who did it', async () => {
      await nested.settle()

      expect((await nested.get('r')).status).toBe('completed')
      const both = { by: 'ada', reason: 'it is up', redrives: 1 }
      expect(told(nested, 'redriven').toSorted((a, b) => a.runId.length - b.runId.length)).toMatchObject([
        { ...both, runId: 'r', nodes: ['call'] },
        { ...both, runId: 'r/0.1', parentRunId: 'r' },
      ])
    })

    it('keeps no parent waiting, though the bus fails', async () => {
      const jobs = nested.queue.visible().map(({ job }) => job)
      const ofChild = jobs.find(({ runId, nodeId }) => runId === 'r/0.1' && nodeId !== undefined)
      for (const message of nested.queue.visible()) nested.queue.delete(message)

      const services = without(nested, 'redriven')
      await expect(workOnJob(nested, ofChild as Job, { services })).rejects.toThrow('died')

      expect(nested.queue.visible().map(({ job }) => job)).toMatchObject([{ runId: 'r', nodeId: 'call' }])
    })
  })

  it('tells of a skip which node it was', async () => {
    await failed()
    await service.skip('r', { nodeId: 'ship', output: 'by hand', by: 'ada' })
    await service.settle()

    expect((await service.get('r')).context['ship']).toBe('by hand')
    expect(told(service, 'redriven')).toMatchObject([{ operation: 'skip', nodes: ['ship'], by: 'ada' }])
  })
})

function publishing(runId: string, more: object = {}): string {
  return JSON.stringify({ runId, blueprintId: 'order', publishes: 'started', ...more })
}

describe('a message that publishes, in the dead-letter queue', () => {
  it('goes back to the workers though its run is over', async () => {
    await service.start({ blueprintId: 'order', runId: 'r' })
    await service.cancel('r')
    await service.settle()
    service.deadLetters.move(publishing('r'))
    service.deadLetters.move(publishing('nobody'))

    const result = await returnDeadLetters(service.services, service.deadLetters)

    expect(result).toEqual({ returned: 1, kept: 0 })
    expect(service.queue.visible().map(({ job }) => job)).toMatchObject([
      { runId: 'r', publishes: 'started' },
    ])
  })

  it.each([
    ['stays after fifty returns', { returns: 50 }, returnDeadLetters],
    [
      'is dropped',
      {},
      (services: Services, deadLetters: DeadLetters) =>
        dropDeadLetters({ ...services, deadLetters }, {}, { by: 'ada' }),
    ],
  ] as const)('is not what a run waits for, where it %s', async (_, more, look) => {
    const { store } = service.services
    const nothing = { ...nothingScheduled(), inlineValues: new Map() }
    await store.create({ runId: 'new', blueprintId: 'order', startedAt: service.now, ...nothing })
    service.deadLetters.move(publishing('new', more))

    await look(service.services, service.deadLetters)

    expect(service.queue.visible()).toEqual([])
    expect(await store.read('new')).not.toHaveProperty('deadLetters')
  })
})

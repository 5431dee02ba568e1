/** Waits whose event does not come: they go on by an action, or fail. */
import { createFlow, type NodeContext, WaitNode, WebhookNode, type WorkflowBlueprint } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { register } from '../../../lib/core/blueprints/registration.ts'
import { requestFailed } from '../../../lib/core/common/errors.ts'
import { reconcileRun } from '../../../lib/core/run/reconcile.ts'
import { resumeRun } from '../../../lib/core/run/resume.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { graph, rounds, type Setup, trail, value } from '../../conformance/case.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { takeOne, withMethods, workOnJob, withSlowPuts } from '../../support/one-message.ts'

const HOUR_MS = 3_600_000
const END = 'the case ends'

function serviceOf({ blueprint, registry }: Pick<Setup, 'blueprint' | 'registry'>) {
  return new TestService({ blueprints: { case: blueprint }, registry, logger: quiet })
}

/** start -> ask, which waits with these params. */
function asking(params: Record<string, unknown>, edges: string[], more: Record<string, unknown> = {}): Setup {
  const ask = { run: 'wait', params, ...more }
  const nodes = { start: value('go'), ask, yes: trail('yes'), late: trail('late') }
  return graph(nodes, ['start>ask', 'ask>yes:approve', ...edges])
}

/** A node of one's own that waits for an event. */
function awaiting(timeout: unknown) {
  return async (context: NodeContext) => {
    const details = { reason: 'external_event', timeout } as { reason: string }
    await context.dependencies.workflowState.markAsAwaiting('own', details)
    return { output: 'asked' }
  }
}

function awaitingService(timeout: unknown) {
  const own = { run: awaiting(timeout), params: { timeout: 7 } }
  return serviceOf(graph({ own, late: trail('late') }, ['own>late:timeout']))
}

async function asleep(setup: Pick<Setup, 'blueprint' | 'registry'>) {
  const service = serviceOf(setup)
  const { runId } = await service.start({ blueprintId: 'case', runId: 'r' })
  while (service.queue.visible().length > 0) await takeOne(service)
  return { service, runId, from: service.now }
}

describe('a wait whose event does not come in time', () => {
  it.each([
    ['5m', 300_000],
    ['2h', 2 * HOUR_MS],
    ['40d', 40 * 24 * HOUR_MS],
    [1_500, 1_500],
  ])('of %s goes on by the action timeout when its time is over, and not before', async (timeout, ms) => {
    const { service, runId, from } = await asleep(asking({ timeout }, ['ask>late:timeout']))
    expect(await service.get(runId)).toMatchObject({
      status: 'awaiting',
      waiting: [{ nodeId: 'ask', reason: 'external_event', timeoutAt: new Date(from + ms) }],
    })

    await service.settle()

    const { status, nodes, errors, context } = await service.get(runId)
    expect([status, nodes.completed, errors]).toEqual(['completed', ['start', 'ask', 'late'], undefined])
    expect(context['late']).toEqual(['late', null])
    expect(service.now - from).toBeGreaterThanOrEqual(ms)
    expect(service.now - from).toBeLessThan(ms + 5_000)
    expect(await service.resume(runId, { nodeId: 'ask', action: 'approve' })).toEqual({ resumed: false })
  })

  it('goes on by the action that it names', async () => {
    const setup = asking({ timeout: '1h', timeoutAction: 'escalate' }, ['ask>late:escalate'])

    const { nodes } = await serviceOf(setup).run({ blueprintId: 'case' })

    expect(nodes.completed).toEqual(['start', 'ask', 'late'])
  })

  it('fails where no edge names the action, and its fallback stands in', async () => {
    const { status, errors } = await serviceOf(asking({ timeout: '1h' }, [])).run({ blueprintId: 'case' })
    expect([status, errors?.map(({ nodeId, message }) => [nodeId, message])]).toEqual([
      'failed',
      [['ask', "nobody gave node 'ask' its event before its timeout"]],
    ])
    expect(errors?.[0]?.originalError).toMatchObject({ name: 'FlowcraftAwsError' })

    const withFallback = asking({ timeout: '1h' }, [], { fallback: 'late' })
    expect(await serviceOf(withFallback).run({ blueprintId: 'case' })).toMatchObject({
      status: 'completed',
      nodes: { completed: ['start', 'ask', 'late'] },
    })
  })

  it('takes the time of its config as well, where its params give none', async () => {
    const config = asking({}, ['ask>late:timeout'], { timeout: HOUR_MS })
    const both = asking({ timeout: '2h' }, ['ask>late:timeout'], { timeout: HOUR_MS })
    const none = asking({}, ['ask>late:timeout'], { timeout: 0 })
    for (const [setup, ms] of [
      [config, HOUR_MS],
      [both, 2 * HOUR_MS],
      [none, undefined],
    ] as const) {
      const { service, runId, from } = await asleep(setup)
      const { waiting } = await service.get(runId)
      expect(waiting?.[0]?.timeoutAt?.getTime()).toBe(ms && from + ms)
    }
  })

  it('waits anew in each round of a loop', async () => {
    const setup = graph(
      {
        ask: { run: 'wait', any: true, params: { timeout: '1h' } },
        count: { run: rounds('n', 3), any: true },
        end: value(END),
      },
      ['ask>count:timeout', 'ask>count', 'count>ask:again', 'count>end:done'],
    )
    const { service, runId, from } = await asleep(setup)
    await service.resume(runId, { nodeId: 'ask' })
    await service.settle()

    expect(await service.get(runId)).toMatchObject({ status: 'completed', context: { n: 3, end: END } })
    expect(service.now - from).toBeGreaterThanOrEqual(2 * HOUR_MS)
    expect(service.now - from).toBeLessThan(2 * HOUR_MS + 10_000)
  })
})

describe('a wait whose event comes in time', () => {
  it.each(['before it waits', 'while it waits'])('(%s) goes on by that', async (when) => {
    const setup = asking({ timeout: '1h' }, ['ask>late:timeout'])
    const service = serviceOf(setup)
    const { runId } = await service.start({ blueprintId: 'case', runId: 'r' })
    if (when === 'while it waits') while (service.queue.visible().length > 0) await takeOne(service)

    expect(await service.resume(runId, { nodeId: 'ask', action: 'approve', output: 'ok' })).toEqual({
      resumed: true,
    })
    await service.settle()

    const { nodes, context } = await service.get(runId)
    expect([nodes.completed, context['yes']]).toEqual([
      ['start', 'ask', 'yes'],
      ['yes', 'ok'],
    ])
  })

  it('counts also where the message of its timeout comes first, after the event is there', async () => {
    const { service, runId } = await asleep(asking({ timeout: '5m' }, ['ask>late:timeout']))
    const unsent = { ...service.services, queue: { send: async () => {} } }
    expect(await resumeRun(unsent, runId, 'ask', { action: 'approve' })).toBe(true)

    await service.settle()

    expect((await service.get(runId)).nodes.completed).toEqual(['start', 'ask', 'yes'])
  })

  it('is told that it does not count where the timeout came first, though the event was on its way', async () => {
    const { service, runId } = await asleep(asking({ timeout: '5m' }, ['ask>late:timeout']))
    const { store: slow, held, gate } = withSlowPuts(service.services.store)
    const given = resumeRun({ ...service.services, store: slow }, runId, 'ask', { action: 'approve' })
    await held.passed
    await service.settle()
    gate.open()

    expect(await given).toBe(false)
    expect((await service.get(runId)).nodes.completed).toEqual(['start', 'ask', 'late'])
  })

  it('counts where whoever found the time over dies, and the event was first', async () => {
    const { service, runId } = await asleep(asking({ timeout: '5m' }, ['ask>late:timeout']))
    const { store } = service.services
    service.now += 300_000
    const job = { runId, blueprintId: 'case', nodeId: 'ask', iteration: 1 }
    // Its put arrives after the event's, and the worker is gone before it learns of that.
    const dying = withMethods(store, {
      putOnce: async (...put) => {
        await service.resume(runId, { nodeId: 'ask', action: 'approve' })
        expect(await store.putOnce(...put)).toBe(false)
        throw requestFailed('the request', new Error('died'))
      },
    })
    await expect(workOnJob(service, job, { services: { store: dying } })).rejects.toThrow('died')

    await service.settle()

    expect((await service.get(runId)).nodes.completed).toEqual(['start', 'ask', 'yes'])
  })
})

describe('a timeout', () => {
  it('of a webhook is that of the node which waits for its call, unless that has its own', async () => {
    for (const [own, hours] of [
      [{}, 1],
      [{ timeout: '2h' }, 2],
    ] as const) {
      const flow = createFlow('hooked')
        .node('hook', WebhookNode, { params: { timeout: '1h' } })
        .wait('paid', { params: { eventName: 'webhook:hook', ...own } })
        .node('ship', async () => ({ output: 'shipped' }))
        .node('drop', async () => ({ output: 'dropped' }))
        .edge('hook', 'paid')
        .edge('paid', 'ship')
        .edge('paid', 'drop', { action: 'timeout' })
      const service = new TestService({ flows: [flow], logger: quiet })
      const from = service.now

      const { runId, nodes, context } = await service.run({ blueprintId: 'hooked' })

      expect(nodes.completed).toEqual(['hook', 'paid', 'drop'])
      expect(Math.floor((service.now - from) / HOUR_MS)).toBe(hours)
      const { url } = context['hook'] as { url: string }
      expect([await service.post(url, 1), await service.isOver(runId)]).toEqual(['used', true])
    }
  })

  it('of a node that extends WaitNode is that of its params', async () => {
    class Approval extends WaitNode {}
    const flow = createFlow('own').node('ask', Approval, { params: { timeout: '1h' } })

    const { status, errors } = await new TestService({ flows: [flow], logger: quiet }).run({
      blueprintId: 'own',
    })

    expect([status, errors?.[0]?.message]).toEqual([
      'failed',
      "nobody gave node 'ask' its event before its timeout",
    ])
  })

  it('of a node that marks itself as awaiting is what it says there', async () => {
    expect((await awaitingService('1h').run({ blueprintId: 'case' })).context).toMatchObject({
      own: 'asked',
      late: ['late', 'asked'],
    })
    // What a node of one's own calls `timeout` in its params is its own business.
    expect(await awaitingService(undefined).run({ blueprintId: 'case' })).toMatchObject({
      status: 'awaiting',
    })
    const { errors } = await awaitingService('soon').run({ blueprintId: 'case' })
    expect(errors?.[0]?.message).toContain("got 'soon'")
  })

  it('is sent again by reconcile where its message is gone', async () => {
    const { service, runId } = await asleep(asking({ timeout: '5m' }, ['ask>late:timeout']))
    service.now += 300_000
    for (const message of service.queue.visible()) service.queue.delete(message)
    expect(service.queue.size).toBe(0)

    expect([...(await reconcileRun(service.services, runId))]).toEqual(['ask'])
    await service.settle()

    expect((await service.get(runId)).nodes.completed).toEqual(['start', 'ask', 'late'])
  })
})

describe('registration refuses a timeout', () => {
  const problems: [string, Record<string, unknown>, string][] = [
    ['that is no duration', { timeout: '1 hour' }, "got '1 hour'"],
    ['of nothing', { timeout: 0 }, 'got 0'],
    ['below nothing', { timeout: -1 }, 'got -1'],
    ['that never ends', { timeout: Infinity }, 'got'],
    ['that is no number', { timeout: NaN }, 'got'],
    ['that is a list', { timeout: ['1h'] }, 'got ["1h"]'],
    ['whose action no edge names', { timeoutAction: 'gone' }, "no edge of it names its timeoutAction 'gone'"],
    ['whose action is no text', { timeoutAction: 7 }, 'timeoutAction must be the action of an edge; got 7'],
  ]
  it.each(problems)('%s', (_, params, why) => {
    const { blueprint, registry } = asking(params, ['ask>late:timeout'])

    expect(() => register({ blueprints: { case: blueprint }, registry })).toThrow(why)
    expect(() => register({ blueprints: { case: blueprint }, registry })).toThrow(
      "blueprint 'case': node 'ask'",
    )
  })

  it('of a webhook as well, and takes the edges that a fallback inherits for its own', () => {
    const hook: WorkflowBlueprint = {
      id: 'case',
      nodes: [{ id: 'hook', uses: 'webhook', params: { timeout: 'soon' } }],
      edges: [],
    }
    expect(() => register({ blueprints: { case: hook } })).toThrow("node 'hook': timeout must be a duration")

    const { blueprint, registry } = graph(
      {
        bad: { run: value(1), fallback: 'ask' },
        ask: { run: 'wait', params: { timeout: '1h', timeoutAction: 'late' } },
        end: value(2),
      },
      ['bad>end:late'],
    )
    expect(() => register({ blueprints: { case: blueprint }, registry })).not.toThrow()
  })
})

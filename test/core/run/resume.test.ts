/** Resumes: which node they mean, which of them counts, and what one does that is made again. */
import type { FlowcraftEvent, NodeContext } from 'flowcraft'
import { describe, expect, it, vi } from 'vitest'
import { requestFailed } from '../../../lib/core/common/errors.ts'
import { cancelRun } from '../../../lib/core/run/cancel.ts'
import { resumeAll, resumeRun } from '../../../lib/core/run/resume.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { failing, graph, rounds, type Setup, trail, value } from '../../conformance/case.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { takeOne, withMethods, withSlowPuts } from '../../support/one-message.ts'

async function waiting({ blueprint, registry }: Setup) {
  const service = new TestService({ blueprints: { case: blueprint }, registry, logger: quiet })
  const { runId } = await service.start({ blueprintId: 'case', runId: 'r' })
  await service.settle()
  return { service, runId }
}

const wait = { run: 'wait' }
const oneAfterAnother = () => graph({ first: wait, second: wait }, ['first>second'])
const sideBySide = () => graph({ left: wait, right: wait }, [])

describe('a resume that is made again', () => {
  it('sends what came of the event a message, as long as the run goes on', async () => {
    const { service, runId } = await waiting(oneAfterAnother())
    await service.resume(runId, { nodeId: 'first' })
    await service.settle()
    expect(service.queue.size).toBe(0)

    expect(await service.resume(runId, { nodeId: 'first' })).toEqual({ resumed: false })
    expect(service.queue.visible().map(({ job }) => job.nodeId)).toEqual(['first'])
    await service.settle()
    expect(await service.get(runId)).toMatchObject({
      status: 'awaiting',
      waiting: [{ nodeId: 'second' }],
    })

    await service.resume(runId, { nodeId: 'second' })
    await service.settle()
    expect(await service.resume(runId, { nodeId: 'first' })).toEqual({ resumed: false })
    expect(service.queue.size).toBe(0)
  })

  const call = { output: 'once', idempotencyKey: 'k' }

  it('with its idempotency key is for the node of the first, though it names none and another waits now', async () => {
    const { service, runId } = await waiting(oneAfterAnother())
    expect(await service.resume(runId, call)).toEqual({ resumed: true })
    await service.settle()

    expect(await service.resume(runId, call)).toEqual({ resumed: true })
    await service.settle()

    expect(await service.get(runId)).toMatchObject({
      waiting: [{ nodeId: 'second' }],
      context: { first: 'once' },
    })
  })

  it('with its idempotency key is for the round of the first, though the loop waits in the next', async () => {
    const { blueprint, registry } = graph({ ask: { ...wait, any: true }, count: rounds('n', 3) }, [
      'ask>count',
      'count>ask:again',
    ])
    const { service, runId } = await waiting({ blueprint, registry })
    for (let time = 0; time < 3; time++) {
      expect(await service.resume(runId, { nodeId: 'ask', ...call })).toEqual({ resumed: true })
      await service.settle()
    }

    expect(await service.get(runId)).toMatchObject({ context: { n: 1 }, waiting: [{ nodeId: 'ask' }] })
    expect(await service.resume(runId, { nodeId: 'ask', ...call, idempotencyKey: 'next' })).toEqual({
      resumed: true,
    })
  })

  it('with its idempotency key counts also after the end of the run; without one it does not', async () => {
    const { service, runId } = await waiting(graph({ only: wait }, []))
    await service.resume(runId, { nodeId: 'only', ...call })
    await service.settle()
    expect(await service.isOver(runId)).toBe(true)

    expect(await service.resume(runId, { nodeId: 'only', ...call })).toEqual({ resumed: true })
    expect(await service.resume(runId, call)).toEqual({ resumed: true })
    expect(await service.resume(runId, { nodeId: 'only', output: 'late' })).toEqual({ resumed: false })
    expect(await service.resume(runId, { nodeId: 'only', ...call, idempotencyKey: 'other' })).toEqual({
      resumed: false,
    })
  })

  it('is refused where its idempotency key was used for another node', async () => {
    const { service, runId } = await waiting(sideBySide())
    await service.resume(runId, { nodeId: 'left', ...call })

    await expect(service.resume(runId, { nodeId: 'right', ...call })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: "cannot resume node 'right': its idempotencyKey was given in a call for node 'left'",
    })
    await service.settle()
    expect(await service.get(runId)).toMatchObject({ waiting: [{ nodeId: 'right' }] })
  })

  it('is refused where a call for another node claims its idempotency key at the same time', async () => {
    const { service, runId } = await waiting(sideBySide())
    const { store: slow, held, gate } = withSlowPuts(service.services.store)
    const late = resumeRun({ ...service.services, store: slow }, runId, 'right', call)
    await held.passed
    await service.resume(runId, { nodeId: 'left', ...call })

    gate.open()

    await expect(late).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await service.settle()
    expect(await service.get(runId)).toMatchObject({ waiting: [{ nodeId: 'right' }] })
  })

  it('gives its event where the first caller died before it gave it, and not where the run was cancelled', async () => {
    for (const cancelled of [false, true]) {
      const { service, runId } = await waiting(graph({ only: wait }, []))
      const { store } = service.services
      const dying = withMethods(store, {
        putOnce: async (run, key, value) => {
          if (key.startsWith('event#')) throw requestFailed('the request', new Error('died'))
          return store.putOnce(run, key, value)
        },
      })
      const first = resumeRun({ ...service.services, store: dying }, runId, 'only', call)
      await expect(first).rejects.toThrow('died')
      if (cancelled) await cancelRun(service.services, runId)

      expect(await service.resume(runId, { nodeId: 'only', ...call })).toEqual({ resumed: !cancelled })

      await service.settle()
      expect(await service.get(runId)).toMatchObject({ status: cancelled ? 'cancelled' : 'completed' })
    }
  })
})

describe('a resume that comes too late', () => {
  it('for a wait that failed does not count', async () => {
    const timed = { ...wait, params: { timeout: '1h' } }
    const { service, runId } = await waiting(graph({ timed, only: wait }, []))
    expect(await service.get(runId)).toMatchObject({ nodes: { failed: ['timed'] } })

    expect(await service.resume(runId, { nodeId: 'timed' })).toEqual({ resumed: false })
    expect(service.queue.size).toBe(0)
    expect(await service.get(runId)).toMatchObject({ waiting: [{ nodeId: 'only' }] })
  })

  it('for a run that was cancelled does not count', async () => {
    const { service, runId } = await waiting(graph({ only: wait }, []))
    await cancelRun(service.services, runId)
    const putOnce = vi.spyOn(service.services.store, 'putOnce')

    expect(await service.resume(runId, { nodeId: 'only' })).toEqual({ resumed: false })
    expect(await service.resume(runId, { nodeId: 'only', idempotencyKey: 'k' })).toEqual({ resumed: false })
    expect(putOnce).not.toHaveBeenCalled()
    await expect(service.resume(runId)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: "cannot resume run 'r': no node waits for an event",
    })
  })
})

describe('an action that no edge names', () => {
  const branches = { yes: trail('yes'), no: trail('no'), other: trail('other') }
  const approval = ['ask>yes:approve', 'ask>no:reject']
  const allowed = "allowed: 'approve', 'reject'"

  it.each([
    ['is refused', [], 'aprove', `no edge names the action 'aprove'; ${allowed}`],
    ['is refused beside an edge that has a condition', ['ask>other?result.output'], 'aprove', allowed],
    ['must not be left out', [], undefined, `it goes on by an action, and none was given; ${allowed}`],
    ['must not be empty', [], '', `it goes on by an action, and none was given; ${allowed}`],
  ])('%s', async (_, more, action, why) => {
    const { service, runId } = await waiting(graph({ ask: wait, ...branches }, [...approval, ...more]))
    const putOnce = vi.spyOn(service.services.store, 'putOnce')

    const refused = service.resume(runId, { nodeId: 'ask', action, idempotencyKey: 'k' })

    await expect(refused).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining(why),
    })
    expect([putOnce.mock.calls.length, service.queue.size]).toEqual([0, 0])
    expect(await service.resume(runId, { nodeId: 'ask', action: 'approve', idempotencyKey: 'k' })).toEqual({
      resumed: true,
    })
    await service.settle()
    const { completed } = (await service.get(runId)).nodes
    expect([completed.includes('yes'), completed.includes('no')]).toEqual([true, false])
  })

  it.each([
    ['takes the edge without an action', [...approval, 'ask>other'], 'later', ['ask', 'other']],
    ['and none at all take it as well', [...approval, 'ask>other'], undefined, ['ask', 'other']],
    [
      'is not looked at where no edge names one',
      ['ask>yes', 'ask>no', 'ask>other?result.no'],
      'approve',
      ['ask', 'yes', 'no'],
    ],
    ['is not looked at where nothing follows', [], 'approve', ['ask', 'yes', 'no', 'other']],
  ])('%s', async (_, edges, action, completed) => {
    const { service, runId } = await waiting(graph({ ask: wait, ...branches }, edges))

    await service.resume(runId, { nodeId: 'ask', action })
    await service.settle()

    expect(await service.get(runId)).toMatchObject({ status: 'completed', nodes: { completed } })
  })

  it('is refused before the node waits, and where the edges are those of the node it stands in for', async () => {
    const { yes, no } = branches
    const standIn = graph({ bad: { run: failing('no'), fallback: 'ask' }, ask: wait, yes, no }, [
      'bad>yes:approve',
      'bad>no:reject',
    ])
    const { service, runId } = await waiting(standIn)
    const refused = { code: 'INVALID_INPUT', message: expect.stringContaining(allowed) }
    await expect(service.resume(runId, { action: 'aprove' })).rejects.toMatchObject(refused)
    expect(await service.resume(runId, { action: 'reject' })).toEqual({ resumed: true })
    await service.settle()
    expect((await service.get(runId)).nodes.completed).toEqual(['bad', 'ask', 'no'])

    const early = await waiting(graph({ first: wait, ask: wait, ...branches }, ['first>ask', ...approval]))
    await expect(
      early.service.resume(early.runId, { nodeId: 'ask', action: 'aprove' }),
    ).rejects.toMatchObject(refused)
  })
})

describe('a resume of what does not wait for an event', () => {
  const sleep = { run: 'sleep', params: { duration: '3h' } }

  it('is refused, naming what does', async () => {
    const subflow = { run: 'subflow', params: { blueprintId: 'child' } }
    const child = graph({ inner: wait }, []).blueprint
    const setup = graph(
      { work: value(1), ask: wait, nap: sleep, later: value(2), call: subflow, next: sleep },
      ['ask>later', 'nap>next'],
    )
    const service = new TestService({
      blueprints: { case: setup.blueprint, child: { ...child, id: 'child' } },
      registry: setup.registry,
      logger: quiet,
    })
    const { runId } = await service.start({ blueprintId: 'case', runId: 'r' })
    await workOnAll(service)
    const what = "these wait: 'ask', 'nap' (sleeps)"

    for (const nodeId of ['work', 'later', 'next', 'call']) {
      await expect(service.resume(runId, { nodeId })).rejects.toMatchObject(refused(what))
    }
    await expect(service.resume(runId, { nodeId: 'next' })).rejects.toMatchObject(
      refused('it does not sleep now'),
    )
    await expect(service.resume(runId, { nodeId: 'call' })).rejects.toMatchObject(refused("run 'r/4.1'"))
    expect(service.queue.visible()).toEqual([])
  })

  it('also where it is between its tries, or its run is over', async () => {
    const flaky = { run: failing('no'), maxRetries: 2, retryDelay: 60_000 }
    const service = serviceOf(graph({ flaky }, []))
    const { runId } = await service.start({ blueprintId: 'case', runId: 'r' })
    await workOnAll(service)
    const between = refused('it waits for its next try; no node of the run waits for one')
    await expect(service.resume(runId, { nodeId: 'flaky' })).rejects.toMatchObject(between)
    await service.settle()

    expect(await service.isOver(runId)).toBe(true)
    await expect(service.resume(runId, { nodeId: 'flaky' })).rejects.toMatchObject(
      refused('it does not wait for an event'),
    )
  })
})

describe('a resume of a node that sleeps', () => {
  it.each(['10m', '3h'])(
    'of %s wakes it at once, with what it was given or what it had',
    async (duration) => {
      for (const [event, output] of [
        [{ nodeId: 'nap', output: 'woken' }, 'woken'],
        [{ nodeId: 'nap' }, 'go'],
        [{ output: null }, null],
      ] as const) {
        const { service, runId, from } = await asleep(duration)

        expect(await service.resume(runId, event)).toEqual({ resumed: true })
        expect(await service.resume(runId, { nodeId: 'nap', output: 'second' })).toEqual({ resumed: false })
        await workOnAll(service)

        expect([await service.isOver(runId), service.now]).toEqual([true, from])
        expect((await service.get(runId)).context).toMatchObject({ nap: output, end: ['end', output] })
        expect(await service.resume(runId, { nodeId: 'nap' })).toEqual({ resumed: false })
        await service.settle()
      }
    },
  )

  it('is told that it is too late when it woke by itself', async () => {
    const { service, runId } = await asleep()
    await service.settle()

    expect(await service.resume(runId, { nodeId: 'nap', output: 'late', idempotencyKey: 'k' })).toEqual({
      resumed: false,
    })
    expect((await service.get(runId)).context).toMatchObject({ nap: 'go' })
  })

  it('sleeps on where its caller dies before it gave the event', async () => {
    const { service, runId, from } = await asleep()
    const dying = withMethods(service.services.store, {
      putOnce: async () => {
        throw requestFailed('the request', new Error('died'))
      },
    })
    const event = { output: 'woken' }
    await expect(resumeRun({ ...service.services, store: dying }, runId, 'nap', event)).rejects.toThrow(
      'died',
    )
    expect(await service.get(runId)).toMatchObject({ waiting: [{ nodeId: 'nap', reason: 'timer' }] })

    await service.settle()

    expect((await service.get(runId)).context).toMatchObject({ nap: 'go' })
    expect(service.now - from).toBeGreaterThanOrEqual(3 * 3_600_000)
    expect(await service.resume(runId, { nodeId: 'nap' })).toEqual({ resumed: false })
  })

  it('counts or does not, whichever its event and the end of its time come first', async () => {
    for (const eventFirst of [true, false]) {
      const { service, runId } = await asleep('5m')
      const { store: slow, held, gate } = withSlowPuts(service.services.store)
      const given = resumeRun({ ...service.services, store: slow }, runId, 'nap', { output: 'woken' })
      await held.passed
      if (eventFirst) {
        gate.open()
        await given
      }

      await service.settle()
      gate.open()

      expect(await given).toBe(eventFirst)
      expect((await service.get(runId)).context).toMatchObject({ nap: eventFirst ? 'woken' : 'go' })
    }
  })
})

describe('a node that marks itself as awaiting', () => {
  it('takes an event while it waits, and is told of one that comes again', async () => {
    const { service, runId } = await waiting(graph({ own, end: trail('end') }, ['own>end']))

    expect(await service.resume(runId, { nodeId: 'own', output: 'told' })).toEqual({ resumed: true })
    expect(await service.resume(runId, { nodeId: 'own', output: 'again' })).toEqual({ resumed: false })
    await service.settle()

    expect((await service.get(runId)).context).toMatchObject({ own: 'told', end: ['end', 'told'] })
    expect(await service.resume(runId, { nodeId: 'own' })).toEqual({ resumed: false })
  })

  it('takes one before it waits where it says so by its eventName', async () => {
    const named = { run: own, params: { eventName: 'answer' } }
    const { service, runId } = await waiting(graph({ first: wait, own: named }, ['first>own']))
    expect(await service.resume(runId, { nodeId: 'own', output: 'early' })).toEqual({ resumed: true })

    await service.resume(runId, { nodeId: 'first' })
    await service.settle()

    expect(await service.get(runId)).toMatchObject({ status: 'completed', context: { own: 'early' } })
  })
})

describe('an idempotency key that comes with another event', () => {
  it.each([
    ['output', { output: { a: 1, b: 3 } }],
    ['no output', {}],
    ['action', { output: { a: 1, b: 2 }, action: 'later' }],
  ])('(%s) is a conflict, also after the end of the run', async (_, other) => {
    const { service, runId } = await waiting(graph({ ask: wait, end: value(1) }, ['ask>end']))
    const first = { nodeId: 'ask', output: { a: 1, b: 2 }, idempotencyKey: 'k' }
    const again = { ...first, output: { b: 2, a: 1 } }
    const conflict = {
      code: 'RESUME_CONFLICT',
      message:
        "cannot resume node 'ask': its idempotencyKey was given in a call with another action or output",
    }
    expect(await service.resume(runId, first)).toEqual({ resumed: true })

    const call = { nodeId: 'ask', idempotencyKey: 'k', ...other }
    await expect(service.resume(runId, call)).rejects.toMatchObject(conflict)
    expect(await service.resume(runId, again)).toEqual({ resumed: true })
    await service.settle()
    await expect(service.resume(runId, call)).rejects.toMatchObject(conflict)
    expect(await service.resume(runId, again)).toEqual({ resumed: true })
    expect((await service.get(runId)).context).toMatchObject({ ask: { a: 1, b: 2 } })
  })

  it('is told where both come at once', async () => {
    const { service, runId } = await waiting(graph({ ask: wait }, []))
    const calls = ['one', 'two'].map((output) =>
      service.resume(runId, { nodeId: 'ask', output, idempotencyKey: 'k' }),
    )

    const results = await Promise.allSettled(calls)

    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  it('is none where an older version of this package kept the key', async () => {
    const { service, runId } = await waiting(graph({ ask: wait }, []))
    const { store } = service.services
    const older = withMethods(store, {
      putOnce: (run, key, stored) =>
        store.putOnce(run, key, key.startsWith('resume#') ? { text: stored.text?.split(' ')[0] } : stored),
    })
    await resumeRun({ ...service.services, store: older }, runId, 'ask', { output: 1, idempotencyKey: 'k' })

    expect(await service.resume(runId, { nodeId: 'ask', output: 2, idempotencyKey: 'k' })).toEqual({
      resumed: true,
    })
  })
})

const refused = (why: string) => ({ code: 'INVALID_INPUT', message: expect.stringContaining(why) })

const napping = (duration: string) =>
  graph({ start: value('go'), nap: { run: 'sleep', params: { duration } }, end: trail('end') }, [
    'start>nap',
    'nap>end',
  ])

async function asleep(duration = '3h') {
  const service = serviceOf(napping(duration))
  const { runId } = await service.start({ blueprintId: 'case', runId: 'r' })
  await workOnAll(service)
  return { service, runId, from: service.now }
}

async function own({ dependencies }: NodeContext) {
  await dependencies.workflowState.markAsAwaiting('own', { reason: 'external_event' })
  return { output: 'asked' }
}

function serviceOf({ blueprint, registry }: Setup) {
  return new TestService({ blueprints: { case: blueprint }, registry, logger: quiet })
}

/** Works on what is there now, and lets no time pass. */
async function workOnAll(service: TestService): Promise<void> {
  while (service.queue.visible().length > 0) await takeOne(service)
}

describe('a run that is resumed, or goes on by itself', () => {
  it('tells so, as it tells that it starts', async () => {
    const events: string[] = []
    const eventBus = {
      emit: async ({ type, payload }: FlowcraftEvent) => {
        if (type.startsWith('workflow:'))
          events.push(`${type} ${'executionId' in payload && payload.executionId}`)
      },
    }
    const nap = { run: 'sleep', params: { duration: '5m' } }
    const { blueprint, registry } = graph({ ask: wait, nap, end: value(1) }, ['ask>nap', 'nap>end'])
    const service = new TestService({ blueprints: { case: blueprint }, registry, logger: quiet, eventBus })
    const { runId } = await service.start({ blueprintId: 'case', runId: 'r' })
    await service.settle()
    expect(events).toEqual(['workflow:start r', 'workflow:resume r'])

    await service.resume(runId, { nodeId: 'ask' })
    await service.settle()

    expect(events.slice(0, 4)).toEqual(['workflow:start r', ...Array(3).fill('workflow:resume r')])
  })
})

describe('an event for all that wait', () => {
  it('is given to each of them, where each has the action', async () => {
    const { service, runId } = await waiting(
      graph({ left: wait, right: wait, yes: trail('yes'), no: value(1), after: trail('after') }, [
        'left>yes:approve',
        'left>no:reject',
        'right>after',
      ]),
    )
    await expect(resumeAll(service.services, runId, { action: 'aprove' })).rejects.toMatchObject(
      refused("allowed: 'approve', 'reject'"),
    )
    expect(await service.get(runId)).toMatchObject({
      waiting: [{ nodeId: 'left' }, { nodeId: 'right' }],
    })

    expect([...(await resumeAll(service.services, runId, { action: 'approve', output: 7 }))]).toEqual([
      'left',
      'right',
    ])
    await service.settle()

    expect((await service.get(runId)).context).toMatchObject({ yes: ['yes', 7], after: ['after', 7] })
    await expect(resumeAll(service.services, runId, { action: 'approve' })).rejects.toMatchObject(
      refused('no node waits for an event'),
    )
  })
})

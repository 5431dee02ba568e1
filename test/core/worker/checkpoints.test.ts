/** Nodes with `checkpoint: false`: what is put off, when it is committed all the same, and what a crash runs again. */
import { createFlow, type NodeContext, NullLogger } from 'flowcraft'
import { describe, expect, it, vi } from 'vitest'
import { requestFailed } from '../../../lib/core/common/errors.ts'
import { addCost } from '../../../lib/index.ts'
import { TestService } from '../../../lib/testing/index.ts'
import {
  echo,
  failing,
  graph,
  type NodeSpec,
  rounds,
  type Setup,
  trail,
  value,
} from '../../conformance/case.ts'
import { controller } from '../../conformance/cases/loop-parts.ts'
import { takeOne, withMethods, workOnJob } from '../../support/one-message.ts'

const off = (run: NodeSpec['run'], more: Partial<NodeSpec> = {}): NodeSpec => ({
  run,
  checkpoint: false,
  ...more,
})

const logger = new NullLogger()

function serviceOf({ blueprint, registry, blueprints = [] }: Setup, options = {}) {
  const all = Object.fromEntries([blueprint, ...blueprints].map((one) => [one.id, one]))
  const service = new TestService({ blueprints: all, registry, logger, ...options })
  const commit = vi.spyOn(service.services.store, 'commit')
  return { service, commits: () => commit.mock.calls.length }
}

/** How a run of it ended, and by how many commits. */
async function ended(setup: Setup, options = {}) {
  const { service, commits } = serviceOf(setup, options)
  const run = await service.run({ blueprintId: 'case', input: setup.input })
  return { service, run, commits: commits() }
}

const ids = (count: number) => Array.from({ length: count }, (_, at) => `n${at}`)

/** A row of nodes, of which all but the last have no checkpoint. */
function chain(count: number, run: (id: string) => NodeSpec['run'] = trail): Setup {
  const names = ids(count)
  const nodes = names.map((id, at) => [id, at < count - 1 ? off(run(id)) : { run: run(id) }] as const)
  return graph(
    Object.fromEntries(nodes),
    names.slice(1).map((id, at) => `${names[at]}>${id}`),
  )
}

const counting = async ({ context }: NodeContext) => {
  await context.set('n', (((await context.get('n')) as number | undefined) ?? 0) + 1)
  return { output: 1 }
}

describe('nodes without a checkpoint', () => {
  it('are committed with the one behind them: outputs, keys, costs, history, events', async () => {
    const seen: string[] = []
    const eventBus = { emit: ({ type }: { type: string }) => void seen.push(type) }
    const setup = chain(4, (id) => async ({ context, dependencies }: NodeContext) => {
      const before = ((await context.get('list')) as string[] | undefined) ?? []
      await context.set('list', [...before, id])
      addCost(dependencies, 'model', 1)
      return { output: id }
    })

    const { service, run, commits } = await ended(setup, { eventBus })

    expect(commits).toBe(1)
    expect(run).toMatchObject({
      status: 'completed',
      context: { n0: 'n0', n1: 'n1', n2: 'n2', n3: 'n3', list: ids(4), '_inputs.n3': 'n2' },
      nodes: { completed: ids(4) },
      cost: { other: { model: 4 } },
    })
    const history = await service.history(run.runId)
    const told = history.flatMap((entry) =>
      entry.type === 'nodeCompleted' ? [entry.nodeId, entry.next] : [],
    )
    expect(told).toEqual(['n0', ['n1'], 'n1', ['n2'], 'n2', ['n3'], 'n3', []])
    expect(history.at(-1)?.type).toBe('runEnded')
    expect(seen.filter((type) => type === 'job:processed')).toHaveLength(4)
  })

  it('are committed at once where they split, join, fail, wait, end, or a loop goes round', async () => {
    const split = graph({ a: off(value(1)), b: off(trail('b')), c: off(trail('c')), d: off(echo) }, [
      'a>b',
      'a>c',
      'b>d',
      'c>d',
    ])
    // One of b and c is refused, since the other has arrived, and decides again.
    expect(await ended(split)).toMatchObject({ commits: 5, run: { status: 'completed' } })

    const failed = await ended(
      graph({ a: off(value(1)), b: off(failing('broke')), c: value(1) }, ['a>b', 'b>c']),
    )
    expect(failed).toMatchObject({
      commits: 1,
      run: { status: 'failed', nodes: { completed: ['a'], failed: ['b'] } },
    })
    expect(JSON.stringify(failed.run.errors)).toContain('broke')

    const asleep = { run: 'sleep', params: { duration: '1h' } }
    const slept = await ended(graph({ a: off(value(1)), z: asleep, c: value(1) }, ['a>z', 'z>c']))
    // With the begin of its sleep, its end, and the last.
    expect(slept).toMatchObject({ commits: 3, run: { status: 'completed', context: { a: 1, c: 1 } } })

    const loop = graph(
      {
        a: off(rounds('n', 3), { any: true }),
        b: off(trail('b')),
        loop: controller('nAgain'),
        end: value(1),
      },
      ['a>b', 'b>loop', 'loop>a:continue', 'loop>end:break'],
    )
    // a and b together, and the controller, three times; then the end.
    expect(await ended(loop)).toMatchObject({ commits: 3 * 2 + 1, run: { status: 'completed' } })
  })

  it.each(['wait', 'sleep', 'batch'])('send no message more than others before a %s', async (kind) => {
    const sent = async (checkpoint: boolean) => {
      const flow = createFlow('case').node('first', async () => ({ output: [1, 2] }), {
        config: { checkpoint },
      })
      if (kind === 'batch')
        flow.batch('rest', async () => ({ output: 1 }), { inputKey: 'first', outputKey: 'all' })
      else if (kind === 'wait') flow.wait('rest')
      else flow.sleep('rest', { duration: 1_000 })
      flow.edge('first', kind === 'batch' ? 'rest_scatter' : 'rest')
      const service = new TestService({ flows: [flow], logger })
      const send = vi.spyOn(service.queue, 'send')
      await service.run({ blueprintId: 'case' })
      return send.mock.calls.flatMap(([jobs]) => jobs).length
    }
    expect(await sent(false)).toBe(await sent(true))
  })

  it('are bounded by maxActivations, as others', async () => {
    const endless = graph(
      {
        a: off(rounds('n', 99), { any: true }),
        b: off(trail('b')),
        loop: controller('nAgain'),
        end: value(1),
      },
      ['a>b', 'b>loop', 'loop>a:continue', 'loop>end:break'],
      { metadata: { maxActivations: { perNode: 5 } } },
    )
    const { run } = await ended(endless)
    expect(run).toMatchObject({ status: 'failed', context: { n: 5 } })
    expect(run.reason).toMatch(/perNode is 5/)
  })

  it('are committed after 100 of them, 16 KB of small values, or five seconds', async () => {
    expect(await ended(chain(202))).toMatchObject({ commits: 2 })
    expect(await ended(chain(203))).toMatchObject({ commits: 3 })

    const bulky = await ended(chain(81, () => value('x'.repeat(240))))
    expect(bulky).toMatchObject({ commits: 2, run: { status: 'completed' } })

    const slow = chain(8, (id) => async () => {
      service.now += 2_000
      return { output: id }
    })
    const { service, commits } = serviceOf(slow)
    await service.start({ blueprintId: 'case' })
    await takeOne(service, { invocation: { deadline: () => Infinity } })
    // The first ends after two seconds; three more are put off, and the fifth after it is past.
    expect(commits()).toBe(2)
  })

  it('stop at the budget of their run', async () => {
    const setup = chain(5, () => async ({ dependencies }: NodeContext) => {
      addCost(dependencies, 'model', 1)
      return { output: 1 }
    })
    const { service, commits } = serviceOf(setup)
    const { status, nodes, cost } = await service.run({ blueprintId: 'case', maxUsd: 1.5 })
    expect({ status, nodes, cost }).toMatchObject({
      status: 'failed',
      nodes: { completed: ['n0', 'n1'] },
      cost: { other: { model: 2 } },
    })
    expect(commits()).toBe(1)
  })

  it('are committed when no time is left, the worker is to stop, or the blueprint is paused', async () => {
    const { service, commits } = serviceOf(chain(3))
    await service.start({ blueprintId: 'case' })
    await takeOne(service, { invocation: { deadline: () => service.now + 1_000 } })
    expect(commits()).toBe(1)
    await takeOne(service, { invocation: { canContinue: () => false } })
    expect(commits()).toBe(2)
    expect(service.queue.visible()).toHaveLength(1)

    const pausing = chain(3, (id) => async () => {
      if (id === 'n1') await other.service.pauseBlueprint('case')
      return { output: id }
    })
    const other = serviceOf(pausing)
    const { runId } = await other.service.start({ blueprintId: 'case' })
    await other.service.settle()
    expect(await other.service.get(runId)).toMatchObject({
      status: 'paused',
      nodes: { completed: ['n0', 'n1'] },
    })
    expect(other.commits()).toBe(1)
  })

  it('are lost with a run that was cancelled meanwhile, as what is under way is', async () => {
    const { service } = serviceOf(
      chain(3, (id) => async () => {
        if (id === 'n1') await service.cancel('r')
        return { output: id }
      }),
    )
    await service.start({ blueprintId: 'case', runId: 'r' })
    await service.settle()
    expect(await service.get('r')).toMatchObject({ status: 'cancelled', nodes: { completed: [] } })
  })

  it('run again after a crash, from the last that was committed', async () => {
    const ran: string[] = []
    const setup = chain(4, (id) => async () => {
      ran.push(id)
      return { output: id === 'n1' ? 'x'.repeat(400) : id }
    })
    const { service } = serviceOf(setup)
    const { runId } = await service.start({ blueprintId: 'case' })
    const broken = withMethods(service.services.store, {
      commit: async () => {
        throw requestFailed('DynamoDB UpdateItem', new Error('throttled'))
      },
    })
    await expect(takeOne(service, { services: { store: broken } })).rejects.toThrow('throttled')
    expect(ran).toEqual(ids(4))
    expect(await service.get(runId)).toMatchObject({ nodes: { completed: [], active: ['n0'] } })

    service.now += 200_000
    await service.settle()
    expect(ran).toEqual([...ids(4), ...ids(4)])
    expect(await service.get(runId)).toMatchObject({ status: 'completed', context: { n3: 'n3' } })
  })

  it('do not run again for trouble with the node behind them, where that can be committed', async () => {
    const ran: string[] = []
    const setup = chain(3, (id) => async ({ context }: NodeContext) => {
      ran.push(id)
      return { output: id === 'n2' ? ((await context.get('large')) as string).length : id }
    })
    const { service } = serviceOf(setup)
    await service.start({ blueprintId: 'case', input: { large: 'x'.repeat(2_000) } })
    const broken = withMethods(service.services.store, {
      getValue: async () => {
        throw requestFailed('DynamoDB GetItem', new Error('throttled'))
      },
    })
    const values = service.services.values.countedBy(broken, { add: () => {} } as never)
    await expect(takeOne(service, { services: { store: broken, values } })).rejects.toThrow('throttled')
    service.now += 200_000
    await service.settle()
    expect(ran).toEqual(['n0', 'n1', 'n2', 'n2'])
  })

  it('are committed before the failure of one whose commit cannot be made', async () => {
    const { service, commits } = serviceOf(chain(3))
    const { runId } = await service.start({ blueprintId: 'case' })
    const { store } = service.services
    const broken = withMethods(store, {
      commit: async (id, change, seen) => {
        if (change.final?.status === 'completed') throw new Error('cannot be written')
        return store.commit(id, change, seen)
      },
    })
    await takeOne(service, { services: { store: broken } })
    const run = await service.get(runId)
    expect(run).toMatchObject({ status: 'failed', nodes: { completed: ['n0', 'n1'], failed: ['n2'] } })
    expect(run.errors?.[0]?.message).toBe('cannot be written')
    expect(commits()).toBe(2)
  })

  it('wait for others where a lost update would fail them', async () => {
    const strict = chain(3, () => counting)
    strict.blueprint.metadata = { contextConflicts: 'fail' }
    expect(await ended(strict)).toMatchObject({ commits: 3, run: { context: { n: 3 } } })
    expect(await ended(chain(3, () => counting))).toMatchObject({ commits: 1, run: { context: { n: 3 } } })
  })

  it('end with a state that changed meanwhile, and none of them runs twice', async () => {
    const ran: string[] = []
    const setup = graph(
      {
        start: value('go'),
        a: off(async () => (ran.push('a'), { output: 'a' })),
        b: async () => {
          ran.push('b')
          if (ran.includes('side')) return { output: 'b' }
          await workOnJob(service, { runId: 'r', blueprintId: 'case', nodeId: 'side', iteration: 1 })
          return { output: 'b' }
        },
        side: async ({ context }: NodeContext) => {
          ran.push('side')
          await context.set('beside', true)
          return { output: 'side' }
        },
        join: { run: echo, inputs: { b: 'b', side: 'side' } },
      },
      ['start>a', 'a>b', 'start>side', 'b>join', 'side>join'],
    )
    const { service } = serviceOf(setup)
    await service.start({ blueprintId: 'case', runId: 'r' })
    await takeOne(service)
    await workOnJob(service, { runId: 'r', blueprintId: 'case', nodeId: 'a', iteration: 1 })
    expect(await service.get('r')).toMatchObject({
      status: 'completed',
      context: { a: 'a', b: 'b', beside: true, join: { b: 'b', side: 'side' } },
    })
    expect(ran).toEqual(['a', 'b', 'side'])
  })
})

const made = async () => ({ dynamicNodes: [{ id: 'x', uses: 'noop', config: { checkpoint: false } }] })

it('is true or false, of a node that is drawn', async () => {
  const wrong = graph({ a: { run: value(1), checkpoint: 'no' as never }, b: value(1) }, ['a>b'])
  expect(() => serviceOf(wrong)).toThrow(
    "cannot register the blueprints: node 'a' of blueprint 'case': config.checkpoint must be true or false; got 'no'",
  )
  const { run } = await ended(graph({ a: made }, [], { builtIn: { noop: value(1) } }))
  expect(run.errors?.[0]?.message).toContain('config.checkpoint says nothing of a node that is made')
})

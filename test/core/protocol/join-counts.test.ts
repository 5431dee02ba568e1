/** Joins of n of m: what conformance cases do not say. */
import { createFlow, FlowRuntime, type NodeConfig, type NodeContext, type WorkflowBlueprint } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { extendRuntime, type JoinInput } from '../../../lib/index.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'

type Fails = Record<string, boolean>

/** a, b and c, of which two are enough for the join; what that was given, each time that it ran. */
function quorumOf(fails: Fails) {
  const given: JoinInput[] = []
  const ran: Record<string, number> = {}
  const step = (id: string) => async () => {
    ran[id] = (ran[id] ?? 0) + 1
    if (fails[id]) throw new Error(`${id} broke`)
    return { output: `${id}${ran[id]}` }
  }
  const flow = createFlow('quorum')
    .node('c', step('c'))
    .node('b', step('b'))
    .node('a', step('a'))
    .node(
      'join',
      async ({ input }: NodeContext) => {
        given.push(input as JoinInput)
        if (fails['join']) throw new Error('join broke')
        return { output: given.length }
      },
      { config: { joinStrategy: 'any', joinCount: 2 } },
    )
    .node('end', step('end'))
    .edge('a', 'join')
    .edge('b', 'join')
    .edge('c', 'join')
    .edge('join', 'end')
  return { given, ran, service: new TestService({ flows: [flow], logger: quiet }) }
}

describe('a join of two of three', () => {
  it('is given the outputs of those that had arrived, in the order of edges', async () => {
    const { given, service } = quorumOf({ b: true })
    const { status, nodes } = await service.run({ blueprintId: 'quorum' })
    expect({ status, nodes }).toMatchObject({ status: 'failed', nodes: { failed: ['b'] } })
    expect(nodes.completed.toSorted()).toEqual(['a', 'c', 'end', 'join'])
    expect(given).toEqual([{ a: 'a1', c: 'c1' }])
    expect(Object.keys(given[0] as JoinInput)).toEqual(['a', 'c'])
  })

  it('runs once, and is told of no more than two', async () => {
    const { given, ran, service } = quorumOf({})
    expect((await service.run({ blueprintId: 'quorum' })).status).toBe('completed')
    expect(given.map((input) => Object.keys(input).length)).toEqual([2])
    expect(ran).toEqual({ a: 1, b: 1, c: 1, end: 1 })
  })

  it('says how many it waits for', async () => {
    const { service } = quorumOf({ a: true, b: true })
    const run = await service.run({ blueprintId: 'quorum' })
    const progress = await service.get(run.runId)
    expect(run.status).toBe('failed')
    const join = progress.progress?.find(({ nodeId }) => nodeId === 'join')
    expect(join).toEqual({ nodeId: 'join', state: 'notRun', arrived: { count: 1, of: 2 } })
  })

  it('that has not fired counts what a redrive brings', async () => {
    const fails: Fails = { a: true, b: true }
    const { given, ran, service } = quorumOf(fails)
    const { runId } = await service.run({ blueprintId: 'quorum' })
    expect(given).toEqual([])
    fails['a'] = false
    await service.redrive(runId, { nodes: ['a'] })
    await service.settle()
    expect(given).toEqual([{ a: 'a2', c: 'c1' }])
    expect(ran).toEqual({ a: 2, b: 1, c: 1, end: 1 })
  })

  it('that has fired stays when what failed beside it is redriven', async () => {
    const fails: Fails = { b: true }
    const { given, ran, service } = quorumOf(fails)
    const { runId } = await service.run({ blueprintId: 'quorum' })
    fails['b'] = false
    await service.redrive(runId)
    await service.settle()
    expect((await service.get(runId)).status).toBe('completed')
    expect(given).toHaveLength(1)
    expect(ran).toEqual({ a: 1, b: 2, c: 1, end: 1 })
  })

  it('that failed runs again with what it was given, also when another has come', async () => {
    const fails: Fails = { b: true, join: true }
    const { given, ran, service } = quorumOf(fails)
    const { runId } = await service.run({ blueprintId: 'quorum' })
    fails['b'] = false
    fails['join'] = false
    await service.redrive(runId)
    await service.settle()
    expect((await service.get(runId)).status).toBe('completed')
    expect(given).toEqual([
      { a: 'a1', c: 'c1' },
      { a: 'a1', c: 'c1' },
    ])
    expect(ran['end']).toBe(1)
  })

  it('is put back with one that it counted, and waits for that; not with one that came too late', async () => {
    const fails: Fails = { b: true }
    const { given, ran, service } = quorumOf(fails)
    const { runId } = await service.run({ blueprintId: 'quorum' })
    await service.redrive(runId, { nodes: ['a'] })
    await service.settle()
    expect(given).toEqual([
      { a: 'a1', c: 'c1' },
      { a: 'a2', c: 'c1' },
    ])
    expect(ran).toEqual({ a: 2, b: 1, c: 1, end: 2 })
    fails['b'] = false
    await service.redrive(runId, { nodes: ['b'] })
    await service.settle()
    // It is done, and came too late.
    await expect(service.redrive(runId, { nodes: ['b'] })).rejects.toMatchObject({ code: 'INVALID_STATE' })
    expect(given).toHaveLength(2)
  })

  it('counts a node that is skipped', async () => {
    const { given, service } = quorumOf({ a: true, b: true })
    const { runId } = await service.run({ blueprintId: 'quorum' })
    await service.skip(runId, { nodeId: 'b', output: 'by hand' })
    await service.settle()
    expect(given).toEqual([{ b: 'by hand', c: 'c1' }])
  })

  it('begins a fork with those that had arrived', async () => {
    const fails: Fails = { a: true, b: true }
    const { given, service } = quorumOf(fails)
    const { runId } = await service.run({ blueprintId: 'quorum' })
    fails['a'] = false
    fails['b'] = false
    const fork = await service.fork(runId, { nodes: ['b'] })
    await service.settle()
    expect((await service.get(fork.runId)).nodes.completed).toContain('end')
    expect(given).toEqual([{ b: 'b2', c: 'c1' }])
  })
})

const ask = (id: string) => `ask${id}`

const approving = () => {
  const given: JoinInput[] = []
  let flow = createFlow('approvals')
    .node(
      'approved',
      async ({ input }: NodeContext) => {
        given.push(input as JoinInput)
        return { output: 'approved' }
      },
      { config: { joinStrategy: 'any', joinCount: 2 } },
    )
    .node('rejected', async () => ({ output: 'rejected' }), { config: { joinStrategy: 'any' } })
  for (const id of ['A', 'B', 'C'])
    flow = flow
      .wait(ask(id))
      .edge(ask(id), 'approved', { action: 'yes' })
      .edge(ask(id), 'rejected', { action: 'no' })
  return { flow, given }
}

describe('approvals', () => {
  it('two of three persons are enough', async () => {
    const { flow: approvals, given } = approving()
    const service = new TestService({ flows: [approvals], logger: quiet })
    const { runId } = await service.start({ blueprintId: 'approvals' })
    await service.settle()
    for (const [id, action] of [
      ['C', 'yes'],
      ['A', 'no'],
      ['B', 'yes'],
    ] as const) {
      expect(given).toEqual([])
      await service.resume(runId, { nodeId: ask(id), action, output: id })
      await service.settle()
    }
    expect(given).toEqual([{ askB: 'B', askC: 'C' }])
    expect((await service.get(runId)).status).toBe('completed')
  })

  it('in memory those that came before a wait count after it', async () => {
    const given: JoinInput[] = []
    const flow = createFlow('waits')
      .node('a', async () => ({ output: 'a' }))
      .wait('ask')
      .node(
        'join',
        async ({ input }: NodeContext) => {
          given.push(input as JoinInput)
          return { output: 'joined' }
        },
        { config: { joinStrategy: 'any', joinCount: 2 } },
      )
      .edge('a', 'join')
      .edge('ask', 'join')
    const registry = Object.fromEntries(flow.getFunctionRegistry())
    const runtime = extendRuntime(new FlowRuntime({ registry, logger: quiet }))
    const blueprint = flow.toBlueprint()
    const paused = await runtime.run(blueprint)
    expect(paused.status).toBe('awaiting')
    expect(given).toEqual([])
    const { status, context } = await runtime.resume(blueprint, paused.serializedContext, { output: 'told' })
    expect(status).toBe('completed')
    expect(context).not.toHaveProperty('_joins')
    expect(given).toEqual([{ a: 'a', ask: 'told' }])
  })
})

const noop = async () => ({ output: 1 })
const problemsOf = (nodes: WorkflowBlueprint['nodes'], edges: readonly string[], more = {}) => {
  try {
    const given = edges.map((edge) => {
      const [source = '', target = ''] = edge.split('>')
      return { source, target, ...more }
    })
    const blueprints = { b: { id: 'b', nodes, edges: given } }
    return void new TestService({ blueprints, registry: { noop }, logger: quiet })
  } catch (error) {
    return error as Error
  }
}
const [a, b] = ['a', 'b'].map((id) => ({ id, uses: 'noop' })) as [
  { id: string; uses: string },
  { id: string; uses: string },
]
const join = (config: NodeConfig = {}, uses = 'noop') => ({
  id: 'x',
  uses,
  config: { joinStrategy: 'any', joinCount: 2, ...config } as NodeConfig,
})

const maker = async () => ({
  output: 1,
  dynamicNodes: [{ id: 'made', uses: 'noop', config: { joinStrategy: 'any' as const, joinCount: 1 } }],
})

describe('it is refused', () => {
  const edges = ['a>x', 'b>x']
  it.each<[string, WorkflowBlueprint['nodes'], readonly string[], string, object?]>([
    [
      'of no number',
      [a, b, join({ joinCount: '2' as unknown as number })],
      edges,
      "an integer from 1 to 2, the 2 nodes that lead to it; got '2'",
    ],
    [
      'of none',
      [a, b, join({ joinCount: 0 })],
      edges,
      'an integer from 1 to 2, the 2 nodes that lead to it; got 0',
    ],
    ['of a fraction', [a, b, join({ joinCount: 1.5 })], edges, 'got 1.5'],
    ['of more than lead to it', [a, b, join({ joinCount: 3 })], edges, 'got 3'],
    [
      'of edges from what is no node',
      [a, b, join()],
      ['a>x', 'nobody>x'],
      'an integer from 1 to 1, the 1 node that leads to it; got 2',
    ],
    [
      "of an 'all' join",
      [a, b, join({ joinStrategy: 'all' })],
      edges,
      "goes with joinStrategy: 'any'; got joinStrategy: 'all'",
    ],
    [
      'without a joinStrategy',
      [a, b, join({ joinStrategy: undefined })],
      edges,
      'got joinStrategy: undefined',
    ],
    [
      'of a node that runs always',
      [a, b, join({ runs: 'always' })],
      edges,
      "a node with runs: 'always' has no joinCount",
    ],
    [
      'of a fallback',
      [{ ...a, config: { fallback: 'x' } }, b, join()],
      edges,
      'cannot be the fallback of another',
    ],
    [
      'of edges with a transform',
      [a, b, join()],
      edges,
      "the edge to it from 'a' cannot have a transform",
      { transform: 'input' },
    ],
    ['of a gather node', [a, b, join({}, 'batch-gather')], edges, 'cannot be a batch-gather'],
    ['of a loop controller', [a, b, join({}, 'loop-controller')], edges, 'cannot be a loop-controller'],
    [
      'in a cycle',
      [a, b, join()],
      ['a>b', 'b>x', 'a>x', 'x>b'],
      'cannot be in a cycle without a loop controller',
    ],
  ])('%s', (_, nodes, given, problem, more) => {
    const error = problemsOf(nodes, given, more)
    expect(error).toMatchObject({ code: 'INVALID_BLUEPRINT' })
    expect(error?.message).toContain(`blueprint 'b': node 'x': `)
    expect(error?.message).toContain(problem)
  })

  it('in a loop that it is entered into from outside', () => {
    const flow = createFlow('b')
      .node('a', noop)
      .node('body', noop, { config: { joinStrategy: 'any' } })
      .node('b', noop)
      .node('x', noop, { config: { joinStrategy: 'any', joinCount: 2 } })
      .node('end', noop)
      .edge('a', 'body')
      .edge('a', 'x')
      .edge('body', 'b')
      .edge('b', 'x')
      .loop('loop', { startNodeId: 'body', endNodeId: 'x', condition: 'again' })
      .edge('loop', 'end')
    const make = () => new TestService({ flows: [flow], logger: quiet })
    expect(make).toThrow(
      "node 'x': a node with a joinCount in the loop of 'loop' has edges from inside that loop only: 'a' does not arrive in each round",
    )
  })

  it('of a node that a node makes', async () => {
    const blueprints = { b: { id: 'b', nodes: [{ id: 'maker', uses: 'maker' }], edges: [] } }
    const service = new TestService({ blueprints, registry: { maker, noop }, logger: quiet })
    const { errors } = await service.run({ blueprintId: 'b' })
    expect(JSON.stringify(errors)).toContain('config.joinCount says nothing of a node that is made')
  })

  it('in memory with the same words', async () => {
    const blueprint = {
      id: 'b',
      nodes: [a, b, join({ joinCount: 3 })],
      edges: [{ source: 'a', target: 'x' }],
    }
    const runtime = extendRuntime(new FlowRuntime({ registry: { noop } }))
    await expect(runtime.run(blueprint)).rejects.toThrow('config.joinCount must be an integer from 1 to 1')
  })
})

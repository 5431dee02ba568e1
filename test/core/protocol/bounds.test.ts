/** A loop that never ends is an error, in its own run, in a child run, and in a cycle of plain edges. */
import { createFlow, FlowRuntime, type NodeContext, UnsafeEvaluator, type WorkflowBlueprint } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { boundsProblems } from '../../../lib/core/protocol/bounds.ts'
import { SqsAdapter } from '../../../lib/index.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { echo, graph, type Setup, value } from '../../conformance/case.ts'

const count = async ({ context }: NodeContext<Record<string, number>>) => {
  const rounds = ((await context.get('rounds')) ?? 0) + 1
  await context.set('rounds', rounds)
  return { output: rounds }
}

const again = async ({ context }: NodeContext<Record<string, number>>) => {
  const { output } = await count({ context } as NodeContext<Record<string, number>>)
  return { output, action: output < 5 ? 'again' : 'done' }
}

/** As a user builds it. */
const endless = () =>
  createFlow('endless')
    .node('initialize', async () => ({ output: 0 }))
    .node('increment', count, { config: { joinStrategy: 'any' } })
    .edge('initialize', 'increment')
    .loop('counter', { startNodeId: 'increment', endNodeId: 'increment', condition: 'true' })

const evaluator = new UnsafeEvaluator()

function serviceOf(setup: Setup, options: { perNode?: number; perRun?: number } = {}): TestService {
  const all = [setup.blueprint, ...(setup.blueprints ?? [])]
  const blueprints = Object.fromEntries(all.map((one) => [one.id, one]))
  return new TestService({ blueprints, registry: setup.registry, maxActivations: options })
}

/** A cycle of plain edges, beside whatever else a test wants to be under way. */
function cycle(
  more: Parameters<typeof graph>[0] = {},
  edges: string[] = [],
  rest: Parameters<typeof graph>[2] = {},
) {
  return graph(
    { a: value(0), b: { run: count, any: true }, c: { run: echo, any: true }, ...more },
    [...edges, 'a>b', 'b>c', 'c>b'],
    rest,
  )
}

describe('a loop that never ends', () => {
  it('is an error in memory, after 10,000 rounds', async () => {
    const flow = endless()
    const runtime = new FlowRuntime({
      registry: Object.fromEntries(flow.getFunctionRegistry()) as never,
      evaluator,
    })
    await expect(runtime.run(flow.toBlueprint(), {})).rejects.toThrow(/maximum iterations/)
  })

  it('ends the run failed by default after as many, with its reason', async () => {
    const service = new TestService({ flows: [endless()], evaluator })
    const { status, reason, context, errors } = await service.run({ blueprintId: 'endless' })

    expect(status).toBe('failed')
    expect(reason).toMatch(/'(increment|counter)' would run for the 10001th time.*perNode is 10000/)
    expect(context['rounds']).toBe(10_000)
    expect(errors).toBeUndefined()
  }, 60_000)

  it('ends by the bound of the worker, or by that of the blueprint', async () => {
    const byWorker = await serviceOf(cycle(), { perNode: 7 }).run({ blueprintId: 'case' })
    expect(byWorker).toMatchObject({ status: 'failed', context: { rounds: 7 } })

    const metadata = { maxActivations: { perNode: 3 } }
    const byBlueprint = await serviceOf(cycle({}, [], { metadata }), { perNode: 7 }).run({
      blueprintId: 'case',
    })
    expect(byBlueprint).toMatchObject({ status: 'failed', context: { rounds: 3 } })
    expect(byBlueprint.reason).toMatch(/node 'b' would run for the 4th time.*perNode is 3/)
  })

  it('ends by the number of activations of all nodes together', async () => {
    const { status, reason, context } = await serviceOf(cycle(), { perRun: 9 }).run({ blueprintId: 'case' })
    expect({ status, context }).toMatchObject({ status: 'failed', context: { rounds: 5 } })
    expect(reason).toMatch(/would have run 10 times.*perRun is 9/)
  })

  it('gives up what else is active', async () => {
    const setup = cycle({ other: { run: 'wait' }, after: echo }, ['a>other', 'other>after'])
    const service = serviceOf(setup, { perNode: 5 })
    const { runId } = await service.start({ blueprintId: 'case' })
    await service.settle()

    const { status, nodes, waiting } = await service.get(runId)
    expect({ status, nodes, waiting }).toEqual({
      status: 'failed',
      nodes: { completed: ['a', 'b', 'c'], active: [], failed: [], notRun: ['other', 'after'] },
      waiting: undefined,
    })
    expect(service.queue.size).toBe(0)
  })

  it('cancels the child runs that it waited for', async () => {
    const sub = graph({ inside: { run: 'wait' } }, [])
    const child: WorkflowBlueprint = { ...sub.blueprint, id: 'sub' }
    const setup = cycle({ s: { run: 'subflow', params: { blueprintId: 'sub' } } }, ['a>s'], {
      blueprints: [child],
      builtIn: sub.registry,
    })
    const service = serviceOf(setup, { perNode: 5 })
    const { runId } = await service.start({ blueprintId: 'case' })
    await service.settle()

    expect((await service.get(runId)).status).toBe('failed')
    const index = setup.blueprint.nodes.findIndex(({ id }) => id === 's')
    expect((await service.get(`${runId}/${index}.1`)).status).toBe('cancelled')
  })

  it('in a child run fails the parent with that reason', async () => {
    const sub = cycle()
    const setup = graph({ s: { run: 'subflow', params: { blueprintId: 'sub' } } }, [], {
      blueprints: [{ ...sub.blueprint, id: 'sub' }],
      builtIn: sub.registry,
    })
    const { status, errors } = await serviceOf(setup, { perNode: 4 }).run({ blueprintId: 'case' })
    expect(status).toBe('failed')
    expect(errors?.[0]?.message).toMatch(/Status: failed. Error: node '[bc]' would run for the 5th time/)
  })

  it('of subflows that start themselves fails the innermost that has room, and so all of them', async () => {
    const setup = graph({ s: { run: 'subflow', params: { blueprintId: 'case' } } }, [])
    const { status, errors } = await serviceOf(setup).run({ blueprintId: 'case' })
    expect(status).toBe('failed')
    expect(errors?.[0]?.message).toMatch(/did not complete successfully/)
  })

  it('that ends in time is left alone', async () => {
    const setup = graph({ a: value(0), b: { run: again, any: true }, c: echo }, [
      'a>b',
      'b>b:again',
      'b>c:done',
    ])
    const { status, reason } = await serviceOf(setup, { perNode: 5 }).run({ blueprintId: 'case' })
    expect({ status, reason }).toEqual({ status: 'completed', reason: undefined })
  })
})

describe('bounds', () => {
  it.each([
    [{ perNode: 0 }, 'maxActivations.perNode must be an integer from 1; got 0'],
    [{ perRun: 1.5 }, 'maxActivations.perRun must be an integer from 1; got 1.5'],
    [{ perNode: '10' }, "maxActivations.perNode must be an integer from 1; got '10'"],
    [{ rounds: 3 }, "maxActivations has no 'rounds', only perNode and perRun"],
    [10, 'maxActivations must be { perNode?, perRun? }; got 10'],
  ])('%j is refused', (given, problem) => {
    expect(boundsProblems(given)).toEqual([problem])
    const names = { queueUrl: 'http://127.0.0.1/q', tableName: 't' }
    expect(() => new SqsAdapter({ ...names, maxActivations: given as never })).toThrow(problem)
    const { blueprint, registry } = cycle({}, [], { metadata: { maxActivations: given } })
    const register = () => new TestService({ blueprints: { case: blueprint }, registry })
    expect(register).toThrow(`blueprint 'case': metadata.${problem}`)
  })
})

/** Nodes with `runs: 'always'`: what conformance cases do not say. */
import { createFlow, type NodeConfig, type NodeContext, type WorkflowBlueprint } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import type { AlwaysInput } from '../../../lib/index.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'

type Fails = Record<string, boolean>

/** charge -> ship, and a cleanup behind both; what it was given, each time that it ran. */
function orderOf(fails: Fails) {
  const given: AlwaysInput[] = []
  const step = (id: string) => async () => {
    if (fails[id]) throw new TypeError(`${id} broke`)
    return { output: `${id} done` }
  }
  const flow = createFlow('order')
    .node('charge', step('charge'))
    .node('ship', step('ship'))
    .node(
      'clean',
      async ({ input }: NodeContext) => {
        given.push(input as AlwaysInput)
        if (fails['clean']) throw new Error('clean broke')
        return { output: given.length }
      },
      { config: { runs: 'always' } },
    )
    .node('after', step('after'))
    .edge('charge', 'ship')
    .edge('ship', 'clean')
    .edge('charge', 'clean')
    .edge('clean', 'after')
  return { given, service: new TestService({ flows: [flow], logger: quiet }) }
}

const failed: AlwaysInput = {
  status: 'failed',
  errors: [{ nodeId: 'ship', name: 'TypeError', message: 'ship broke' }],
  outputs: { charge: 'charge done' },
}
const completed: AlwaysInput = {
  status: 'completed',
  errors: [],
  outputs: { ship: 'ship done', charge: 'charge done' },
}

describe('a node that runs always', () => {
  it('is told what failed, and the run fails all the same', async () => {
    const { given, service } = orderOf({ ship: true })
    const { status, nodes, errors } = await service.run({ blueprintId: 'order' })
    expect({ status, failed: nodes.failed, errors: errors?.length }).toEqual({
      status: 'failed',
      failed: ['ship'],
      errors: 1,
    })
    expect(nodes.completed).toEqual(['charge', 'clean', 'after'])
    expect(given).toEqual([failed])
  })

  it('is told what completed', async () => {
    const { given, service } = orderOf({})
    expect(await service.run({ blueprintId: 'order' })).toMatchObject({ status: 'completed' })
    expect(given).toEqual([completed])
  })

  it('runs again when what it ran after is redriven, and so does what followed from it', async () => {
    const fails: Fails = { ship: true }
    const { given, service } = orderOf(fails)
    const { runId } = await service.run({ blueprintId: 'order' })
    fails['ship'] = false
    const dry = await service.redrive(runId, { dryRun: true })
    await service.redrive(runId)
    await service.settle()
    expect(dry.again.map((one) => JSON.stringify(one)).join()).not.toContain('clean')
    expect(await service.get(runId)).toMatchObject({
      status: 'completed',
      context: { clean: 2, after: 'after done' },
    })
    expect(given).toEqual([failed, completed])
  })

  it('that failed itself, too, waits for what is redriven with it', async () => {
    const fails: Fails = { ship: true, clean: true }
    const { given, service } = orderOf(fails)
    const { runId } = await service.run({ blueprintId: 'order' })
    fails['ship'] = false
    fails['clean'] = false
    await service.redrive(runId)
    await service.settle()
    expect((await service.get(runId)).status).toBe('completed')
    expect(given).toEqual([failed, completed])
  })

  it('alone is redriven where it alone failed', async () => {
    const fails: Fails = { clean: true }
    const { given, service } = orderOf(fails)
    const { runId } = await service.run({ blueprintId: 'order' })
    fails['clean'] = false
    await service.redrive(runId)
    await service.settle()
    expect((await service.get(runId)).status).toBe('completed')
    expect(given).toEqual([completed, completed])
  })

  it('runs after a node that is skipped', async () => {
    const { given, service } = orderOf({ ship: true })
    const { runId } = await service.run({ blueprintId: 'order' })
    await service.skip(runId, { nodeId: 'ship', output: 'by hand' })
    await service.settle()
    expect((await service.get(runId)).status).toBe('completed')
    expect(given.at(-1)).toEqual({ ...completed, outputs: { ...completed.outputs, ship: 'by hand' } })
  })

  it('does not run where the run is cancelled', async () => {
    const { given, service } = orderOf({})
    const { runId } = await service.start({ blueprintId: 'order' })
    await service.cancel(runId)
    await service.settle()
    expect(given).toEqual([])
  })

  it('waits for an event that a node before it waits for, and runs when nobody gave it in time', async () => {
    const flow = createFlow('asks')
      .wait('ask', { params: { timeout: '1h' } })
      .node('clean', async ({ input }: NodeContext) => ({ output: (input as AlwaysInput).status }), {
        config: { runs: 'always' },
      })
      .edge('ask', 'clean')
    const service = new TestService({ flows: [flow], logger: quiet })
    expect(await service.run({ blueprintId: 'asks' })).toMatchObject({
      status: 'failed',
      context: { clean: 'failed' },
    })
  })
})

const noop = async () => ({ output: 1 })
const problemsOf = (nodes: WorkflowBlueprint['nodes'], edges: WorkflowBlueprint['edges']) => {
  try {
    const blueprints = { b: { id: 'b', nodes, edges } }
    return void new TestService({ blueprints, registry: { noop }, logger: quiet })
  } catch (error) {
    return (error as Error).message
  }
}
const a = { id: 'a', uses: 'noop' }
const always = (config: NodeConfig = {}) => ({
  id: 'x',
  uses: 'noop',
  config: { runs: 'always', ...config } as NodeConfig,
})
const maker = async () => ({
  output: 1,
  dynamicNodes: [{ id: 'made', uses: 'noop', config: { runs: 'always' as const } }],
})

describe('it is refused', () => {
  it.each<[string, WorkflowBlueprint['nodes'], WorkflowBlueprint['edges'], string]>([
    [
      'of another word',
      [a, always({ runs: 'never' as 'always' })],
      [{ source: 'a', target: 'x' }],
      "config.runs must be 'always'; got 'never'",
    ],
    ['without an edge to it', [a, always()], [], "a node with runs: 'always' needs an edge that leads to it"],
    [
      'in a loop',
      [a, always()],
      [
        { source: 'a', target: 'x' },
        { source: 'x', target: 'a' },
      ],
      'cannot be in a loop: it runs when the loop is over',
    ],
    [
      'with an action on its edge',
      [a, always()],
      [{ source: 'a', target: 'x', action: 'go' }],
      "the edge to it from 'a' cannot have an action, a condition or a transform",
    ],
    [
      'with a condition on its edge',
      [a, always()],
      [{ source: 'a', target: 'x', condition: 'go' }],
      'cannot have an action, a condition',
    ],
    [
      'as a fallback',
      [{ ...a, config: { fallback: 'x' } }, always()],
      [{ source: 'a', target: 'x' }],
      'cannot be the fallback of another',
    ],
    [
      'with a joinStrategy',
      [a, always({ joinStrategy: 'any' })],
      [{ source: 'a', target: 'x' }],
      'has no joinStrategy',
    ],
    [
      'as a gather node',
      [a, { ...always(), uses: 'batch-gather' }],
      [{ source: 'a', target: 'x' }],
      'cannot be a batch-gather',
    ],
  ])('%s', (_, nodes, edges, problem) => {
    expect(problemsOf(nodes, edges)).toContain(`blueprint 'b': node 'x': `)
    expect(problemsOf(nodes, edges)).toContain(problem)
  })

  it('of a node that a node made', async () => {
    const flow = createFlow('maker').node('a', maker)
    const service = new TestService({ flows: [flow], registry: { noop }, logger: quiet })
    const { status, errors } = await service.run({ blueprintId: 'maker' })
    expect(status).toBe('failed')
    expect(errors?.[0]?.message).toContain(
      'config.runs says nothing of a node that is made while the run is under way',
    )
  })
})

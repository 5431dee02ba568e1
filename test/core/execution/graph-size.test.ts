/** What a node costs does not grow with the graph around it: who looks at all of it for each node is counted here. */
import { createFlow, FlowRuntime, NullLogger } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { ActivationContext } from '../../../lib/core/execution/activation-context.ts'
import { RegistryWith, type Runtime, stateOf } from '../../../lib/core/execution/node-call.ts'
import { RunGraph } from '../../../lib/core/protocol/run-graph.ts'
import { bitsOf } from '../../../lib/core/protocol/run-state.ts'
import type { RunReader } from '../../../lib/core/values/run-reader.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { newRun } from '../store/contract/support.ts'

function chain(length: number) {
  const flow = createFlow('chain')
  for (let at = 0; at < length; at++) flow.node(`n${at}`, async () => ({ output: 'ok' }))
  for (let at = 1; at < length; at++) flow.edge(`n${at - 1}`, `n${at}`)
  return flow
}

/** The same list, and how often something was taken from it. */
function counted<T extends object>(list: T[]): { list: T[]; reads: () => number } {
  let reads = 0
  const get = (target: T, name: string | symbol) => {
    if (typeof name === 'string' && /^\d+$/.test(name)) reads++
    return Reflect.get(target, name) as unknown
  }
  return { list: new Proxy(list, { get: get as never }), reads: () => reads }
}

/** How often something is taken from the lists of nodes and edges, for each node of a run. */
async function readsFor(length: number): Promise<{ nodes: number; edges: number }> {
  const service = new TestService({ flows: [chain(length)], logger: new NullLogger() })
  const { blueprint } = service.services.graphs.current('chain')
  await service.run({ blueprintId: 'chain' })
  const [nodes, edges] = [counted(blueprint.nodes), counted(blueprint.edges)]
  Object.assign(blueprint, { nodes: nodes.list, edges: edges.list })
  await service.start({ blueprintId: 'chain' })
  await service.settle()
  expect(service.services.graphs.current('chain').blueprint).toBe(blueprint)
  return { nodes: nodes.reads() / length, edges: edges.reads() / length }
}

describe('the work for a node of a large graph', () => {
  it('is to find it once, as the engine does, and to look at no list of all nodes or edges besides', async () => {
    const [small, large] = [await readsFor(50), await readsFor(400)]

    // The engine finds a node by looking at half of all.
    expect(large.nodes - small.nodes).toBeLessThanOrEqual((400 - 50) / 2 + 1)
    expect(large.edges).toBeLessThanOrEqual(small.edges)
  })

  it('has no list of the completed nodes, unless it is asked for', async () => {
    const graph = new RunGraph(chain(4).toBlueprint())
    const looked: number[] = []
    const looking = Object.assign(Object.create(graph) as RunGraph, {
      node: (index: number) => {
        looked.push(index)
        return graph.node(index)
      },
    })
    const run = { ...newRun({}), done: 0b1011n } as never
    const context = new ActivationContext({} as RunReader)
    const runtime = new FlowRuntime({}) as unknown as Runtime
    const state = stateOf({ runtime, graph: looking, run, context })
    context.beginCompletion()
    await state.addCompletedNode('n2', 'ok')

    expect(looked).toEqual([])
    expect(state.getCompletedNodes()).toEqual(new Set(['n0', 'n1', 'n3', 'n2']))
  })

  it('takes numbers of nodes out of a number of any size', () => {
    expect(bitsOf(0n)).toEqual([])
    const nodes = [0, 1, 30, 31, 32, 33, 63, 64, 119, 120, 2_000]
    expect(bitsOf(nodes.reduce((bits, node) => bits | (1n << BigInt(node)), 0n))).toEqual(nodes)
  })

  it('sees a registry as it is, with one implementation in place of another', () => {
    const [one, two, other] = [async () => ({}), async () => ({}), async () => ({})]
    const registry = new Map([
      ['a', one],
      ['b', two],
    ])
    const seen = new RegistryWith(registry, 'b', other)
    expect([seen.get('a'), seen.get('b'), seen.get('c'), seen.has('b'), seen.has('c')]).toEqual([
      one,
      other,
      undefined,
      true,
      false,
    ])
    expect([seen.size, [...seen.keys()], [...seen.values()]]).toEqual([2, ['a', 'b'], [one, other]])
    expect(new Map(seen)).toEqual(new Map([...registry, ['b', other]]))
    const called: unknown[] = []
    seen.forEach((value, uses, map) => called.push([value, uses, map === seen]))
    expect(called).toEqual([
      [one, 'a', true],
      [other, 'b', true],
    ])
    expect(registry.get('b')).toBe(two)
  })
})

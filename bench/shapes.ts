/** The graphs that are measured, by names that end in their size: `chain10`, `fan50`, `batch1000`. Any size is taken. */
import type { NodeFunction, WorkflowBlueprint } from 'flowcraft'
import { graph, type NodeSpec, type Setup } from '../test/conformance/case.ts'
import { controller } from '../test/conformance/cases/loop-parts.ts'

/** Makes the implementation of the node of this number. */
export type MakeNode = (at: number) => NodeFunction

export interface Shape {
  readonly id: string
  /** What its name begins with: shapes of one kind make a curve. */
  readonly kind: string
  readonly size: number
  /** What a run is divided by: executions of nodes, of a batch its items. */
  readonly nodes: number
  make(node: MakeNode): Setup
}

/** What is measured where nothing else is asked for. */
export const SHAPES = [
  'chain10',
  'chain100',
  'chain1000',
  'fan50',
  'fan100',
  'fan500',
  'fan1000',
  'lanes50',
  'loop200',
  'anydiamond25',
  'subflow10',
  'batch100',
  'batch1000',
  'batch10000',
  'batchtens100',
  'batchtens1000',
] as const

const LANE = 20
const SUBFLOWS = 5

interface Kind {
  nodes(size: number): number
  make(size: number, node: MakeNode): Setup
}

const kinds: Readonly<Record<string, Kind>> = {
  /** One after the other. */
  chain: { nodes: (size) => size, make: chainOf },
  /** 1 -> so many -> 1. */
  fan: { nodes: (size) => size + 2, make: fanOf },
  /** So many chains of 20 side by side, after one node. */
  lanes: { nodes: (size) => size * LANE + 1, make: lanesOf },
  /** So many rounds of a node and the loop's controller, with a node before and one after. */
  loop: { nodes: (size) => 2 * size + 2, make: loopOf },
  /** So many diamonds in a row whose joins take the first that comes. */
  anydiamond: { nodes: (size) => 3 * size + 1, make: anyDiamondsOf },
  /** Five subflows in a row, each of a chain of so many nodes. */
  subflow: { nodes: (size) => SUBFLOWS * (size + 1), make: subflowsOf },
  /** A node that makes so many items, scatter, gather. */
  batch: { nodes: (size) => size, make: (size, node) => batchOf(size, node) },
  /** The same with ten items a message. */
  batchtens: { nodes: (size) => size, make: (size, node) => batchOf(size, node, 10) },
}

/** @throws Error where the name is none of a shape */
export function shapeOf(id: string): Shape {
  const [, name = '', digits = ''] = /^([a-z]+)([1-9]\d{0,5})$/.exec(id) ?? []
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  if (!kind) {
    throw new Error(`no shape '${id}': a kind and a size, such as ${SHAPES.join(', ')}`)
  }
  const size = Number(digits)
  return { id, kind: name, size, nodes: kind.nodes(size), make: (node) => kind.make(size, node) }
}

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at)
const named = (count: number, node: MakeNode) => upTo(count).map((at) => [`n${at}`, node(at)] as const)

function inRow(ids: readonly string[]): string[] {
  return ids.slice(1).map((id, at) => `${ids[at]}>${id}`)
}

function chainOf(length: number, node: MakeNode): Setup {
  const nodes = named(length, node)
  return graph(Object.fromEntries(nodes), inRow(nodes.map(([id]) => id)))
}

function fanOf(width: number, node: MakeNode): Setup {
  const branches = named(width, node)
  const edges = branches.flatMap(([id]) => [`start>${id}`, `${id}>end`])
  return graph({ start: node(width), ...Object.fromEntries(branches), end: node(width + 1) }, edges)
}

function lanesOf(count: number, node: MakeNode): Setup {
  const nodes = named(count * LANE, node)
  const edges = nodes.map(([id], at) => (at % LANE === 0 ? `start>${id}` : `n${at - 1}>${id}`))
  return graph({ start: node(count * LANE), ...Object.fromEntries(nodes) }, edges)
}

function loopOf(rounds: number, node: MakeNode): Setup {
  const work = node(1)
  const body: NodeFunction = async (given) => {
    const round = Number((await given.context.get('round' as never)) ?? 0) + 1
    await given.context.set('round' as never, round as never)
    await given.context.set('again' as never, (round < rounds) as never)
    return work(given)
  }
  return graph({ start: node(0), body: { run: body, any: true }, loop: controller('again'), end: node(2) }, [
    'start>body',
    'body>loop',
    'loop>body:continue',
    'loop>end:break',
  ])
}

function anyDiamondsOf(count: number, node: MakeNode): Setup {
  const nodes: Record<string, NodeSpec> = { j0: { run: node(0) } }
  const edges: string[] = []
  for (const at of upTo(count)) {
    nodes[`a${at}`] = { run: node(3 * at + 1) }
    nodes[`b${at}`] = { run: node(3 * at + 2) }
    nodes[`j${at + 1}`] = { run: node(3 * at + 3), any: true }
    edges.push(`j${at}>a${at}`, `j${at}>b${at}`, `a${at}>j${at + 1}`, `b${at}>j${at + 1}`)
  }
  return graph(nodes, edges)
}

function subflowsOf(length: number, node: MakeNode): Setup {
  const child = chainOf(length, node)
  const calls = upTo(SUBFLOWS).map((at) => `call${at}`)
  const blueprint: WorkflowBlueprint = { ...child.blueprint, id: 'child' }
  const call = { run: 'subflow', params: { blueprintId: blueprint.id } }
  return graph(Object.fromEntries(calls.map((id) => [id, call])), inRow(calls), {
    blueprints: [blueprint],
    builtIn: child.registry,
  })
}

function batchOf(count: number, node: MakeNode, itemsPerMessage?: number): Setup {
  const gathering = { outputKey: 'results', gatherNodeId: 'gather' }
  const params = { workerUsesKey: 'work', ...gathering, ...(itemsPerMessage ? { itemsPerMessage } : {}) }
  const scatter = { run: 'batch-scatter', inputs: 'make', params }
  return graph(
    {
      make: async () => ({ output: upTo(count) }),
      scatter,
      gather: { run: 'batch-gather', params: gathering },
    },
    ['make>scatter', 'scatter>gather'],
    // An item is numbered by what it is.
    { builtIn: { work: ((given) => node(Number(given.input))(given)) as NodeFunction } },
  )
}

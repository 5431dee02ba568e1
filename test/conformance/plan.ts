/** Random blueprints as plain data, which fast-check can shrink, and what they mean. */
import type { EdgeDefinition } from 'flowcraft'
import * as fc from 'fast-check'
import { echo, failing, graph, type NodeSpec, rounds, type Setup, tally, value } from './case.ts'

const behaviours = [
  'value',
  'value',
  'value',
  'yes',
  'left',
  'right',
  'odd',
  'fail',
  'echo',
  'key',
  'large',
] as const
const shapes = ['node', 'node', 'node', 'node', 'node', 'cycle', 'loop', 'loopFan', 'loopFallback'] as const
const edgeKinds = ['plain', 'plain', 'plain', 'left', 'right', 'condition', 'no', 'transform'] as const

export interface NodePlan {
  readonly does: (typeof behaviours)[number]
  readonly shape: (typeof shapes)[number]
  readonly any: boolean
  /** Takes the outputs of its predecessors as a map of inputs. */
  readonly inputs: boolean
  /** Number of the node that stands in for it, counted among all; undefined for none. */
  readonly fallback: number | undefined
}

export interface EdgePlan {
  readonly from: number
  readonly to: number
  readonly kind: (typeof edgeKinds)[number]
}

export interface Plan {
  readonly nodes: readonly NodePlan[]
  readonly edges: readonly EdgePlan[]
}

const node: fc.Arbitrary<NodePlan> = fc.record({
  does: fc.constantFrom(...behaviours),
  shape: fc.constantFrom(...shapes),
  any: fc.boolean(),
  inputs: fc.boolean(),
  fallback: fc.option(fc.nat(9), { nil: undefined, freq: 3 }),
})
const edge: fc.Arbitrary<EdgePlan> = fc.record({
  from: fc.nat(9),
  to: fc.nat(9),
  kind: fc.constantFrom(...edgeKinds),
})

export const plans: fc.Arbitrary<Plan> = fc.record({
  nodes: fc.array(node, { minLength: 1, maxLength: 9 }),
  edges: fc.array(edge, { maxLength: 14 }),
})

/** A plan as a setup. Edges lead from lower to higher numbers; cycles come from the shape of a node only. */
export function setupOf(plan: Plan): Setup {
  const count = plan.nodes.length
  const seen = new Set<string>()
  const edges = plan.edges
    .map(({ from, to, kind }) => ({ from: Math.min(from, to) % count, to: Math.max(from, to) % count, kind }))
    .filter(({ from, to, kind }) => {
      const id = `${from} ${to} ${kind}`
      const entries = [...seen]
        .map((other) => other.split(' ').map(Number))
        .filter((other) => other[1] === to)
      const isCycle = (index: number | undefined) => plan.nodes[index ?? -1]?.shape === 'cycle'
      // What begins a cycle is entered once; so is what a raw cycle leads to, else it is due with each round.
      const single =
        plan.nodes[to]?.shape !== 'node' || isCycle(from) || entries.some(([other]) => isCycle(other))
      if (from >= to || seen.has(id) || (single && entries.length > 0)) return false
      seen.add(id)
      return true
    })
  const nodes: Record<string, NodeSpec> = {}
  const all: EdgeDefinition[] = []
  plan.nodes.forEach((planned, index) => addNode(nodes, all, planned, index, plan, edges))
  for (const { from, to, kind } of edges) {
    // Where a join has no inputs, the engine applies a transform to what the edge applied before it brought.
    const isJoin = edges.filter((other) => other.to === to).length > 1
    all.push(edgeOf(plan, from, to, kind === 'transform' && isJoin ? 'plain' : kind))
  }
  return graph(nodes, all, { input: { yes: true, no: false, path: { deep: 'given' } } })
}

/** Whether a node of this name may run more than once by right: it is part of a cycle, or stands in for one. */
export function repeats(setup: Setup, nodeId: string): boolean {
  if (/[a-z]/.test(nodeId.slice(1))) return true
  return setup.blueprint.edges.some(
    ({ source, target }) => target === nodeId && (source === nodeId || source === `${nodeId}loop`),
  )
}

function addNode(
  nodes: Record<string, NodeSpec>,
  all: EdgeDefinition[],
  planned: NodePlan,
  index: number,
  plan: Plan,
  edges: readonly EdgePlan[],
): void {
  const id = `n${index}`
  const count = 1 + (index % 3)
  if (planned.shape === 'node') {
    nodes[id] = plainNode(planned, index, plan, edges)
    return
  }
  if (!edges.some(({ to }) => to === index)) {
    nodes[`${id}in`] = { run: value('in') }
    all.push({ source: `${id}in`, target: id })
  }
  if (planned.shape === 'cycle') {
    nodes[id] = { run: rounds(`rounds ${id}`, count), any: true }
    all.push({ source: id, target: id, action: 'again' })
    return
  }
  nodes[id] = { any: true, run: repeatedly(id, count) }
  nodes[`${id}loop`] = { run: 'loop-controller', params: { condition: `again${id}` } }
  nodes[`${id}end`] = { run: value('ended') }
  all.push({ source: `${id}loop`, target: id, action: 'continue' })
  // Without an edge for it, `break` restarts the loop for ever, in memory too.
  all.push({ source: `${id}loop`, target: `${id}end`, action: 'break' })
  if (planned.shape === 'loop') {
    nodes[`${id}b`] = { run: tally(`${id}b`) }
    all.push({ source: id, target: `${id}b` }, { source: `${id}b`, target: `${id}loop` })
  } else if (planned.shape === 'loopFan') {
    for (const part of ['b', 'c']) {
      nodes[`${id}${part}`] = { run: tally(`${id}${part}`) }
      all.push({ source: id, target: `${id}${part}` }, { source: `${id}${part}`, target: `${id}join` })
    }
    nodes[`${id}join`] = { run: tally(`${id}join`) }
    all.push({ source: `${id}join`, target: `${id}loop` })
  } else {
    nodes[`${id}b`] = { run: failing(`${id}b broke`), fallback: `${id}plan` }
    nodes[`${id}plan`] = { run: tally(`${id}plan`) }
    all.push({ source: id, target: `${id}b` }, { source: `${id}b`, target: `${id}loop` })
  }
}

/** As `rounds`, with the key that the condition of a loop can name. */
function repeatedly(id: string, count: number): ReturnType<typeof rounds> {
  const run = rounds(`rounds ${id}`, count)
  return async (context) => {
    const result = await run(context)
    await context.context.set(`again${id}`, (result.output as { again: boolean }).again)
    return { output: result.output as unknown }
  }
}

function plainNode(
  { does, any, inputs, fallback }: NodePlan,
  index: number,
  plan: Plan,
  edges: readonly EdgePlan[],
): NodeSpec {
  const entries = edges.filter(({ to }) => to === index)
  const sources = entries.map(({ from }) => `n${from}`)
  const isBehindLoop = entries.some(({ from }) => plan.nodes[from]?.shape !== 'node')
  const standIn = fallback === undefined ? undefined : fallback % plan.nodes.length
  const stands = standIn !== undefined && standIn > index && plan.nodes[standIn]?.shape === 'node'
  return {
    run: behaviour(sources.length > 1 ? ofJoin(does, inputs, isBehindLoop) : does, index),
    ...(any ? { any } : {}),
    ...(inputs && sources.length > 0 ? { inputs: Object.fromEntries(sources.map((id) => [id, id])) } : {}),
    ...(stands ? { fallback: `n${standIn}` } : {}),
  }
}

/**
 * What a join without inputs gets is documented to differ: the last in edge order, not the last to end. And a
 * controller that goes on counts as completed, so a join behind it that fails is due once or twice.
 */
function ofJoin(does: NodePlan['does'], inputs: boolean, isBehindLoop: boolean): NodePlan['does'] {
  return (does === 'echo' && !inputs) || (does === 'fail' && isBehindLoop) ? 'value' : does
}

function behaviour(does: NodePlan['does'], index: number): NodeSpec['run'] {
  const output = { from: index, yes: true, no: false }
  switch (does) {
    case 'value':
    case 'yes':
      return value(output)
    case 'left':
    case 'right':
    case 'odd':
      return value(output, does)
    case 'fail':
      return failing(`n${index} broke`)
    case 'echo':
      return echo
    case 'large':
      return value({ ...output, text: 'x'.repeat(280) })
    case 'key':
      return async ({ context }) => {
        const before: unknown = await context.get(`key ${index}`)
        await context.set(`key ${index}`, index)
        return { output: before === undefined ? output : { before } }
      }
    default: {
      const never: never = does
      return never
    }
  }
}

function edgeOf(plan: Plan, from: number, to: number, kind: EdgePlan['kind']): EdgeDefinition {
  const shape = plan.nodes[from]?.shape ?? 'node'
  const target = `n${to}`
  if (shape === 'cycle') return { source: `n${from}`, target, action: 'done' }
  if (shape !== 'node') return { source: `n${from}loop`, target, action: 'break' }
  const source = `n${from}`
  switch (kind) {
    case 'plain':
      return { source, target }
    case 'left':
    case 'right':
      return { source, target, action: kind }
    case 'condition':
      return { source, target, condition: 'result.output.yes' }
    case 'no':
      return { source, target, condition: 'result.output.no' }
    case 'transform':
      return { source, target, transform: 'input.from' }
    default: {
      const never: never = kind
      return never
    }
  }
}

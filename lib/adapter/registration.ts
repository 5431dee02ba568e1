/**
 * What a deployment can run: blueprints and implementations, checked when they are registered, with keys that do
 * not change from one bundling to the next. The builder names a function by a hash of its source and a counter;
 * nothing that is stored may depend on that, so such keys are replaced by `<blueprint id>.<node id>`.
 */
import {
  BatchGatherNode,
  BatchScatterNode,
  type FlowBuilder,
  lintBlueprint,
  type NodeClass,
  type NodeDefinition,
  type NodeFunction,
  type RuntimeOptions,
  SleepNode,
  SubflowNode,
  WaitNode,
  WebhookNode,
  type WorkflowBlueprint,
} from 'flowcraft'
import { boundsProblems } from './bounds.ts'
import { messageOf, throwProblems } from './errors.ts'
import { blueprintIdProblem, show } from './queue/job.ts'
import { gatherNode, scatterNode } from './items/scatter-node.ts'
import { durableSubflow } from './subflow-node.ts'
import { waitProblems } from './wait-timeout.ts'

export type Registry = NonNullable<RuntimeOptions['registry']>
export type Flow = Pick<FlowBuilder, 'toBlueprint' | 'getFunctionRegistry'>

export interface Registration {
  readonly blueprints: Record<string, WorkflowBlueprint>
  readonly registry: Registry
}

/** Implementations that the engine brings along. */
const BUILT_IN = ['wait', 'sleep', 'webhook', 'subflow', 'batch-scatter', 'batch-gather', 'loop-controller']
/** Those that a builder can be given as classes, as `.node('page', WebhookNode)`: the builder would name them anew. */
const BUILT_IN_CLASSES: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [WaitNode, 'wait'],
  [SleepNode, 'sleep'],
  [WebhookNode, 'webhook'],
  [SubflowNode, 'subflow'],
  [BatchScatterNode, 'batch-scatter'],
  [BatchGatherNode, 'batch-gather'],
])
/**
 * All of them active at a time, waiting for their next tries in a late round of a loop, take up to 52 bytes each in the
 * header (`store/header.ts`): 260 KB of the 400 KB that DynamoDB gives an item, which leaves room for values.
 */
export const NODES_AT_MOST = 5_000
/** The names that the builder makes up. */
const GENERATED = /^(fn|class)_(batch_worker_)?-?[0-9a-f]+$/

/** @throws FlowcraftAwsError INVALID_BLUEPRINT, with every problem of every blueprint. */
export function register(options: {
  readonly flows?: readonly Flow[]
  readonly blueprints?: Record<string, WorkflowBlueprint>
  readonly registry?: Registry
}): Registration {
  // Without a prototype: 'constructor' is an id like any other.
  const registry = Object.assign(Object.create(null) as Registry, options.registry)
  const blueprints = Object.create(null) as Record<string, WorkflowBlueprint>
  const problems: string[] = []
  const add = (given: WorkflowBlueprint, own: ReadonlyMap<string, unknown>) => {
    const shape = shapeProblems(given)
    if (shape.length > 0) return problems.push(...shape)
    const source = structuredClone(given)
    if (blueprints[source.id]) return problems.push(`two blueprints have the id '${source.id}'`)
    blueprints[source.id] = source
    return problems.push(...giveStableKeys(source, own, registry))
  }
  for (const flow of options.flows ?? []) {
    try {
      add(flow.toBlueprint(), flow.getFunctionRegistry())
    } catch (error) {
      problems.push(messageOf(error))
    }
  }
  for (const [id, blueprint] of Object.entries(options.blueprints ?? {})) {
    if (blueprint?.id !== id)
      problems.push(`the blueprint registered as '${id}' has the id ${show(blueprint?.id)}`)
    else add(blueprint, new Map())
  }
  for (const blueprint of Object.values(blueprints)) problems.push(...lint(blueprint, registry, blueprints))
  throwProblems('INVALID_BLUEPRINT', 'cannot register the blueprints', problems)
  registry['subflow'] ??= durableSubflow(blueprints)
  registry['batch-scatter'] ??= scatterNode
  registry['batch-gather'] ??= gatherNode
  return { blueprints, registry }
}

function shapeProblems(blueprint: WorkflowBlueprint): string[] {
  const problem = blueprintIdProblem(blueprint?.id)
  if (problem) return [problem]
  const { id, nodes, edges } = blueprint
  if (!Array.isArray(nodes) || nodes.length === 0) return [`blueprint '${id}' has no nodes`]
  if (!Array.isArray(edges)) return [`blueprint '${id}' has no list of edges`]
  if (nodes.length > NODES_AT_MOST) {
    return [
      `blueprint '${id}' has ${nodes.length} nodes; at most ${NODES_AT_MOST}, or its state could outgrow an item of 400 KB`,
    ]
  }
  if (edges.some((edge) => typeof edge !== 'object' || edge === null))
    return [`blueprint '${id}' has an edge that is no object`]
  try {
    // Runs remember their graph, so it must outlive this process.
    structuredClone(blueprint)
    JSON.stringify(blueprint)
  } catch (error) {
    return [`blueprint '${id}' cannot be stored: ${messageOf(error)}`]
  }
  const bounds = boundsProblems(blueprint.metadata?.['maxActivations'])
  if (bounds.length > 0) return bounds.map((problem) => `blueprint '${id}': metadata.${problem}`)
  const seen = new Set<unknown>()
  return nodes.flatMap((node) => {
    if (typeof node?.id !== 'string' || node.id === '') return [`blueprint '${id}' has a node without an id`]
    if (typeof node.uses !== 'string')
      return [`node '${node.id}' of blueprint '${id}' does not say what it uses`]
    if (seen.has(node.id)) return [`blueprint '${id}' has two nodes '${node.id}'`]
    seen.add(node.id)
    return []
  })
}

/** Gives generated keys, and all keys that come from a builder, a name made of the blueprint and the node. */
function giveStableKeys(
  blueprint: WorkflowBlueprint,
  own: ReadonlyMap<string, unknown>,
  registry: Registry,
): string[] {
  const problems: string[] = []
  const rename = (key: string, node: NodeDefinition, role = ''): string => {
    const given = own.get(key) ?? (GENERATED.test(key) ? registry[key] : undefined)
    if (given === undefined) return key
    const builtIn = BUILT_IN_CLASSES.get(given)
    if (builtIn !== undefined) return builtIn
    const name = `${blueprint.id}.${node.id}${role}`
    if (registry[name] !== undefined && registry[name] !== given) {
      const taken = `would be registered as '${name}', which is another implementation's name`
      problems.push(`blueprint '${blueprint.id}': node '${node.id}' ${taken}`)
    }
    registry[name] = given as NodeFunction | NodeClass
    return name
  }
  for (const node of blueprint.nodes) {
    node.uses = rename(node.uses, node)
    const worker: unknown = node.params?.['workerUsesKey']
    if (node.uses !== 'batch-scatter' || typeof worker !== 'string') continue
    node.params = { ...node.params, workerUsesKey: rename(worker, node, '.worker') }
  }
  return problems
}

function lint(
  blueprint: WorkflowBlueprint,
  registry: Registry,
  blueprints: Record<string, WorkflowBlueprint>,
): string[] {
  const known = new Map<string, NodeFunction | NodeClass>(
    Object.entries(registry) as [string, NodeFunction][],
  )
  for (const key of BUILT_IN) if (!known.has(key)) known.set(key, async () => ({}))
  const where = `blueprint '${blueprint.id}': `
  const entersCycle = blueprint.nodes.every((node) => blueprint.edges.some((edge) => edge.target === node.id))
  const problems = lintBlueprint(blueprint, known, blueprints)
    // A graph that is all cycle has no start node by edges, so the engine's linter calls all of it unreachable.
    .issues.filter(({ code }) => !(code === 'ORPHAN_NODE' && entersCycle))
    .map(({ message }) => `${where}${message}`)
  problems.push(...waitProblems(blueprint, (uses) => registry[uses]).map((problem) => `${where}${problem}`))
  for (const node of blueprint.nodes) {
    const fallback = node.config?.fallback
    if (fallback !== undefined && !blueprint.nodes.some(({ id }) => id === fallback)) {
      problems.push(`${where}the fallback '${fallback}' of node '${node.id}' is no node`)
    }
    if (
      node.uses === 'loop-controller' &&
      !blueprint.edges.some((e) => e.source === node.id && e.action === 'continue')
    ) {
      problems.push(`${where}loop '${node.id}' has no 'continue' edge`)
    }
  }
  return problems
}

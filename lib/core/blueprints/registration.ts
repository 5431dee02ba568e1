/**
 * What a deployment can run: blueprints and implementations, checked when they are registered, with keys that do
 * not change from one bundling to the next. The builder names a function by a hash of its source and a counter;
 * nothing that is stored may depend on that, so such keys are replaced by `<blueprint id>.<node id>`.
 */
import {
  BaseNode,
  type NodeClass,
  type NodeDefinition,
  type NodeFunction,
  type WorkflowBlueprint,
} from 'flowcraft'
import { FlowcraftAwsError, messageOf, throwProblems } from '../common/errors.ts'
import { blueprintIdProblem } from '../common/identifiers.ts'
import { numberProblems, withStorableNumbers } from '../common/node-numbers.ts'
import { retryProblems, retryProblemsOf } from '../common/retry-problems.ts'
import type { StandardSchema } from '../common/standard-schema.ts'
import { show } from '../common/thrown.ts'
import { policyProblems } from '../config/policies.ts'
import { budgetProblems } from '../protocol/budget.ts'
import { checkpointProblem } from '../protocol/checkpoints.ts'
import { contextConflictsProblem } from '../protocol/context-conflicts.ts'
import { alwaysProblems } from './always-problems.ts'
import { gatherNode, scatterNode } from './batch-nodes.ts'
import { type BuiltInName, builtInNames, builtInOf, paramsOf, withDurableStep } from './built-in.ts'
import { schemaOf } from './define-flows.ts'
import { joinProblems } from './join-problems.ts'
import { lint } from './lint.ts'
import type { Flow, Registry } from './registry.ts'
import { durableSubflow } from './subflow-node.ts'
import { wideJoinProblems } from './wide-joins.ts'

export interface Registration {
  readonly blueprints: Record<string, WorkflowBlueprint>
  readonly registry: Registry
  /** Of inputs, by blueprint id. */
  readonly schemas: ReadonlyMap<string, StandardSchema>
}

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
  const schemas = new Map<string, StandardSchema>()
  const problems: string[] = []
  const add = (given: WorkflowBlueprint, own: ReadonlyMap<string, unknown>) => {
    const shape = shapeProblems(given)
    if (shape.length > 0) return problems.push(...shape)
    const source = withStorableNumbers(structuredClone(given))
    if (blueprints[source.id]) return problems.push(`two blueprints have the id '${source.id}'`)
    blueprints[source.id] = source
    return problems.push(...giveStableKeys(source, own, registry))
  }
  for (const flow of options.flows ?? []) {
    try {
      const blueprint = flow.toBlueprint()
      add(blueprint, flow.getFunctionRegistry())
      const schema = schemaOf(flow)
      if (schema) schemas.set(blueprint.id, schema)
    } catch (error) {
      problems.push(messageOf(error))
    }
  }
  const ofFlows = sharedFunctions(options.flows ?? [], registry)
  for (const [id, blueprint] of Object.entries(options.blueprints ?? {})) {
    if (blueprint?.id !== id)
      problems.push(`the blueprint registered as '${id}' has the id ${show(blueprint?.id)}`)
    else add(blueprint, ofFlows)
  }
  const isOwn = (uses: string) => registry[uses] !== undefined
  const engineName = (uses: string) =>
    !isOwn(uses) || builtInNames.some((name) => name === uses && isBuiltIn(registry[uses], name))
      ? uses
      : undefined
  for (const blueprint of Object.values(blueprints)) {
    problems.push(...numberProblems(blueprint, isOwn), ...retryProblemsOf(blueprint, engineName))
    problems.push(...alwaysProblems(blueprint, engineName), ...joinProblems(blueprint, engineName))
    problems.push(...wideJoinProblems(blueprint))
  }
  makeDurable(registry, blueprints)
  problems.push(...lint(blueprints, registry))
  throwProblems('INVALID_BLUEPRINT', 'cannot register the blueprints', problems)
  return { blueprints, registry, schemas }
}

/**
 * The functions that come with flows, for plain blueprints whose functions do, as in memory those of a subflow's
 * blueprint come with the run. Not what the registry has, nor a key that means another function in another flow.
 */
function sharedFunctions(flows: readonly Flow[], registry: Registry): ReadonlyMap<string, unknown> {
  const shared = new Map<string, unknown>()
  const ambiguous = new Set(Object.keys(registry))
  for (const flow of flows) {
    for (const [key, given] of flow.getFunctionRegistry()) {
      if (shared.has(key) && shared.get(key) !== given) ambiguous.add(key)
      shared.set(key, given)
    }
  }
  for (const key of ambiguous) shared.delete(key)
  return shared
}

/**
 * Whatever the registry holds under any key that the engine would run inside one node's execution is replaced by the
 * durable step: runs that began before remember graphs with those keys, and nodes that are made while a run is under
 * way may name them.
 */
function makeDurable(registry: Registry, blueprints: Record<string, WorkflowBlueprint>): void {
  const durable: Partial<Record<BuiltInName, NodeClass>> = {
    subflow: durableSubflow(blueprints),
    'batch-scatter': scatterNode,
    'batch-gather': gatherNode,
  }
  for (const [key, given] of Object.entries(registry)) {
    const builtIn = builtInOf(given)
    if (!builtIn) continue
    const step = 'name' in builtIn ? durable[builtIn.name] : refusing(key, builtIn.problem)
    if (step) registry[key] = 'subclass' in builtIn ? withDurableStep(builtIn.subclass, step) : step
  }
  for (const [name, step] of Object.entries(durable)) registry[name] ??= step
}

/** In place of what no registered node uses. */
function refusing(key: string, problem: string): NodeClass {
  return class extends BaseNode {
    override async exec(): Promise<never> {
      throw new FlowcraftAwsError('INVALID_BLUEPRINT', `'${key}' cannot run here: ${problem}`)
    }
  }
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
  const { maxActivations, contextConflicts, onFailure, maxUsd, onBudget } = blueprint.metadata ?? {}
  const budget = budgetProblems({ maxUsd, onBudget })
  const policies = [...policyProblems({ maxActivations, contextConflicts, onFailure }), ...budget]
  if (policies.length > 0) return policies.map((problem) => `blueprint '${id}': metadata.${problem}`)
  const seen = new Set<unknown>()
  const ofNodes = nodes.flatMap((node) => {
    if (typeof node?.id !== 'string' || node.id === '') return [`blueprint '${id}' has a node without an id`]
    if (typeof node.uses !== 'string')
      return [`node '${node.id}' of blueprint '${id}' does not say what it uses`]
    const { contextConflicts: conflicts, checkpoint } = node.config ?? {}
    const problem = contextConflictsProblem(conflicts) ?? checkpointProblem(checkpoint)
    if (problem) return [`node '${node.id}' of blueprint '${id}': config.${problem}`]
    // Before the blueprint is copied: a function in it is told by its name.
    const retry = retryProblems(node.config)
    if (retry.length > 0) return retry.map((one) => `blueprint '${id}': node '${node.id}': ${one}`)
    if (seen.has(node.id)) return [`blueprint '${id}' has two nodes '${node.id}'`]
    seen.add(node.id)
    return []
  })
  return ofNodes.length > 0 ? ofNodes : storageProblems(blueprint)
}

/** Runs remember their graph, so it must outlive this process. */
function storageProblems(blueprint: WorkflowBlueprint): string[] {
  try {
    structuredClone(blueprint)
    JSON.stringify(blueprint)
    return []
  } catch (error) {
    return [`blueprint '${blueprint.id}' cannot be stored: ${messageOf(error)}`]
  }
}

/**
 * Gives generated keys, and all keys that come from a builder, a name made of the blueprint and the node; nodes that are
 * one of the engine's get its name, whatever they call it, so that stored graphs say what they are.
 */
function giveStableKeys(
  blueprint: WorkflowBlueprint,
  own: ReadonlyMap<string, unknown>,
  registry: Registry,
): string[] {
  const problems: string[] = []
  const where = (node: NodeDefinition) => `blueprint '${blueprint.id}': node '${node.id}'`
  const rename = (key: string, node: NodeDefinition, role = ''): string => {
    const given: unknown = own.get(key) ?? registry[key]
    if (given === undefined) return key
    const builtIn = builtInOf(given)
    if (builtIn && 'problem' in builtIn) {
      problems.push(`${where(node)} cannot run here: ${builtIn.problem}`)
      return key
    }
    if (builtIn) {
      if ('subclass' in builtIn && role === '')
        problems.push(...takeParams(builtIn.subclass, node, where(node)))
      const named: unknown = registry[builtIn.name]
      if (named === undefined || key === builtIn.name || isBuiltIn(named, builtIn.name)) return builtIn.name
      problems.push(`${where(node)} is '${builtIn.name}', for which the registry has another implementation`)
      return key
    }
    if (!own.has(key) && !GENERATED.test(key)) return key
    const name = `${blueprint.id}.${node.id}${role}`
    if (registry[name] !== undefined && registry[name] !== given) {
      const taken = `would be registered as '${name}', which is another implementation's name`
      problems.push(`${where(node)} ${taken}`)
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

function isBuiltIn(implementation: unknown, name: BuiltInName): boolean {
  const builtIn = builtInOf(implementation)
  return builtIn !== undefined && 'name' in builtIn && builtIn.name === name
}

/** The params that a subclass's constructor gives, noted in the node. */
function takeParams(subclass: NodeClass, node: NodeDefinition, where: string): string[] {
  try {
    const params = paramsOf(subclass, node.params, node.id)
    JSON.stringify(params)
    node.params = structuredClone(params)
    return []
  } catch (error) {
    return [
      `${where} cannot run here: ${subclass.name} gives it params that cannot be stored: ${messageOf(error)}`,
    ]
  }
}

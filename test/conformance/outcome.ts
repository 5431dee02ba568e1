/**
 * The outcome of a run in a form that can be compared: in memory and by the protocol. What is left out: inputs of nodes
 * that several could give one (`_inputs.`, where the order of predecessors shows), ids and times.
 */
import {
  type BaseNode,
  type FlowcraftEvent,
  FlowRuntime,
  isNodeClass,
  JsonSerializer,
  type NodeClass,
  type NodeContext,
  type NodeFunction,
  type NodeImplementation,
  type RuntimeOptions,
  type WorkflowBlueprint,
} from 'flowcraft'
import { builtInOf } from '../../lib/core/blueprints/built-in.ts'
import type { RunDescription } from '../../lib/core/run/describe.ts'
import { extendRuntime, type Runs } from '../../lib/index.ts'
import { TestService } from '../../lib/testing/index.ts'
import { quiet } from '../end-to-end/driver.ts'
import type { Setup } from './case.ts'

export interface Outcome {
  readonly status: string
  readonly context: Readonly<Record<string, unknown>>
  /** `node: message <- message of its cause`, sorted. */
  readonly errors: readonly string[]
  /** How often the engine ran each node. */
  readonly executions: Readonly<Record<string, number>>
  /** How often each implementation was called, tries included. */
  readonly calls: Readonly<Record<string, number>>
}

/** Runs something before each call of a node's own code, with what that is given. */
export type Probe = (nodeId: string, context: NodeContext) => Promise<void> | void

/** The same blueprint with an implementation for each node that tells when it is called. */
export function probed(setup: Setup, probe: Probe): Pick<Setup, 'blueprint' | 'registry'> {
  const registry: Record<string, NodeImplementation> = { ...setup.registry }
  const nodes = setup.blueprint.nodes.map((node) => {
    const implementation = setup.registry[node.uses]
    // The engine's own, by whatever name, stay what they are: a subclass with an `exec` of its own would be none.
    if (!implementation || builtInOf(implementation)) return node
    registry[`probed ${node.id}`] = withProbe(implementation, (context) => probe(node.id, context))
    return { ...node, uses: `probed ${node.id}` }
  })
  return { blueprint: { ...setup.blueprint, nodes }, registry }
}

export function withProbe(
  implementation: NodeImplementation,
  probe: (context: NodeContext) => Promise<void> | void,
): NodeImplementation {
  if (!isNodeClass(implementation)) {
    return async (context) => {
      await probe(context)
      return (implementation as NodeFunction)(context)
    }
  }
  const Class = implementation as NodeClass
  const exec = Class.prototype.exec as BaseNode['exec']
  const Probed = class extends (Class as new () => object) {} as unknown as NodeClass
  Probed.prototype.exec = async function (this: BaseNode, prepared: unknown, context: NodeContext) {
    await probe(context)
    return exec.call(this, prepared, context)
  }
  return Probed
}

/** Counts what happens in a run. */
export class Counts {
  readonly executions: Record<string, number> = {}
  readonly calls: Record<string, number> = {}
  readonly eventBus = {
    emit: async (event: FlowcraftEvent) => {
      if (event.type === 'node:start') this.#add(this.executions, event.payload.nodeId)
    },
  }

  readonly probe = (nodeId: string): void => this.#add(this.calls, nodeId)

  #add(counts: Record<string, number>, id: string): void {
    const nodeId = withoutItem(id)
    counts[nodeId] = (counts[nodeId] ?? 0) + 1
  }
}

interface Orchestrated {
  orchestrator: unknown
}

export async function runInMemory(setup: Setup, orchestrator?: unknown): Promise<Outcome> {
  const counts = new Counts()
  const { blueprint, registry } = probed(setup, counts.probe)
  const blueprints = Object.fromEntries((setup.blueprints ?? []).map((other) => [other.id, other]))
  const options: RuntimeOptions = { ...setup.options, eventBus: counts.eventBus, registry, blueprints }
  const runtime = new FlowRuntime(options)
  if (orchestrator) (runtime as unknown as Orchestrated).orchestrator = orchestrator
  extendRuntime(runtime, { pause: async () => {} })
  const input = structuredClone(setup.input ?? {})
  const result = await runtime.run(structuredClone(blueprint), input)
  const serializer = setup.options?.serializer ?? new JsonSerializer()
  const { executions, calls } = counts
  return {
    status: result.status,
    context: comparable(blueprint, serializer.deserialize(serializer.serialize(result.context))),
    // The engine loses `message` now and then; that of the error it holds is always there.
    errors: errorLines((result.errors ?? []) as unknown as ErrorLike[]),
    executions,
    calls,
  }
}

/** What runs by the protocol: on stores in memory, or on a local AWS. */
export interface Harness extends Pick<Runs, 'start' | 'resume' | 'get'> {
  /** Works until all that is left to do waits for an event. */
  settle(): Promise<void>
}

/** What a harness is made of: the blueprints of a setup, and its implementations, each of which is counted. */
export type HarnessOptions = RuntimeOptions & Required<Pick<RuntimeOptions, 'blueprints' | 'registry'>>

export async function runOnService(setup: Setup, inline: boolean): Promise<Outcome> {
  return runOn(setup, (options) => new TestService({ logger: quiet, ...options, inline }))
}

export async function runOn(
  setup: Setup,
  makeHarness: (options: HarnessOptions) => Harness,
): Promise<Outcome> {
  const counts = new Counts()
  const { blueprint, registry } = probed(setup, counts.probe)
  const all = [blueprint, ...(setup.blueprints ?? [])]
  const blueprints = Object.fromEntries(all.map((other) => [other.id, other]))
  const harness = makeHarness({ ...setup.options, eventBus: counts.eventBus, registry, blueprints })
  const input = structuredClone(setup.input ?? {})
  const { runId } = await harness.start({ blueprintId: blueprint.id, input })
  await harness.settle()
  for (const event of setup.events ?? []) {
    await harness.resume(await waitingRun(harness, runId), event)
    await harness.settle()
  }
  await answerAll(harness, runId, setup.answers)
  const description = await harness.get(runId)
  const { executions, calls } = counts
  return { ...describedOutcome(blueprint, description), executions, calls }
}

/** The run itself, or the child that it waits for, or that one's. */
async function waitingRun(harness: Harness, runId: string): Promise<string> {
  const { waiting } = await harness.get(runId)
  const child = waiting?.find(({ childRunId }) => childRunId)?.childRunId
  return child === undefined ? runId : waitingRun(harness, child)
}

/** Gives a node that waits its event. */
export type Give = (
  runId: string,
  event: { readonly nodeId: string; readonly action?: string; readonly output?: unknown },
) => Promise<unknown>

export async function answerAll(
  harness: Harness,
  runId: string,
  answers: Setup['answers'] = {},
  give: Give = (id, event) => harness.resume(id, event),
): Promise<void> {
  for (;;) {
    const waiting = (await waitingNodes(harness, runId)).filter(({ nodeId }) => answers[nodeId])
    if (waiting.length === 0) return
    // The last first: which of several comes first makes no difference.
    for (const { runId: id, nodeId } of waiting.toReversed()) {
      await give(id, { nodeId, ...answers[nodeId] })
    }
    await harness.settle()
  }
}

async function waitingNodes(harness: Harness, runId: string): Promise<{ runId: string; nodeId: string }[]> {
  const { waiting = [] } = await harness.get(runId)
  const found = waiting.filter(({ reason }) => reason === 'external_event')
  const children = waiting.flatMap(({ childRunId }) => childRunId ?? [])
  const inside = await Promise.all(children.map((child) => waitingNodes(harness, child)))
  return [...found.map(({ nodeId }) => ({ runId, nodeId })), ...inside.flat()]
}

export function describedOutcome(
  blueprint: WorkflowBlueprint,
  description: RunDescription,
): Pick<Outcome, 'status' | 'context' | 'errors'> {
  const context = comparable(blueprint, description.context)
  const errors = (description.errors ?? []) as ErrorLike[]
  return {
    status: description.reason ? `${description.status}: ${description.reason}` : description.status,
    context,
    errors: errorLines(errors.filter(({ nodeId }) => !stoodInFor(blueprint, context, nodeId))),
  }
}

/** In memory the error of a node is forgotten once its fallback stands in for it; the kit keeps it. */
function stoodInFor(blueprint: WorkflowBlueprint, context: Outcome['context'], nodeId: string): boolean {
  const node = blueprint.nodes.find(({ id }) => id === nodeId)
  return node?.config?.fallback !== undefined && context[`_outputs.${nodeId}`] === null
}

interface ErrorLike {
  readonly nodeId: string
  readonly originalError?: { readonly message: string; readonly cause?: unknown }
}

function errorLines(errors: readonly ErrorLike[]): string[] {
  return errors
    .map(({ nodeId, originalError }) => {
      const cause = originalError?.cause as { message?: string } | undefined
      return `${withoutItem(nodeId)}: ${withoutItem(`${originalError?.message}`)}${cause ? ` <- ${cause.message}` : ''}`
    })
    .toSorted()
}

function comparable(blueprint: WorkflowBlueprint, context: Record<string, unknown>): Record<string, unknown> {
  const inputs = comparedInputs(blueprint)
  const entries = Object.entries(context).filter(
    ([key]) =>
      key !== '_executionId' && !BATCH_KEY.test(key) && (!key.startsWith('_inputs.') || inputs.has(key)),
  )
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** An outcome without inputs, for where it was written down and not found by a run. */
export function withoutInputs(outcome: Outcome): Outcome {
  const entries = Object.entries(outcome.context).filter(([key]) => !key.startsWith('_inputs.'))
  return { ...outcome, context: Object.fromEntries(entries) }
}

/** Keys of the inputs that one node could give: where several could, the order in which they end shows. */
export function comparedInputs({ nodes, edges }: WorkflowBlueprint): Set<string> {
  const givers = new Map<string, Set<string>>()
  for (const { source, target } of edges) givers.set(target, (givers.get(target) ?? new Set()).add(source))
  const stoodInFor = new Set(nodes.filter(({ config }) => config?.fallback).map(({ id }) => id))
  const ids = nodes.map(({ id }) => id)
  return new Set(
    ids
      .filter(
        (id) =>
          (givers.get(id)?.size ?? 0) <= 1 && ![...(givers.get(id) ?? [])].some((one) => stoodInFor.has(one)),
      )
      .map((id) => `_inputs.${id}`),
  )
}

/** What the engine in memory keeps in the context of a batch under way. */
const BATCH_KEY = /^_batch\.|_(currentIndex|hasMore|allWorkerIds)$|_[0-9a-f-]{36}_\d+$/

/** The id of a batch's worker, without what tells its item. */
function withoutItem(text: string): string {
  return text.replaceAll(/_(?:[0-9a-f]{8}-[0-9a-f-]{27}|\d+\.\d+)_\d+/g, '')
}

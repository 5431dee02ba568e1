/**
 * How long a node waits for its event: the `timeout` of its params or its config, of the `webhook` node whose call it
 * waits for, or what your own node says when it marks itself as awaiting. Then it goes on by the action 'timeout'
 * (or `timeoutAction`) where an edge names that, and fails where none does.
 */
import {
  isNodeClass,
  type NodeClass,
  type NodeDefinition,
  type NodeFunction,
  WaitNode,
  WebhookNode,
  type WorkflowBlueprint,
} from 'flowcraft'
import { durationMs } from '../common/durations.ts'
import { FlowcraftAwsError } from '../common/errors.ts'
import { show } from '../common/thrown.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import { type Wait, wholeMs } from '../protocol/run-state.ts'

type Implementation = NodeFunction | NodeClass

const DEFAULT_ACTION = 'timeout'

/** Milliseconds; a wait that is over at once is none. */
function timeoutMs(duration: unknown): number | undefined {
  return durationMs(duration) || undefined
}

function durationProblem(duration: unknown): string | undefined {
  if (timeoutMs(duration) !== undefined) return undefined
  return `timeout must be a duration above 0, in milliseconds or as '30s', '5m', '2h', '3d'; got ${show(duration)}`
}

/** What a node waits for that marked itself as awaiting an event. @throws FlowcraftAwsError INVALID_BLUEPRINT */
export function eventWait(
  graph: RunGraph,
  node: number,
  implementation: Implementation,
  { timeout }: { readonly timeout?: unknown },
  now: number,
): Wait {
  const isWait = isOrExtends(implementation, WaitNode)
  const duration =
    timeout ?? (isWait ? ownTimeout(graph.node(node)) : undefined) ?? webhookTimeout(graph, node)
  if (duration === undefined) return { kind: 'event' }
  const problem = durationProblem(duration)
  if (problem) throw new FlowcraftAwsError('INVALID_BLUEPRINT', `node '${graph.node(node).id}': ${problem}`)
  return { kind: 'event', at: wholeMs(now + (timeoutMs(duration) as number)) }
}

/** The action that a node goes on by whose event did not come; undefined where no edge names it. */
export function timeoutActionOf(graph: RunGraph, node: number): string | undefined {
  const action: unknown =
    graph.node(node).params?.['timeoutAction'] ??
    webhookOf(graph, node)?.params?.['timeoutAction'] ??
    DEFAULT_ACTION
  return graph.inputs.edgesFrom(node).find((edge) => edge.action === action)?.action
}

export function waitTimedOut(graph: RunGraph, node: number): FlowcraftAwsError {
  const { id } = graph.node(node)
  return new FlowcraftAwsError('WAIT_TIMEOUT', `nobody gave node '${id}' its event before its timeout`)
}

/** What is wrong with the timeouts of a blueprint's waits. */
export function waitProblems(
  { nodes, edges }: WorkflowBlueprint,
  implementationOf: (uses: string) => unknown,
): string[] {
  return nodes.flatMap((node) => {
    const { id, uses, params, config } = node
    const implementation = implementationOf(uses)
    const isWait = uses === 'wait' || isOrExtends(implementation, WaitNode)
    if (!isWait && uses !== 'webhook' && !isOrExtends(implementation, WebhookNode)) return []
    const problems = [params?.['timeout'], config?.timeout || undefined].flatMap((timeout) =>
      timeout === undefined ? [] : (durationProblem(timeout) ?? []),
    )
    const action: unknown = params?.['timeoutAction']
    // The edges of a node that this one stands in for are its own as well.
    const own = new Set([id, ...nodes.flatMap((other) => (other.config?.fallback === id ? [other.id] : []))])
    const isNamed = edges.some((edge) => own.has(edge.source) && edge.action === action)
    if (action !== undefined && (typeof action !== 'string' || action === '')) {
      problems.push(`timeoutAction must be the action of an edge; got ${show(action)}`)
    } else if (action !== undefined && isWait && !isNamed) {
      problems.push(`no edge of it names its timeoutAction '${action as string}'`)
    }
    return problems.map((problem) => `node '${id}': ${problem}`)
  })
}

/** Of `config`, 0 is none, as it is for other nodes. */
function ownTimeout({ params, config }: NodeDefinition): unknown {
  return params?.['timeout'] ?? (config?.timeout || undefined)
}

function webhookTimeout(graph: RunGraph, node: number): unknown {
  const webhook = webhookOf(graph, node)
  return webhook && ownTimeout(webhook)
}

/** The node whose URL brings the event that this one waits for. */
function webhookOf(graph: RunGraph, node: number): NodeDefinition | undefined {
  const name: unknown = graph.node(node).params?.['eventName']
  if (typeof name !== 'string' || !name.startsWith('webhook:')) return undefined
  const webhook = graph.find(name.slice('webhook:'.length))
  return webhook === undefined ? undefined : graph.node(webhook)
}

function isOrExtends(implementation: unknown, Class: NodeClass): boolean {
  if (typeof implementation !== 'function' || !isNodeClass(implementation)) return false
  return implementation === Class || implementation.prototype instanceof Class
}

/** Which nodes an event from outside can be for, and which actions it may name. Pure. */
import { FlowcraftAwsError } from '../common/errors.ts'
import type { RunGraph } from './run-graph.ts'
import { type ActivationKey, childIdOf, parseActivationKey, type RunState, type Wait } from './run-state.ts'

/**
 * Whether a node takes an event before it waits: a `wait` node, or one whose `eventName` says what it waits for. Of
 * any other nobody can know before it waits.
 */
export function takesEarlyEvents(graph: RunGraph, node: number): boolean {
  const { uses, params } = graph.node(node)
  return uses === 'wait' || typeof params?.['eventName'] === 'string'
}

/** Whether an event ends this wait: a sleeper is woken by one. */
export function takesEvents(wait: Wait | undefined): boolean {
  return wait?.kind === 'event' || wait?.kind === 'timer'
}

/** The node that is meant: the named one, or the only one that waits. @throws FlowcraftAwsError INVALID_INPUT */
export function nodeToResume(graph: RunGraph, run: RunState, nodeId: string | undefined): number {
  if (nodeId !== undefined) {
    const node = graph.find(nodeId)
    if (node !== undefined) return node
    const all = graph.blueprint.nodes.map(({ id }) => `'${id}'`).join(', ')
    throw new FlowcraftAwsError(
      'INVALID_INPUT',
      `run '${run.runId}' has no node '${nodeId}'; it has ${all}`,
      { runId: run.runId },
    )
  }
  // Sleepers come second, since who names no node means an event that is waited for.
  const waiting = nodesIn(run, ({ kind }) => kind === 'event')
  const meant = waiting.length > 0 ? waiting : nodesIn(run, ({ kind }) => kind === 'timer')
  const [only] = meant
  if (only !== undefined && meant.length === 1) return only
  const listed = meant.map((node) => `'${graph.node(node).id}'`).join(', ')
  const what =
    meant.length === 0 ? 'no node waits for an event' : `name one of the nodes that wait: ${listed}`
  throw new FlowcraftAwsError('INVALID_INPUT', `cannot resume run '${run.runId}': ${what}`, {
    runId: run.runId,
  })
}

/** The actions that edges of a node name. */
export function actionsOf(graph: RunGraph, node: number): string[] {
  return [...new Set(graph.inputs.edgesFrom(node).flatMap((edge) => edge.action || []))]
}

/**
 * From inside, an action that no edge names makes the engine run every branch; from outside it is a typing error. An
 * edge without action and condition takes whatever action comes; where no edge names an action, none is looked at.
 *
 * @throws FlowcraftAwsError INVALID_INPUT, with the actions that there are
 */
export function refuseAction(graph: RunGraph, node: number, action: string | undefined): void {
  const edges = graph.inputs.edgesFrom(node)
  const actions = actionsOf(graph, node)
  if (actions.length === 0 || (action && actions.includes(action))) return
  const plain = edges.filter((edge) => !edge.action)
  if (action ? plain.some(({ condition }) => !condition) : plain.length > 0) return
  const got = action ? `no edge names the action '${action}'` : 'it goes on by an action, and none was given'
  const allowed = actions.map((name) => `'${name}'`).join(', ')
  const { id } = graph.node(node)
  throw new FlowcraftAwsError('INVALID_INPUT', `cannot resume node '${id}': ${got}; allowed: ${allowed}`, {
    nodeId: id,
  })
}

/** INVALID_INPUT: the node does not wait for an event. Says what it does, and which nodes do wait. */
export function doesNotWait(graph: RunGraph, run: RunState, node: number): FlowcraftAwsError {
  const { id } = graph.node(node)
  const waiting = [...run.active].flatMap(([key, { wait }]) => {
    if (!takesEvents(wait)) return []
    const name = `'${graph.node(parseActivationKey(key).node).id}'`
    return [wait?.kind === 'timer' ? `${name} (sleeps)` : name]
  })
  const others =
    waiting.length === 0 ? 'no node of the run waits for one' : `these wait: ${waiting.join(', ')}`
  return new FlowcraftAwsError(
    'INVALID_INPUT',
    `cannot resume node '${id}' of run '${run.runId}': ${stateOf(graph, run, node)}; ${others}`,
    { runId: run.runId, nodeId: id },
  )
}

function stateOf(graph: RunGraph, run: RunState, node: number): string {
  const suspended = [...run.active].find(([key]) => parseActivationKey(key).node === node)
  const wait = suspended?.[1].wait
  if (wait?.kind === 'child') {
    const child = childIdOf(run.runId, suspended?.[0] as ActivationKey, wait.tries)
    return `it waits for the end of run '${child}', which may be resumed itself`
  }
  if (wait?.kind === 'items') return 'it waits for the items of its batch'
  if (wait?.kind === 'retry') return 'it waits for its next try'
  return graph.node(node).uses === 'sleep' ? 'it does not sleep now' : 'it does not wait for an event'
}

function nodesIn(run: RunState, is: (wait: Wait) => boolean): number[] {
  const waiting = [...run.active].filter(([, { wait }]) => wait && is(wait))
  return waiting.map(([key]) => parseActivationKey(key).node).toSorted((a, b) => a - b)
}

/**
 * Events that nodes of a run wait for, once for each of their iterations. The first to give a node its event wins; it
 * may be given before the node waits. An event is given to a node, or by a name to every node whose `eventName` it is.
 */
import { createHash, randomUUID } from 'node:crypto'
import { FlowcraftAwsError } from './errors.ts'
import type { RunGraph } from './graph.ts'
import { type ActivationKey, isDone, isOver, parseActivationKey, type RunState } from './run-state.ts'
import type { Services } from './services.ts'
import { compress, expand } from './values/value-store.ts'

type EventServices = Pick<Services, 'store' | 'values'>

export interface RunEvent {
  /** Chooses the edges to take, as a node's own action does. */
  readonly action?: string
  /** Becomes the output of the node that waits. */
  readonly output?: unknown
  /**
   * Names the call, so that it can be made again when its answer was lost: a repeated call without one may give its
   * event to the next round of a loop, or, where it names no node, to the next that waits. @default - each call is its own
   */
  readonly idempotencyKey?: string
}

interface StoredEvent {
  /** Names the call that gave it. */
  readonly id: string
  readonly action?: string
  /** The output's text, or the key and reference of the value that holds it. */
  readonly text?: string
  readonly at?: readonly [key: string, reference: string]
}

/** Larger outputs are values of their own. */
const INLINE_BYTES = 100 * 1024

export async function readEvent(
  services: EventServices,
  runId: string,
  key: ActivationKey,
): Promise<RunEvent | undefined> {
  const stored = await readStored(services, runId, eventKey(key))
  if (!stored) return undefined
  const { action, text, at } = stored
  const encoded = text ?? (at && (await services.values.read(runId, ...at)))
  return { action, ...(encoded === undefined ? {} : { output: services.values.decode(encoded) }) }
}

async function readStored(
  { store }: EventServices,
  runId: string,
  key: string,
): Promise<StoredEvent | undefined> {
  const stored = await store.getValue(runId, key)
  return stored && (JSON.parse(await expand(stored)) as StoredEvent)
}

/**
 * Gives an activation its event. False where it has another, or its run is over.
 * Crash after the put: the event stands, and the node finds it when it parks; one that is parked already is sent its
 * job when the call is made again.
 */
export async function giveEvent(
  services: EventServices,
  graph: RunGraph,
  run: RunState,
  activation: ActivationKey,
  event: RunEvent,
): Promise<boolean> {
  const { runId } = run
  const key = eventKey(activation)
  if (!isOver(run)) {
    const stored = await encodeEvent(services, graph, runId, activation, event)
    if (await services.store.putOnce(runId, key, await compress(JSON.stringify(stored)))) return true
    // Refused by itself, perhaps: the SDK repeats a request whose answer was lost.
    return (await readStored(services, runId, key))?.id === stored.id
  }
  const there = await readStored(services, runId, key)
  return there !== undefined && there.id === event.idempotencyKey
}

/** The activation that the first call of this name was for. */
export async function claimOf(
  { store }: EventServices,
  runId: string,
  idempotencyKey: string | undefined,
): Promise<ActivationKey | undefined> {
  if (idempotencyKey === undefined) return undefined
  return (await store.getValue(runId, claimKey(idempotencyKey)))?.text as ActivationKey | undefined
}

/** Names the call for an activation. Crash after the put: a repeated call gives the event there. */
export async function claim(
  services: EventServices,
  runId: string,
  activation: ActivationKey,
  idempotencyKey: string | undefined,
): Promise<ActivationKey | undefined> {
  if (idempotencyKey === undefined) return activation
  const key = claimKey(idempotencyKey)
  if (await services.store.putOnce(runId, key, { text: activation })) return activation
  return claimOf(services, runId, idempotencyKey)
}

async function encodeEvent(
  { values }: EventServices,
  graph: RunGraph,
  runId: string,
  activation: ActivationKey,
  { action, output, idempotencyKey }: RunEvent,
): Promise<StoredEvent> {
  const id = idempotencyKey ?? randomUUID()
  if (output === undefined) return { id, action }
  const { node } = parseActivationKey(activation)
  const text = values.encode(output, `the output given to node '${graph.node(node).id}'`)
  if (text.length <= INLINE_BYTES) return { id, action, text }
  // Named by its content, since several may give different ones and one wins.
  const valueKey = `${eventKey(activation)}#${hashOf(text)}`
  return { id, action, at: [valueKey, await values.write(runId, valueKey, text)] }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

function eventKey(activation: ActivationKey): string {
  return `event#${activation}`
}

function claimKey(idempotencyKey: string): string {
  return `resume#${hashOf(idempotencyKey)}`
}

function eventNameOf(graph: RunGraph, node: number): string {
  const { id, params } = graph.node(node)
  return typeof params?.['eventName'] === 'string' ? params['eventName'] : id
}

/** The nodes that wait for events of this name: by their `eventName`, or by their id where they have none. */
export function nodesOfEvent(graph: RunGraph, name: string): number[] {
  return graph.blueprint.nodes.flatMap((_, index) => (eventNameOf(graph, index) === name ? [index] : []))
}

/** The iteration that waits, or will be the next to. */
export function iterationOf(graph: RunGraph, run: RunState, node: number): number | undefined {
  for (const key of run.active.keys()) {
    const active = parseActivationKey(key)
    if (active.node === node) return active.iteration
  }
  if (graph.repeatable.has(node)) return (run.iterations.get(node) ?? 0) + 1
  return isDone(run.done, node) ? undefined : 1
}

/** The activations of these nodes that wait for an event now. */
export function waitingAt(run: RunState, nodes: readonly number[]): ActivationKey[] {
  return [...run.active].flatMap(([key, { wait }]) =>
    wait?.kind === 'event' && nodes.includes(parseActivationKey(key).node) ? [key] : [],
  )
}

/** The nodes that wait for an event now. */
export function waitingNodes(run: RunState): number[] {
  const waiting = [...run.active].filter(([, entry]) => entry.wait?.kind === 'event')
  return waiting.map(([key]) => parseActivationKey(key).node).toSorted((a, b) => a - b)
}

/** The node that is meant: the named one, or the only one that waits. @throws FlowcraftAwsError INVALID_INPUT */
export function nodeToResume(graph: RunGraph, run: RunState, nodeId: string | undefined): number {
  const listed = (nodes: number[]) => nodes.map((node) => `'${graph.node(node).id}'`).join(', ')
  if (nodeId !== undefined) {
    const node = graph.find(nodeId)
    if (node !== undefined) return node
    const all = listed(graph.blueprint.nodes.map((_, index) => index))
    throw new FlowcraftAwsError('INVALID_INPUT', `run '${run.runId}' has no node '${nodeId}'; it has ${all}`)
  }
  const waiting = waitingNodes(run)
  const [only] = waiting
  if (only !== undefined && waiting.length === 1) return only
  const what =
    waiting.length === 0
      ? 'no node waits for an event'
      : `name one of the nodes that wait: ${listed(waiting)}`
  throw new FlowcraftAwsError('INVALID_INPUT', `cannot resume run '${run.runId}': ${what}`)
}

/** Resumes runs from outside: gives an event and sends the job of the node that waits for it. */
import { FlowcraftAwsError } from '../common/errors.ts'
import { type OpenRun, readerOf } from '../execution/opened-run.ts'
import type { Services } from '../execution/services.ts'
import { names } from '../protocol/inline-value.ts'
import {
  doesNotWait,
  nodeToResume,
  refuseAction,
  takesEarlyEvents,
  takesEvents,
} from '../protocol/resumable.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import {
  type ActivationKey,
  activationKey,
  isDone,
  isOver,
  parseActivationKey,
  type RunState,
} from '../protocol/run-state.ts'
import { awaitedChange } from '../protocol/transition.ts'
import { sendJobs } from './dispatch.ts'
import { iterationOf, waitingAt } from './event-nodes.ts'
import {
  type Claim,
  claim,
  claimOf,
  type EncodedEvent,
  encodeEvent,
  giveEvent,
  type RunEvent,
  wasGiven,
  wasResumed,
} from './events.ts'

export type ResumeServices = Pick<Services, 'store' | 'values' | 'graphs' | 'queue' | 'emit' | 'now'>

/**
 * @returns whether this call's event is the one that counts; false where the node was resumed before
 * @throws FlowcraftAwsError RUN_NOT_FOUND
 * @throws FlowcraftAwsError INVALID_INPUT where the run has no such node, where that waits for no event, or where no
 * edge of it names the action
 * @throws FlowcraftAwsError RESUME_CONFLICT where the idempotency key came with another event before
 */
export async function resumeRun(
  services: ResumeServices,
  runId: string,
  nodeId: string | undefined,
  event: RunEvent,
): Promise<boolean> {
  const run = await begun(services, runId)
  const graph = await services.graphs.of(run.blueprintId, run.graph as string)
  const earlier = await claimOf(services, runId, event.idempotencyKey)
  const named = earlier ? claimedNode(graph, earlier, nodeId) : nodeToResume(graph, run, nodeId)
  refuseAction(graph, named, event.action)
  const encoded = encodeEvent(services, graph.node(named).id, event)
  if (earlier) refuseOther(graph, earlier, encoded)
  const present = earlier?.activation ?? (await activationOf({ services, graph, run }, named))
  const claimed = present && (earlier ?? (await claimNow(services, graph, runId, present, encoded, event)))
  // Of two calls under one key that come together the first to claim it says which node is meant.
  const node = claimed ? claimedNode(graph, claimed, nodeId) : named
  const given = claimed ? await give({ services, graph, run }, claimed.activation, encoded) : false
  // Looked up after the event is there: a node that is suspended later finds it by itself, one that was suspended is found
  // here. Also when another gave the event: its sender may have died before it came this far.
  const now = await begun(services, runId)
  const waiting = waitingAt(now, [node])
  await sendJobs({ services, graph, run: now }, waiting.length > 0 ? waiting : gonePast(now, node))
  return given
}

/**
 * Gives each node of a run that waits for an event this one. All are looked at before any is given it.
 * @throws FlowcraftAwsError as `resumeRun`
 */
export async function resumeAll(
  services: ResumeServices,
  runId: string,
  event: Omit<RunEvent, 'idempotencyKey'>,
): Promise<Set<string>> {
  const run = await begun(services, runId)
  const graph = await services.graphs.of(run.blueprintId, run.graph as string)
  const waiting = [...run.active].flatMap(([key, { wait }]) =>
    wait?.kind === 'event' ? [parseActivationKey(key).node] : [],
  )
  // Says that none waits.
  if (waiting.length === 0) nodeToResume(graph, { ...run, active: new Map() }, undefined)
  for (const node of waiting) refuseAction(graph, node, event.action)
  const ids = waiting.map((node) => graph.node(node).id)
  for (const id of ids) await resumeRun(services, runId, id, event)
  return new Set(ids)
}

/**
 * The activation of a node that waits, or will be the next to; undefined where none is to come.
 * @throws FlowcraftAwsError INVALID_INPUT where the node does not wait, and nobody can know that it will
 */
async function activationOf(open: OpenRun<ResumeServices>, node: number): Promise<ActivationKey | undefined> {
  const { graph, run } = open
  if (!takesEarlyEvents(graph, node)) return suspendedActivation(open, node)
  const iteration = isOver(run) ? undefined : iterationOf(graph, run, node)
  if (iteration === undefined) return undefined
  const key = activationKey(node, iteration)
  if (run.active.has(key) || graph.repeatable.has(node)) return key
  const failed = await readerOf(open).stored(names.error(key))
  return failed ? undefined : key
}

async function suspendedActivation(
  { services, graph, run }: OpenRun<ResumeServices>,
  node: number,
): Promise<ActivationKey | undefined> {
  for (const [key, { wait }] of run.active) {
    if (parseActivationKey(key).node === node && takesEvents(wait)) return key
  }
  // Was it resumed before, or has it slept?
  const last = activationKey(node, run.iterations.get(node) ?? 1)
  if (graph.node(node).uses === 'sleep' && isDone(run.done, node)) return undefined
  if (await wasResumed(services, run.runId, last)) return undefined
  throw doesNotWait(graph, run, node)
}

/**
 * Gives the event to an activation that waits for one, or may. A sleeper is marked first as waiting for an event: then
 * its time is the end of a wait, and what comes first counts. Crash after that: it sleeps on, until its time.
 */
async function give(
  { services, graph, run }: OpenRun<ResumeServices>,
  key: ActivationKey,
  event: EncodedEvent,
): Promise<boolean> {
  const early = takesEarlyEvents(graph, parseActivationKey(key).node)
  const isOpen = !isOver(run) && (early || (await awaitsEvent(services, run, key)))
  return isOpen ? giveEvent(services, run.runId, key, event) : wasGiven(services, run.runId, key, event.id)
}

/** Whether an activation waits for an event from now on; false where it has ended. */
async function awaitsEvent({ store }: ResumeServices, seen: RunState, key: ActivationKey): Promise<boolean> {
  for (let run: RunState | undefined = seen; run && !isOver(run);) {
    const entry = run.active.get(key)
    if (entry?.wait?.kind !== 'timer' || entry.wait.awaited) return takesEvents(entry?.wait)
    const change = awaitedChange(key, entry, entry.wait.at)
    const result = await store.commit(run.runId, { ...change, inlineValues: new Map(), offloaded: [] }, run)
    if (result.committed) return true
    run = result.run
  }
  return false
}

async function claimNow(
  services: ResumeServices,
  graph: RunGraph,
  runId: string,
  activation: ActivationKey,
  encoded: EncodedEvent,
  { idempotencyKey }: RunEvent,
): Promise<Claim | undefined> {
  const own: Claim = { activation, content: encoded.content }
  const claimed = await claim(services, runId, idempotencyKey, own)
  if (claimed) refuseOther(graph, claimed, encoded)
  return claimed
}

/** The node of an earlier call under the same key. @throws FlowcraftAwsError INVALID_INPUT where this one names another */
function claimedNode(graph: RunGraph, { activation }: Claim, nodeId: string | undefined): number {
  const { node } = parseActivationKey(activation)
  const { id } = graph.node(node)
  if (nodeId === undefined || nodeId === id) return node
  const why = `its idempotencyKey was given in a call for node '${id}'`
  throw new FlowcraftAwsError('INVALID_INPUT', `cannot resume node '${nodeId}': ${why}`)
}

/** @throws FlowcraftAwsError RESUME_CONFLICT where the call under the same key carried something else */
function refuseOther(graph: RunGraph, { activation, content }: Claim, event: EncodedEvent): void {
  // Older versions of this package kept no content.
  if (content === undefined || content === event.content) return
  const { id } = graph.node(parseActivationKey(activation).node)
  const why = 'its idempotencyKey was given in a call with another action or output'
  throw new FlowcraftAwsError('RESUME_CONFLICT', `cannot resume node '${id}': ${why}`)
}

/**
 * A node that is past its event. Whoever gave that may have died before it sent the job: then a redelivery of an old
 * message woke the node and carries on, and the acknowledgement of an earlier delivery, should it come late, deletes
 * that. So a call that is made again sends one, as long as something of the run is left to do or to publish.
 */
function gonePast(run: RunState, node: number): ActivationKey[] {
  if (!isDone(run.done, node) || (isOver(run) && !run.outbox)) return []
  return [activationKey(node, run.iterations.get(node) ?? 1)]
}

async function begun(services: ResumeServices, runId: string): Promise<RunState> {
  const run = await services.store.read(runId)
  if (!run) throw new FlowcraftAwsError('RUN_NOT_FOUND', `there is no run '${runId}'`, { runId })
  if (run.graph !== undefined) return run
  const why = run.reason ?? 'no worker has begun it yet'
  throw new FlowcraftAwsError('INVALID_INPUT', `cannot resume run '${runId}': ${why}`)
}

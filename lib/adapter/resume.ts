/** Resumes runs from outside: gives an event and sends the job of the node that waits for it. */
import { RunReader } from './context/run-reader.ts'
import { FlowcraftAwsError } from './errors.ts'
import type { RunGraph } from './graph.ts'
import { sendJobs } from './outgoing.ts'
import {
  claim,
  claimOf,
  giveEvent,
  iterationOf,
  nodeToResume,
  type RunEvent,
  waitingAt,
} from './run-events.ts'
import {
  type ActivationKey,
  activationKey,
  isDone,
  isOver,
  parseActivationKey,
  type RunState,
} from './run-state.ts'
import type { Services } from './services.ts'
import { names } from './values/rider.ts'

export type ResumeServices = Pick<Services, 'store' | 'values' | 'graphs' | 'queue' | 'emit'>

/**
 * @returns whether this call's event is the one that counts; false where the node was resumed before
 * @throws FlowcraftAwsError RUN_NOT_FOUND, or INVALID_INPUT where the run has no such node or none that waits
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
  const present = earlier ?? (await activationOf(services, graph, run, named))
  const target = present && (earlier ?? (await claim(services, runId, present, event.idempotencyKey)))
  // Of two calls under one key that come together the first to claim it says which node is meant.
  const node = target ? claimedNode(graph, target, nodeId) : named
  const given = target ? await giveEvent(services, graph, run, target, event) : false
  // Looked up after the event is there: a node that parks later finds it by itself, one that had parked is found
  // here. Also when another gave the event: its sender may have died before it came this far.
  const now = await begun(services, runId)
  const waiting = waitingAt(now, [node])
  await sendJobs(services, graph, now, waiting.length > 0 ? waiting : gonePast(now, node))
  return given
}

/** The activation of a node that waits, or will be the next to; undefined where none is to come. */
async function activationOf(
  { store, values }: ResumeServices,
  graph: RunGraph,
  run: RunState,
  node: number,
): Promise<ActivationKey | undefined> {
  const iteration = isOver(run) ? undefined : iterationOf(graph, run, node)
  if (iteration === undefined) return undefined
  const key = activationKey(node, iteration)
  if (run.active.has(key) || graph.repeatable.has(node)) return key
  const failed = await new RunReader({ graph, run, store, values }).stored(names.error(key))
  return failed ? undefined : key
}

/** The node of an earlier call under the same key. @throws FlowcraftAwsError INVALID_INPUT where this one names another */
function claimedNode(graph: RunGraph, earlier: ActivationKey, nodeId: string | undefined): number {
  const { node } = parseActivationKey(earlier)
  const { id } = graph.node(node)
  if (nodeId === undefined || nodeId === id) return node
  const why = `its idempotencyKey was given in a call for node '${id}'`
  throw new FlowcraftAwsError('INVALID_INPUT', `cannot resume node '${nodeId}': ${why}`)
}

/**
 * A node that is past its event. Whoever gave that may have died before it sent the job: then a redelivery of an old
 * message woke the node and carries on, and the acknowledgement of an earlier delivery, should it come late, deletes
 * that. So a call that is made again sends one, as long as something of the run is left to do or to tell.
 */
function gonePast(run: RunState, node: number): ActivationKey[] {
  if (!isDone(run.done, node) || (isOver(run) && !run.outbox)) return []
  return [activationKey(node, run.iterations.get(node) ?? 1)]
}

async function begun(services: ResumeServices, runId: string): Promise<RunState> {
  const run = await services.store.read(runId)
  if (!run) throw new FlowcraftAwsError('RUN_NOT_FOUND', `there is no run '${runId}'`)
  if (run.graph !== undefined) return run
  const why = run.reason ?? 'no worker has begun it yet'
  throw new FlowcraftAwsError('INVALID_INPUT', `cannot resume run '${runId}': ${why}`)
}

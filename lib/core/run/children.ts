/**
 * Child runs: a subflow node waits for a run of its own, each of whose nodes is a durable step. The parent's entry
 * says that it waits before the child is made, so that no crash leaves a child that nobody waits for; the child's
 * last commit leaves an outbox entry for its parent, so that no crash leaves a parent that nobody wakes.
 */
import { analyzeBlueprint, FlowcraftError, type NodeResult } from 'flowcraft'
import type { ChildRequest } from '../blueprints/subflow-node.ts'
import { FlowcraftAwsError } from '../common/errors.ts'
import type { ActivationContext } from '../execution/activation-context.ts'
import { type OpenRun, readerOf, jobOf } from '../execution/opened-run.ts'
import type { Services } from '../execution/services.ts'
import { names } from '../protocol/inline-value.ts'
import { type ActivationKey, childIdOf, isOver, type RunState, START } from '../protocol/run-state.ts'
import type { ErrorCause, ErrorRecord } from '../values/error-record.ts'
import { RunReader } from '../values/run-reader.ts'
import { budgetOfChild } from './budget-of-child.ts'
import { sendQueued } from './dispatch.ts'
import { graphUnlessLost, sendToItsEnd } from './lost-blueprint.ts'
import { putRun } from './start.ts'

/**
 * The child, made and started if it is not there.
 * Crash before the put: the parent's message comes back and makes it. After: it stands with its start nodes queued,
 * and this sends the jobs of those that have not ended.
 */
export async function ensureChild(open: OpenRun, key: ActivationKey, tries: number): Promise<RunState> {
  const { services, run } = open
  const runId = childIdOf(run.runId, key, tries)
  const child = (await services.store.read(runId)) ?? (await makeChild(open, key, runId))
  if (!isOver(child) && child.graph !== undefined) {
    const childGraph = await graphUnlessLost(services, child)
    if (childGraph) await sendQueued({ services, graph: childGraph, run: child }, START)
    else await sendToItsEnd(services, child)
  }
  return child
}

async function makeChild(open: OpenRun, key: ActivationKey, runId: string): Promise<RunState> {
  const { services } = open
  const request = await readerOf(open).stored(names.child(key))
  if (!request) throw new FlowcraftAwsError('VALUE_LOST', `the input of child run '${runId}' is gone`)
  const { blueprintId, input } = request.value as ChildRequest
  const { run } = await putRun(services, {
    runId,
    input,
    graph: services.graphs.current(blueprintId),
    parent: jobOf(open, key),
    budget: budgetOfChild(open),
  })
  return run
}

/** What a subflow node completes with when its child has, as the engine has it; or why it fails. */
export async function childResult(
  services: Services,
  outputs: Record<string, string> | undefined,
  child: RunState,
  context: ActivationContext,
): Promise<NodeResult | FlowcraftError> {
  const { store, values, graphs } = services
  // One that ended by a reason of its own may have no graph, or have lost it.
  if (child.graph === undefined || (child.status !== 'completed' && child.reason !== undefined)) {
    return childError(child, child.reason)
  }
  const graph = await graphs.of(child.blueprintId, child.graph)
  const reader = new RunReader({ graph, run: child, store, values })
  if (child.status !== 'completed') {
    const [first] = await reader.errors()
    return childError(child, child.reason ?? first?.message, first)
  }
  const outputOf = async (id: string) => (await reader.find(`_outputs.${id}`))?.value
  if (outputs) {
    for (const [key, source] of Object.entries(outputs)) {
      await context.set(key, (await outputOf(source)) ?? (await reader.find(source))?.value)
    }
    // As in memory, where a subflow goes by the id of the run that it is part of.
    return { output: { ...(await reader.all()), _executionId: child.parent?.runId } }
  }
  const ends = analyzeBlueprint(graph.drawn).terminalNodeIds
  const last = await Promise.all(ends.map(outputOf))
  return { output: ends.length === 1 ? last[0] : Object.fromEntries(ends.map((id, at) => [id, last[at]])) }
}

function childError(
  { blueprintId, status }: RunState,
  why = 'Unknown error',
  record?: ErrorRecord,
): FlowcraftError {
  const cause = record && errorOf(record.originalError)
  return new FlowcraftError(
    `Sub-workflow '${blueprintId}' did not complete successfully. Status: ${status}. Error: ${why}`,
    { blueprintId, cause },
  )
}

/** An error as it was, as far as it was kept, with what caused it. */
function errorOf({ cause, ...kept }: ErrorCause): Error {
  return Object.assign(new Error(kept.message), kept, cause && { cause: errorOf(cause) })
}

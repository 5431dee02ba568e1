/** The engine's events of a batch, emitted at least once, as all events are. */
import type { FlowcraftEvent } from 'flowcraft'
import type { OpenRun } from '../execution/opened-run.ts'
import type { Services } from '../execution/services.ts'
import { type Batch, itemNodeId, roundOf } from '../protocol/batch.ts'
import { parseActivationKey, type RunState } from '../protocol/run-state.ts'

/** The builder names the two nodes of batch `x` `x_scatter` and `x_gather`; the engine names the batch by them. */
const SCATTER = '_scatter'
const GATHER = '_gather'

type BatchEvent = Extract<FlowcraftEvent, { type: 'batch:start' | 'batch:finish' }>

/** A round of a batch begins. Items that are nodes of their own are no batch to the engine, which emits nothing for them. */
export async function emitBatchStart(
  { services, graph, run }: OpenRun<Pick<Services, 'emit'>>,
  batch: Batch,
  index: number,
): Promise<void> {
  if (batch.kind !== 'worker') return
  const scatterNodeId = graph.node(parseActivationKey(batch.key).node).id
  const { from, size } = roundOf(batch, index)
  const workerNodeIds = Array.from({ length: size }, (_, at) => itemNodeId(batch, from + at))
  const batchId = scatterNodeId.replace(SCATTER, '')
  await emit(services, run, { type: 'batch:start', payload: { batchId, scatterNodeId, workerNodeIds } })
}

export async function emitBatchFinish(
  services: Pick<Services, 'emit'>,
  run: RunState,
  gatherNodeId: string,
  results: readonly unknown[],
): Promise<void> {
  const batchId = gatherNodeId.replace(GATHER, '')
  const present = results.filter((result) => result !== undefined)
  await emit(services, run, { type: 'batch:finish', payload: { batchId, gatherNodeId, results: present } })
}

/** With the run's id, which the engine's own two events lack: a worker has many runs. */
async function emit({ emit: send }: Pick<Services, 'emit'>, { runId }: RunState, event: BatchEvent) {
  const payload = { ...event.payload, executionId: runId }
  await send({ ...event, payload } as FlowcraftEvent)
}

/** A run that is open: what most functions on the way of a message are given. */
import type { RunGraph } from '../protocol/run-graph.ts'
import { type ActivationKey, parseActivationKey, type RunState } from '../protocol/run-state.ts'
import type { Job } from '../queue/job.ts'
import { RunReader } from '../values/run-reader.ts'
import type { Services } from './services.ts'

export interface OpenRun<S = Services> {
  readonly services: S
  /** The version of its blueprint that the run goes by. */
  readonly graph: RunGraph
  /** Its state as it was last read or committed. */
  readonly run: RunState
}

/** The same run at a later state. */
export function at<S>({ services, graph }: OpenRun<S>, run: RunState): OpenRun<S> {
  return { services, graph, run }
}

export function readerOf({
  services: { store, values },
  graph,
  run,
}: OpenRun<Pick<Services, 'store' | 'values'>>): RunReader {
  return new RunReader({ graph, run, store, values })
}

export type ActivationJob = Job & Required<Pick<Job, 'nodeId' | 'iteration'>>

/** The job of an activation. */
export function jobOf({ graph, run }: Pick<OpenRun, 'graph' | 'run'>, key: ActivationKey): ActivationJob {
  const { node, iteration } = parseActivationKey(key)
  return { runId: run.runId, blueprintId: run.blueprintId, nodeId: graph.node(node).id, iteration }
}

/** Some values of a run's context. */
import pMap from 'p-map'
import type { RunGraph } from '../protocol/run-graph.ts'
import { NO_GRAPH, RunReader, type RunReaderOptions } from './run-reader.ts'

export interface ReadValuesOptions extends Omit<RunReaderOptions, 'graph'> {
  /** Undefined while no worker has begun the run. */
  readonly graph: RunGraph | undefined
}

const CONCURRENCY = 10

/** @throws FlowcraftAwsError VALUE_LOST */
export async function readValues(
  { graph = NO_GRAPH, ...options }: ReadValuesOptions,
  keys: readonly string[],
): Promise<Record<string, unknown>> {
  const reader = new RunReader({ ...options, graph })
  const entries = await pMap(keys, async (key) => [key, await reader.find(key)] as const, {
    concurrency: CONCURRENCY,
  })
  // Own properties, '__proto__' too.
  return Object.fromEntries(entries.flatMap(([key, found]) => (found ? [[key, found.value]] : [])))
}

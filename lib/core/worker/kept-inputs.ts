/**
 * In memory what an edge gave stays the input of its target. Here it is the giver's output, so a node of a loop whose
 * new output goes elsewhere leaves the one before where it was given.
 */
import type { Execution } from '../execution/execution.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import type { RunReader } from '../values/run-reader.ts'

/** By target node: the text of the output to keep, or undefined where one that was kept counts no longer. */
export async function keptInputs(
  reader: RunReader,
  graph: RunGraph,
  node: number,
  { output, inputs }: Execution,
): Promise<Map<number, string | undefined>> {
  const kept = new Map<number, string | undefined>()
  if (!output || !graph.repeatable.has(node)) return kept
  for (const target of graph.successors[node] ?? []) {
    if (graph.inputs.of(target).by === 'completion') continue
    const { isKept, text } = await reader.keptFor(target, node)
    const isGiven = inputs.has(target)
    if (isGiven ? isKept : text !== undefined) kept.set(target, isGiven ? undefined : text)
  }
  return kept
}

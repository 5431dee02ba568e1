/** The node that an item of a batch is, and what it sees. */
import type { NodeDefinition } from 'flowcraft'
import { itemNodeId } from '../protocol/batch.ts'
import { names } from '../protocol/inline-value.ts'
import { RunGraph } from '../protocol/run-graph.ts'
import { parseActivationKey } from '../protocol/run-state.ts'
import type { RunReader } from '../values/run-reader.ts'
import type { BatchUnderWay } from './under-way.ts'

/** The item alone, and the node that may stand in for it: whether there is one is looked up when all have ended. */
export function graphOf(id: string, definition: NodeDefinition): RunGraph {
  const fallback = definition.config?.fallback
  const standIns = fallback === undefined || fallback === definition.id ? [] : [{ id: fallback, uses: '' }]
  return new RunGraph({ id, nodes: [definition, ...standIns], edges: [] })
}

/** What an item sees beside the run's context: its input, or the output of the node that made it. */
export async function givenTo({ graph, key, batch }: BatchUnderWay, reader: RunReader, input: unknown) {
  if (batch.kind === 'worker') return { _item: input }
  const { node } = parseActivationKey(key)
  const { id } = graph.node(node)
  const output = (await reader.stored(names.output(node)))?.value
  return { [id]: output, [`_outputs.${id}`]: output }
}

/** An item is tried again as the config of its scatter node says. */
export function definitionOf(
  { graph, key, batch }: BatchUnderWay,
  item: number,
  input: unknown,
): NodeDefinition {
  if (batch.kind === 'nodes') return input as NodeDefinition
  const { retry } = graph.node(parseActivationKey(key).node).config ?? {}
  const id = itemNodeId(batch, item)
  return { id, uses: batch.uses as string, inputs: '_item', ...(retry && { config: { retry } }) }
}

/** What an item's node lacks here. */
export function missing({ graph, key }: BatchUnderWay, item: number, uses: string): string {
  const where = `item ${item} of node '${graph.node(parseActivationKey(key).node).id}'`
  return `${where} uses '${uses}', which this deployment does not have (the run goes by graph ${graph.fingerprint})`
}

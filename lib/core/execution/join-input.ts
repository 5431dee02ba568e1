/** What a join of n of m is given. */
import { inOrderOfEdges, type JoinInput } from '../protocol/quorum.ts'
import type { ExecuteOptions } from './node-call.ts'

/** Nobody is counted at a join that has fired, so whoever executes it sees the same. */
export async function joinInputOf({ graph, run, node, context }: ExecuteOptions): Promise<JoinInput> {
  const arrived = new Set([...(run.arrived?.get(node) ?? [])].map((index) => graph.node(index).id))
  const ids = inOrderOfEdges(graph.blueprint, graph.node(node).id, arrived)
  return joinInput(ids, (key) => context.get(key))
}

export async function joinInput(
  ids: readonly string[],
  get: (key: string) => Promise<unknown>,
): Promise<JoinInput> {
  const outputs = ids.map(async (id) => [id, await get(`_outputs.${id}`)] as const)
  return Object.fromEntries(await Promise.all(outputs))
}

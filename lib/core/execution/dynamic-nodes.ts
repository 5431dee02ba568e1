/** The nodes that a node made (`dynamicNodes`), as the engine would take them. */
import type { NodeDefinition } from 'flowcraft'
import { retryProblems } from '../common/retry-problems.ts'
import { show } from '../common/thrown.ts'
import type { RunGraph } from '../protocol/run-graph.ts'

/**
 * Of nodes with one id the first runs, as in memory. One that has the id of a node of the blueprint would be that node
 * there, at a time that nobody waits for: here it is refused.
 *
 * @throws Error where they are no nodes
 */
export function dynamicNodesOf(graph: RunGraph, maker: string, given: unknown): NodeDefinition[] {
  const refuse = (what: string) => new Error(`cannot run the dynamicNodes of node '${maker}': ${what}`)
  if (!Array.isArray(given)) throw refuse(`expected a list of nodes; got ${show(given)}`)
  const byId = new Map<string, NodeDefinition>()
  for (const [at, node] of (given as unknown[]).entries()) {
    if (typeof node !== 'object' || node === null) {
      throw refuse(`expected { id, uses } at ${at}; got ${show(node)}`)
    }
    const definition = node as NodeDefinition
    if (!['string', 'number', 'undefined'].includes(typeof definition.id)) {
      throw refuse(`the id at ${at} must be a string; got ${show(definition.id)}`)
    }
    const id = String(definition.id)
    if (graph.find(id) !== undefined)
      throw refuse(`the id '${id}' at ${at} is that of a node of the blueprint`)
    const [problem] = retryProblems(definition.config, definition.uses, 'item')
    if (problem !== undefined) throw refuse(`the node '${id}' at ${at}: ${problem}`)
    const ofDrawn = (['runs', 'joinCount', 'checkpoint'] as const).find(
      (name) => definition.config?.[name] !== undefined,
    )
    if (ofDrawn) {
      const why = `config.${ofDrawn} says nothing of a node that is made while the run is under way`
      throw refuse(`the node '${id}' at ${at}: ${why}`)
    }
    if (!byId.has(id)) byId.set(id, { ...definition, id })
  }
  return [...byId.values()]
}

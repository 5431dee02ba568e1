/** What a node with `runs: 'always'` cannot be, and why. */
import type { WorkflowBlueprint } from 'flowcraft'
import { show } from '../common/thrown.ts'
import { alwaysNodesOf, runsAlways } from '../protocol/always-nodes.ts'

/** `engineName`: what the engine calls the implementation, undefined of one's own. */
export function alwaysProblems(
  blueprint: WorkflowBlueprint,
  engineName: (uses: string) => string | undefined,
): string[] {
  const { leading, predecessors } = alwaysNodesOf(blueprint)
  return blueprint.nodes.flatMap(({ id, uses, config }) => {
    const say = (problem: string) => `blueprint '${blueprint.id}': node '${id}': ${problem}`
    if (config?.runs === undefined) return []
    if (!runsAlways(config)) return [say(`config.runs must be 'always'; got ${show(config.runs)}`)]
    const problems: string[] = []
    const engine = engineName(uses)
    const only = "a node with runs: 'always'"
    if (engine === 'loop-controller' || engine === 'batch-gather')
      problems.push(`${only} cannot be a ${engine}, which is part of a loop or a batch`)
    if (leading.get(id)?.has(id)) problems.push(`${only} cannot be in a loop: it runs when the loop is over`)
    else if ((predecessors.get(id)?.length ?? 0) === 0)
      problems.push(`${only} needs an edge that leads to it`)
    if (blueprint.nodes.some((other) => other.config?.fallback === id))
      problems.push(`${only} cannot be the fallback of another, which runs only when that one fails`)
    if (config.joinStrategy !== undefined)
      problems.push(`${only} has no joinStrategy: it waits for all that leads to it`)
    for (const edge of blueprint.edges) {
      const { source, action, condition, transform } = edge
      if (edge.target !== id || (action ?? condition ?? transform) === undefined) continue
      problems.push(`the edge to it from '${source}' cannot have an action, a condition or a transform`)
    }
    return problems.map(say)
  })
}

/** Which nodes a pool may name: the same rules at synth, by the constructs, and where a worker reads FLOWCRAFT_POOLS. */
import { show } from '../common/thrown.ts'

/** What is wrong with the nodes of pools, given by the pools' names. */
export function poolNodesProblems(
  pools: Readonly<Record<string, { readonly nodes?: unknown } | null>>,
): string[] {
  const problems: string[] = []
  const owners = new Map<string, string>()
  for (const [name, pool] of Object.entries(pools)) {
    const nodes: unknown = pool?.nodes
    if (!Array.isArray(nodes) || nodes.length === 0) {
      problems.push(`pools.${name}.nodes must be a list of node ids; got ${show(nodes)}`)
      continue
    }
    for (const rule of nodes as unknown[]) {
      if (!isRule(rule)) {
        problems.push(`pools.${name}.nodes must be node ids or blueprintId:nodeId; got ${show(rule)}`)
        continue
      }
      const owner = owners.get(rule)
      if (owner !== undefined)
        problems.push(`pools ${owner} and ${name} both have '${rule}'; a node has one pool`)
      owners.set(rule, name)
    }
  }
  return problems
}

/** `nodeId`, or `blueprintId:nodeId`. */
function isRule(rule: unknown): rule is string {
  return typeof rule === 'string' && rule.trim() === rule && rule !== '' && !/^:|:$/.test(rule)
}

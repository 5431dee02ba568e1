/** Nodes without a checkpoint, whose strands go on ahead of the header. */
import type { WorkflowBlueprint } from 'flowcraft'
import { hasNoCheckpoint } from '../../lib/core/protocol/checkpoints.ts'
import type { RunGraph } from '../../lib/core/protocol/run-graph.ts'
import type { Setup } from '../conformance/case.ts'

/** What may run while this node is active in the header. */
export function aheadOf(graph: RunGraph, node: number): ReadonlySet<number> {
  const found = new Set<number>()
  const behind = [node]
  for (let at = behind.pop(); at !== undefined; at = behind.pop()) {
    if (!hasNoCheckpoint(graph, at)) continue
    for (const next of graph.successors[at] ?? []) {
      if (found.has(next)) continue
      found.add(next)
      behind.push(next)
    }
  }
  return found
}

/** The same, and no node of it has a checkpoint, of subflows neither. */
export function withoutCheckpoints(setup: Setup): Setup {
  const { blueprint, blueprints } = setup
  return {
    ...setup,
    blueprint: stripped(blueprint),
    ...(blueprints && { blueprints: blueprints.map(stripped) }),
  }
}

function stripped(blueprint: WorkflowBlueprint): WorkflowBlueprint {
  const nodes = blueprint.nodes.map((node) => ({ ...node, config: { ...node.config, checkpoint: false } }))
  return { ...blueprint, nodes }
}

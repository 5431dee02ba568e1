/** Which edges a plan's nodes have: those that both sides can draw. */
import type { EdgePlan, NodePlan, Plan } from './plan.ts'

export const shapeOf = (node: NodePlan | undefined) =>
  typeof node?.shape === 'object' ? node.shape.kind : (node?.shape ?? 'node')

/** Whether the engine itself goes round in it. */
export function isLoop(node: NodePlan | undefined): boolean {
  const shape = node?.shape
  return typeof shape === 'string' && shape !== 'node'
}

/** Whether a node is drawn to run always. One that nothing leads to could not. */
export function runsAlways({ nodes }: Plan, index: number): boolean {
  const node = nodes[index]
  return node?.always === true && node.shape === 'node'
}

/**
 * How many must arrive at a node that is drawn as a join of some; undefined of any other, and of what a fallback is. One behind
 * it, of a node before it, would lead back to it: that is a cycle, and refused.
 */
export function joinCountOf({ nodes }: Plan, index: number, sources: number): number | undefined {
  const { any, joinCount, shape } = nodes[index] as NodePlan
  if (!any || joinCount === undefined || shape !== 'node' || sources === 0) return undefined
  const isNamed = nodes.some(({ fallback }, at) => {
    const standIn = fallback === undefined ? -1 : fallback % nodes.length
    return standIn === index || (at < index && standIn > index)
  })
  return isNamed ? undefined : Math.min(joinCount, sources)
}

export function edgesOf(plan: Plan): EdgePlan[] {
  const count = plan.nodes.length
  const kept: EdgePlan[] = []
  for (const edge of plan.edges) {
    const [from, to] = [Math.min(edge.from, edge.to) % count, Math.max(edge.from, edge.to) % count]
    const others = kept.filter((other) => other.to === to && other.from !== from)
    const hasTwin = kept.some((other) => other.to === to && other.from === from)
    if (from >= to || (hasTwin && isLoop(plan.nodes[from]))) continue
    // It runs after all else in memory, and beside some of it here: what both lead to would depend on that.
    if (runsAlways(plan, from) && !runsAlways(plan, to)) continue
    if (others.length > 0 && isEnteredOnce(plan, to, [from, ...others.map((other) => other.from)])) continue
    kept.push({ ...edge, from, to })
  }
  return kept
}

/**
 * What begins a cycle is entered once; so is what a raw cycle leads to, else it is due with each round. And a
 * controller that goes on counts as completed, so that what joins behind it, and may fail, is due once or twice.
 */
function isEnteredOnce(plan: Plan, to: number, sources: readonly number[]): boolean {
  const target = plan.nodes[to]
  if (isLoop(target)) return true
  const before = sources.map((index) => plan.nodes[index])
  return before.some((node) => node?.shape === 'cycle' || (shapeOf(target) !== 'node' && isLoop(node)))
}

/** Names of graphs. Pure. */
import { createHash } from 'node:crypto'
import { sanitizeBlueprint, type WorkflowBlueprint } from 'flowcraft'

/**
 * Names a graph by its content: two workers that hold the same blueprint agree on it, and a changed one has
 * another. 72 bits: a clash needs billions of versions of one blueprint.
 */
export function fingerprintOf(blueprint: WorkflowBlueprint): string {
  const { nodes, edges, metadata } = sanitizeBlueprint(blueprint)
  const text = JSON.stringify({ nodes, edges, cycleEntryPoints: metadata?.cycleEntryPoints }, (_key, value) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  )
  return createHash('sha256').update(text).digest('base64url').slice(0, 12)
}

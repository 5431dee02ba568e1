/** What a blueprint is allowed to say and most likely does not mean, logged when it is registered. */
import type { WorkflowBlueprint } from 'flowcraft'
import { runsAlways } from '../protocol/always-nodes.ts'
import { RunGraph } from '../protocol/run-graph.ts'
import { reachableNodes } from './reachable.ts'

export function warningsOf(blueprints: Readonly<Record<string, WorkflowBlueprint>>): string[] {
  return Object.values(blueprints).flatMap((blueprint) =>
    [
      ...joins(blueprint),
      ...loops(blueprint),
      ...unreached(blueprint),
      ...webhooks(blueprint),
      ...checkpoints(blueprint),
    ].map((warning) => `blueprint '${blueprint.id}': ${warning}`),
  )
}

/** As in memory such a join runs only if the predecessor that completes last takes its edge to it. */
function joins({ nodes, edges }: WorkflowBlueprint): string[] {
  const [bySource, byTarget] = [edgesBy('source', edges), edgesBy('target', edges)]
  return nodes.flatMap(({ id, config, uses }) => {
    if (config?.joinStrategy === 'any' || uses === 'loop-controller' || runsAlways(config)) return []
    const incoming = byTarget.get(id) ?? []
    const elsewhere = incoming.filter(
      ({ source, action, condition }) =>
        (action ?? condition) !== undefined && bySource.get(source)?.some(({ target }) => target !== id),
    )
    if (elsewhere.length === 0 || new Set(incoming.map(({ source }) => source)).size < 2) return []
    const names = [...new Set(elsewhere.map(({ source }) => `'${source}'`))].join(', ')
    return [
      `'${id}' waits for all of its predecessors, and ${names} may go elsewhere; joinStrategy 'any' may be meant`,
    ]
  })
}

function edgesBy(end: 'source' | 'target', edges: WorkflowBlueprint['edges']) {
  const found = new Map<string, (typeof edges)[number][]>()
  for (const edge of edges) {
    const others = found.get(edge[end])
    if (others) others.push(edge)
    else found.set(edge[end], [edge])
  }
  return found
}

function loops(blueprint: WorkflowBlueprint): string[] {
  const { nodes, edges } = blueprint
  if (!nodes.some(({ uses }) => uses === 'loop-controller')) return []
  const graph = new RunGraph(blueprint)
  return [...graph.loops].flatMap(([controller, body]) => {
    const { id } = graph.node(controller)
    const ends = edges.some(({ source, action }) => source === id && action === 'break')
    const standIns = [...body].filter((node) => graph.node(node).config?.fallback !== undefined)
    return [
      ...(ends ? [] : [`loop '${id}' has no 'break' edge, so its body runs again when it should end`]),
      ...standIns.map(
        (node) => `the fallback of '${graph.node(node).id}' ends loop '${id}' in the round that uses it`,
      ),
    ]
  })
}

/** A call to a webhook names no action, and a node that goes on by none whose edges all name one takes all of them. */
function webhooks(blueprint: WorkflowBlueprint): string[] {
  const { nodes, edges } = blueprint
  const hooks = new Set(nodes.flatMap(({ id, uses }) => (uses === 'webhook' ? [`webhook:${id}`] : [])))
  return nodes.flatMap(({ id, params }) => {
    const own = edges.filter(({ source }) => source === id)
    const isCalled = hooks.has(`${params?.['eventName'] as string}`)
    if (!isCalled || own.length < 2 || !own.every(({ action }) => action)) return []
    return [
      `'${id}' waits for a webhook, whose calls have no action, and each of its edges names one: all are taken`,
    ]
  })
}

/** Why the end of such a node is always committed. */
const COMMITTED: Readonly<Record<string, string>> = {
  wait: 'waits',
  sleep: 'waits',
  subflow: 'waits for a child run',
  'batch-scatter': 'waits for the items of a batch',
  webhook: 'gives a URL that may be out before a crash',
}

/** A node that waits is committed when it begins to and when it goes on; and what ends a run, or splits it, always is. */
function checkpoints({ nodes, edges }: WorkflowBlueprint): string[] {
  return nodes.flatMap(({ id, uses, config }) => {
    if (config?.checkpoint !== false) return []
    const isLast = edges.every(({ source }) => source !== id)
    const why = COMMITTED[uses] ?? (isLast ? 'leads to no other node' : undefined)
    return why === undefined ? [] : [`checkpoint: false does nothing on '${id}', which ${why}`]
  })
}

/** As in memory, which says nothing of it. */
function unreached(blueprint: WorkflowBlueprint): string[] {
  const { nodes, edges } = blueprint
  const ids = new Set(nodes.map(({ id }) => id))
  const reached = reachableNodes(blueprint)
  return [
    ...nodes.flatMap(({ id }) => (reached.has(id) ? [] : [`no run comes to node '${id}'`])),
    ...edges.flatMap(({ source, target }) => {
      const edge = `the edge from '${source}' to '${target}'`
      if (ids.has(source)) return ids.has(target) ? [] : [`no run takes ${edge}, which is no node`]
      const waits = nodes.some(({ id, config }) => id === target && config?.joinStrategy !== 'any')
      const so = waits ? `, and '${target}' waits for it for ever` : ''
      return [`no run takes ${edge}: '${source}' is no node${so}`]
    }),
  ]
}

/** How each node and edge of a run looks: its state in words, a mark, what stands in its second line. */
import type {
  GraphEdge,
  GraphNode,
  GraphView,
  NodeProgressView,
  NodeStateView,
  RunView,
} from '../../../../lib/console/views.ts'
import { formatCount, formatDuration } from '../../format.ts'
import { type Facts, type NodeFacts, tookOf, triesOf } from '../facts.ts'

/** Names of icons. */
type Mark = 'clock' | 'external' | 'again' | 'fork' | 'circle'

export interface NodeLook {
  readonly state: NodeStateView
  /** Such as 'charge, failed, try 3'. */
  readonly name: string
  /** The second line. */
  readonly detail: string
  /** Until when it waits, in milliseconds since the epoch: told after the detail, and counted down. */
  readonly until?: number
  readonly items?: { readonly done: number; readonly total: number; readonly failed: number }
  /** A round of a loop, or an iteration after a redrive, where it is not the first one. */
  readonly round?: number
  readonly childRunId?: string
  /** The picture of what it is, where it has no state. */
  readonly mark?: Mark
  /** It will not be reached any more. */
  readonly isLeftOut?: boolean
  readonly isPaused?: boolean
}

/** Read-only where there is no run: a plan. */
export interface RunLooks {
  readonly nodes: ReadonlyMap<string, NodeLook>
  /** Indices of edges that were taken. */
  readonly taken: ReadonlySet<number>
}

type RunStates = Pick<RunView, 'status' | 'progress'>

export function looksOf(graph: GraphView, run: RunStates | undefined, facts: Facts = new Map()): RunLooks {
  const progress = new Map(run?.progress.map((one) => [one.nodeId, one]))
  const isOver = run !== undefined && ['completed', 'failed', 'cancelled'].includes(run.status)
  const nodes = graph.nodes.map((node): [string, NodeLook] => {
    const of = { node, progress: progress.get(node.id), facts: facts.get(node.id) }
    return [node.id, run ? lookOf({ ...of, isOver, isPaused: run.status === 'paused' }) : planned(node)]
  })
  return { nodes: new Map(nodes), taken: run ? takenEdges(graph, progress, facts) : new Set() }
}

/** The same, with the objects of before where they say the same: what has not changed is not drawn again. */
export function steady(before: RunLooks | undefined, now: RunLooks): RunLooks {
  if (!before) return now
  const nodes = [...now.nodes].map(([id, look]): [string, NodeLook] => {
    const known = before.nodes.get(id)
    return [id, known && JSON.stringify(known) === JSON.stringify(look) ? known : look]
  })
  return { nodes: new Map(nodes), taken: now.taken }
}

/** A node of a blueprint, without a run. */
function planned(node: GraphNode): NodeLook {
  const kind = kindOf(node)
  return { state: 'notRun', detail: kind, name: `${node.id}, ${kind}`, mark: MARKS[node.uses] ?? 'circle' }
}

interface LookOptions {
  readonly node: GraphNode
  readonly progress: NodeProgressView | undefined
  readonly facts: NodeFacts | undefined
  readonly isOver: boolean
  readonly isPaused: boolean
}

function lookOf(options: LookOptions): NodeLook {
  const { node, progress, facts, isOver, isPaused } = options
  const state = progress?.state ?? 'notRun'
  const detail = detailOf(options)
  const items = itemsOf(progress, facts)
  const iteration = progress?.iteration ?? 1
  const wait = progress?.waiting
  const childRunId = wait?.childRunId ?? facts?.childRunIds.at(-1)
  const until = wait?.wakeUpAt ?? wait?.timeoutAt
  const isLeftOut = isOver && state === 'notRun'
  const said = [node.id, isLeftOut ? 'did not run' : STATES[state], ...detailInName(state, detail)]
  return {
    state,
    detail,
    name: [...said, ...(iteration > 1 ? [`round ${iteration}`] : [])].join(', '),
    ...(until === undefined ? {} : { until: Date.parse(until) }),
    ...(items ? { items } : {}),
    ...(iteration > 1 ? { round: iteration } : {}),
    ...(childRunId === undefined ? {} : { childRunId }),
    ...(isLeftOut ? { isLeftOut } : {}),
    ...(isPaused && state === 'active' ? { isPaused } : {}),
  }
}

const STATES: Readonly<Record<NodeStateView, string>> = {
  completed: 'completed',
  active: 'running',
  waiting: 'waiting',
  failed: 'failed',
  notRun: 'not run yet',
}

const WAITS = {
  external_event: 'for an event',
  timer: 'for a time',
  retry: 'for its next try',
  subflow: 'for its child run',
  items: 'for its items',
} as const

function detailInName(state: NodeStateView, detail: string): string[] {
  return detail && detail !== STATES[state] ? [detail] : []
}

function detailOf({ node, progress, facts, isPaused, isOver }: LookOptions): string {
  const state = progress?.state ?? 'notRun'
  const tries = Math.max(progress?.failedTries === undefined ? 0 : progress.failedTries + 1, triesOf(facts))
  const items = itemsOf(progress, facts)
  if (items) return itemsText(items)
  if (progress?.waiting) return waitText(progress.waiting.reason, tries)
  if (progress?.arrived && !isOver && state === 'notRun')
    return `${progress.arrived.count} of ${progress.arrived.of} arrived`
  const parts: string[] = []
  if (state === 'active') parts.push(isPaused ? 'paused' : 'running')
  if (tries > 1) parts.push(`try ${tries}`)
  if (facts?.fallback !== undefined) parts.push(`${facts.fallback} stood in`)
  const took = state === 'completed' || state === 'failed' ? tookOf(facts) : undefined
  if (took !== undefined) parts.push(formatDuration(took))
  if (parts.length > 0) return parts.join(', ')
  return state === 'notRun' || node.uses in KINDS ? kindOf(node) : STATES[state]
}

function waitText(reason: keyof typeof WAITS, tries: number): string {
  if (reason === 'retry') return `try ${Math.max(2, tries)}`
  return tries > 1 ? `${WAITS[reason]}, try ${tries}` : WAITS[reason]
}

function itemsText({ done, total, failed }: NonNullable<NodeLook['items']>): string {
  const all = `${formatCount(done)} of ${formatCount(total)}`
  return failed > 0 ? `${all}, ${formatCount(failed)} failed` : `${all} items`
}

/** Of a batch under way as the run says; of one that has ended as its history does. */
function itemsOf(progress: NodeProgressView | undefined, facts: NodeFacts | undefined): NodeLook['items'] {
  const failed = facts?.itemsFailed ?? 0
  if (progress?.items) return { ...progress.items, failed: Math.min(failed, progress.items.done) }
  const noted = (facts?.itemsCompleted ?? 0) + failed
  return noted > 0 ? { done: noted, total: noted, failed } : undefined
}

const KINDS: Readonly<Record<string, string>> = {
  wait: 'wait',
  sleep: 'sleep',
  subflow: 'child run',
  'loop-controller': 'loop',
  'batch-scatter': 'batch',
  'batch-gather': 'gathers the batch',
}

const MARKS: Readonly<Record<string, Mark>> = {
  wait: 'clock',
  sleep: 'clock',
  subflow: 'external',
  'loop-controller': 'again',
  'batch-scatter': 'fork',
  'batch-gather': 'fork',
}

/** What a node is, in few words. */
function kindOf({ uses, id, child, join }: GraphNode): string {
  const kind =
    child !== undefined
      ? `runs ${child}`
      : (KINDS[uses] ?? (uses === id || uses.endsWith(`.${id}`) ? 'step' : uses))
  return join === undefined ? kind : `${kind}, joins ${join}`
}

/**
 * Edges that a run has taken: those that the history names; where it does not, those between nodes of which both have
 * begun. The one that a node's action chose, where several lead to one target.
 */
function takenEdges(
  graph: GraphView,
  progress: ReadonlyMap<string, NodeProgressView>,
  facts: Facts,
): Set<number> {
  const taken = new Set<number>()
  for (const [index, edge] of graph.edges.entries()) if (isTaken(edge, progress, facts)) taken.add(index)
  return taken
}

function isTaken(
  { source, target, action }: GraphEdge,
  progress: ReadonlyMap<string, NodeProgressView>,
  facts: Facts,
): boolean {
  const of = facts.get(source)
  if (of?.knowsNext) {
    if (!of.next.has(target)) return false
    return action === undefined || of.actions.size === 0 || of.actions.has(action)
  }
  const hasBegun = (id: string) => (progress.get(id)?.state ?? 'notRun') !== 'notRun'
  return progress.get(source)?.state === 'completed' && hasBegun(target)
}

/** What a run looks like from outside: its status, its context as the engine gives it, its errors, its nodes. */
import { type ISerializer, JsonSerializer } from 'flowcraft'
import type { RunLabels } from '../common/labels.ts'
import { PRICES } from '../common/prices.ts'
import { type RunCost, runCostOf } from '../common/run-cost.ts'
import type { Costs } from '../config/costs.ts'
import { type Budget, budgetOf } from '../protocol/budget.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import {
  isOver,
  isPaused,
  parseActivationKey,
  type RunState,
  type RunStatus,
  START,
} from '../protocol/run-state.ts'
import { type Operation, operationsOf } from './operations.ts'
import { nodesOf, type RunNodes, waitingIn, type WaitingNode } from './nodes.ts'
import { type NodeProgress, progressOf } from './progress.ts'
import type { RunStore } from '../store/run-store.ts'
import type { ErrorRecord } from '../values/error-record.ts'
import type { LostValue } from '../values/lost.ts'
import { NO_GRAPH, RunReader } from '../values/run-reader.ts'
import type { ValueStore } from '../values/value-store.ts'

/** A message in the dead-letter queue. */
export interface DeadLetterNote {
  /** The node that the message would run; absent where it would begin the run. */
  readonly nodeId?: string
  readonly reason: string
}

/** What lets nobody work on a run: its own pause (`pause`, a budget), that of its blueprint, or its failure (`onFailure: 'pause'`). */
export type PausedBy = 'run' | 'blueprint' | 'failure'

/** A run as `RunClient.get` gives it. */
export interface RunDescription {
  readonly runId: string
  readonly blueprintId: string
  /** 'paused' until it is unpaused; 'awaiting' while all that is left to do waits for an event, a time or a child run. */
  readonly status: RunStatus | 'awaiting' | 'paused'
  /** What `FlowRuntime.run` would have in its result's `context`, after the runtime's serializer. */
  readonly context: Record<string, unknown>
  /** Undefined where no node failed, as in the engine's result. */
  readonly errors?: ErrorRecord[]
  /** Values that cannot be read any more, which `context` and `errors` lack: an object that was deleted from the bucket, say. */
  readonly lost?: LostValue[]
  /** Why the run itself failed, where no node did. */
  readonly reason?: string
  /** What it has cost so far; undefined where that is not counted. In memory only what nodes added by `addCost` is. */
  readonly cost?: RunCost
  /** What it may cost, where that is limited. */
  readonly budget?: Required<Budget>
  /** How often the run was redriven. @default 0 */
  readonly redrives?: number
  /** What was done to it from outside, by whom and why, in the order in which it was asked for. */
  readonly operations?: readonly Operation[]
  /** Since when it is paused, where it is. */
  readonly pausedAt?: Date
  /** Where it is paused: whether itself ('run'), with its blueprint, or since nodes failed. */
  readonly pausedBy?: PausedBy
  /** The pause of its blueprint that holds it: since when, by whom and why. */
  readonly blueprintPause?: { readonly pausedAt: Date; readonly by?: string; readonly reason?: string }
  readonly nodes: RunNodes
  /** How far each node is, in the order of the blueprint; none while no worker has begun the run. */
  readonly progress: readonly NodeProgress[]
  /** What the run waits for, where it does. */
  readonly waiting?: WaitingNode[]
  /** What does not go on since its message lies in the dead-letter queue, until somebody sends it back. */
  readonly deadLetters?: DeadLetterNote[]
  /** What the run was started with; undefined where there is none. */
  readonly labels?: RunLabels
  /** The run and the node that wait for this one, where it is a child run; `list({ parentRunId })` has the children of a run. */
  readonly parent?: { readonly runId: string; readonly nodeId: string }
  /** The run from whose state this one began, where it is a fork; `list({ forkedFrom })` has the forks of a run. */
  readonly forkedFrom?: { readonly runId: string }
  /** Of a run that was delayed: when it was accepted. */
  readonly startedAt: Date
  /** When the run begins or was to begin, where its start was delayed. Until then it is 'running', with nothing active. */
  readonly startsAt?: Date
  readonly endedAt?: Date
}

export interface DescribeOptions {
  readonly run: RunState
  /** Undefined while no worker has begun the run. */
  readonly graph: RunGraph | undefined
  readonly store: Pick<
    RunStore,
    'readPage' | 'readAll' | 'readPacks' | 'listValues' | 'arrivals' | 'readPauses'
  >
  readonly values: ValueStore
  readonly serializer: ISerializer
  /** @default - the list prices */
  readonly costs?: Pick<Costs, 'prices'>
  /** Whether values are read; without, `context` is empty. @default true */
  readonly context?: boolean
}

export async function describeRun(options: DescribeOptions): Promise<RunDescription> {
  const { run, graph, serializer, context: withContext = true } = options
  const reader = new RunReader({ ...options, graph: graph ?? NO_GRAPH })
  const lost: LostValue[] = []
  // Errors stand among the values, all of which would be read for them: not where there is none.
  const errors = withContext || run.errors > 0 ? await reader.errors(lost) : []
  const failed = new Set([...errors.map(({ nodeId }) => nodeId), ...nodesOfErrors(graph, lost)])
  const context = withContext ? await reader.allBut(lost) : {}
  const nodes = graph ? nodesOf(graph, run, failed) : { completed: [], active: [], failed: [], notRun: [] }
  const waiting = graph ? waitingIn(graph, run) : []
  const { store } = options
  const budget = budgetOf(run, graph?.blueprint)
  const cost = runCostOf(run.cost, options.costs?.prices ?? PRICES)
  const progress = graph ? await progressOf({ run, graph, store, reader, nodes, waiting, lost }) : []
  const pause = await pauseOf(store, run)
  const operations = wasSteered(run) ? await operationsOf(options, run) : []
  return {
    runId: run.runId,
    blueprintId: run.blueprintId,
    status: statusOf(run),
    context: withContext ? throughSerializer(serializer, { ...context, _executionId: run.runId }) : {},
    ...(errors.length > 0 ? { errors } : {}),
    ...(lost.length > 0 ? { lost } : {}),
    ...(run.reason === undefined ? {} : { reason: run.reason }),
    ...(operations.length > 0 ? { operations } : {}),
    ...(cost ? { cost } : {}),
    ...(budget ? { budget } : {}),
    ...(run.redrives === undefined ? {} : { redrives: run.redrives }),
    ...pause,
    nodes,
    progress,
    ...(waiting.length > 0 ? { waiting } : {}),
    ...lettersOf(graph, run),
    ...(run.labels ? { labels: run.labels } : {}),
    ...(run.parent ? { parent: { runId: run.parent.runId, nodeId: run.parent.nodeId } } : {}),
    ...(run.forkedFrom === undefined ? {} : { forkedFrom: { runId: run.forkedFrom } }),
    startedAt: new Date(run.startedAt),
    ...(run.startsAt === undefined ? {} : { startsAt: new Date(run.startsAt) }),
    ...(run.endedAt === undefined ? {} : { endedAt: new Date(run.endedAt) }),
  }
}

/** The nodes whose errors are lost: they failed all the same. */
function nodesOfErrors(graph: RunGraph | undefined, lost: readonly LostValue[]): string[] {
  return lost.flatMap(({ key }) => {
    const node = /^_errors\.(\d+)\.\d+$/.exec(key)?.[1]
    return node === undefined || !graph ? [] : [graph.node(Number(node)).id]
  })
}

/** A note stays when its message was sent back: then what it is about has ended. */
function lettersOf(graph: RunGraph | undefined, run: RunState): Pick<RunDescription, 'deadLetters'> {
  if (isOver(run)) return {}
  const notes = [...(run.deadLetters ?? [])].flatMap(([key, reason]): DeadLetterNote[] => {
    if (key === START) return graph ? [] : [{ reason }]
    if (!graph || !run.active.has(key)) return []
    return [{ nodeId: graph.node(parseActivationKey(key).node).id, reason }]
  })
  return notes.length > 0 ? { deadLetters: notes } : {}
}

/** A read unit, where the blueprint of the run is paused. */
async function pauseOf(
  store: DescribeOptions['store'],
  run: RunState,
): Promise<Pick<RunDescription, 'pausedAt' | 'pausedBy' | 'blueprintPause'>> {
  const pausedBy = pausedByOf(run)
  if (pausedBy === undefined) return {}
  const own = run.pausedAt === undefined ? {} : { pausedAt: new Date(run.pausedAt) }
  if (run.heldBy === undefined) return { pausedBy, ...own }
  const { paused } = await store.readPauses({ consistent: true })
  const { epoch, at = 0, ...who } = paused.get(run.blueprintId) ?? {}
  // That one is over, and somebody is about to let the run go.
  if (epoch !== run.heldBy) return { pausedBy, ...own }
  const pausedAt = new Date(at)
  return { pausedBy, pausedAt, ...own, blueprintPause: { pausedAt, ...who } }
}

export function pausedByOf(run: RunState): PausedBy | undefined {
  if (!isPaused(run)) return undefined
  if (run.pausedByFailure) return 'failure'
  return run.pausedAt === undefined ? 'blueprint' : 'run'
}

/** Whether it may have notes: only then is it worth a request. */
function wasSteered(run: RunState): boolean {
  const { redrives, pausedAt, steered, status, deadLetters, forkedFrom } = run
  if (deadLetters || forkedFrom !== undefined) return true
  return redrives !== undefined || pausedAt !== undefined || steered === true || status === 'cancelled'
}

/** As a run is seen from outside. */
export function statusOf(run: RunState): RunDescription['status'] {
  if (isPaused(run)) return 'paused'
  const isAwaiting =
    run.status === 'running' &&
    run.active.size > 0 &&
    [...run.active.values()].every(({ wait }) => wait && wait.kind !== 'items')
  return isAwaiting ? 'awaiting' : run.status
}

/** As a caller would get it who stored the engine's result: what the serializer drops is not there. */
function throughSerializer(
  serializer: ISerializer,
  context: Record<string, unknown>,
): Record<string, unknown> {
  if (serializer.constructor === JsonSerializer) {
    // Values came out of JSON already; only what is undefined would be dropped.
    return Object.fromEntries(Object.entries(context).filter(([, value]) => value !== undefined))
  }
  return serializer.deserialize(serializer.serialize(context))
}

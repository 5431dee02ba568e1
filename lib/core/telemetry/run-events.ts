/** What is told of runs on an event bus: each event with an id that is the same each time it is published. */
import type { Prices } from '../common/prices.ts'
import { type RunCost, runCostOf } from '../common/run-cost.ts'
import { beginningOf, printable } from '../common/texts.ts'
import { actionsOf } from '../protocol/resumable.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import {
  type ActivationKey,
  parseActivationKey,
  type RunState,
  type RunStatus,
  timeOf,
} from '../protocol/run-state.ts'
import type { RunEventName } from './names.ts'

/** An event of EventBridge has 1 MB at most; a reason need not be long. */
const TEXT_CHARACTERS = 2_000
/** Nor need a list of nodes. */
const NODES_AT_MOST = 100

/** What the detail of each event has. */
export interface RunEventDetail {
  /** The same each time the same event is published: a consumer that must not act twice remembers it. */
  readonly id: string
  readonly runId: string
  readonly blueprintId: string
  /** ISO 8601. */
  readonly startedAt: string
  /** The run that waits for this one, which is a subflow of it. */
  readonly parentRunId?: string
  /** What the run was started with; absent where there is none. */
  readonly labels?: Readonly<Record<string, string>>
  /** The service whose worker published it, as in logs and metrics: POWERTOOLS_SERVICE_NAME. Absent where that is not set. */
  readonly service?: string
}

/** `detail` of an event with source 'flowcraft' and detail-type 'Flowcraft Run Status Change': a run has ended. */
export interface RunStatusChange extends RunEventDetail {
  readonly status: Exclude<RunStatus, 'running'>
  /** Number of nodes that failed. */
  readonly errors: number
  /** Why the run itself failed, where no node did; the beginning of a long one. */
  readonly reason?: string
  /** ISO 8601. */
  readonly endedAt: string
  /** What it cost; absent where that is not counted. */
  readonly cost?: RunCost
}

/** `detail` of an event with detail-type 'Flowcraft Run Started': the first node of a run is about to be worked on. */
export type RunStarted = RunEventDetail

/** `detail` of an event with detail-type 'Flowcraft Run Waiting': a node waits until `resume` or a webhook gives it an event. */
export interface RunWaiting extends RunEventDetail {
  /** The node that waits, for `resume`. */
  readonly nodeId: string
  /** Counts the rounds of a loop, and what runs again after a redrive. */
  readonly iteration: number
  /** Whether a webhook brings the event. Its URL is a secret, and not told. */
  readonly reason: 'event' | 'webhook'
  /** `eventName` of the node; absent where it has none. */
  readonly eventName?: string
  /** The actions that edges of the node name: one of them decides how the run goes on. Empty where no edge names one. */
  readonly actions: readonly string[]
  /** When the event need not come any more, ISO 8601; absent where the wait has no `timeout`. */
  readonly timeoutAt?: string
}

/** `detail` of an event with detail-type 'Flowcraft Run Redriven': a run that had ended goes on. */
export interface RunRedriven extends RunEventDetail {
  /** How often the run was redriven, this time included. */
  readonly redrives: number
  /** What was asked for: `redrive`, or `skip` of a run that had ended. */
  readonly operation?: 'redrive' | 'skip'
  /** Who asked for it; absent where nobody was named. The beginning of a long text. */
  readonly by?: string
  /** Why, where that was said; the beginning of a long text. */
  readonly reason?: string
  /** Ids of the nodes that run again, or were skipped, the first hundred; absent of a child run, which is redriven with its parent. */
  readonly nodes?: readonly string[]
  /** ISO 8601. */
  readonly redrivenAt?: string
}

/** An event as it is published. */
export type RunEvent =
  | { readonly name: 'ended'; readonly detail: RunStatusChange; readonly at: number }
  | { readonly name: 'started'; readonly detail: RunStarted; readonly at?: undefined }
  | { readonly name: 'waiting'; readonly detail: RunWaiting; readonly at?: undefined }
  | { readonly name: 'redriven'; readonly detail: RunRedriven; readonly at?: undefined }

/** Where events of runs are published. */
export interface RunEventBus {
  /** Others are not told here. */
  readonly chosen: ReadonlySet<RunEventName>
  /** May be called more than once for the same event. @throws FlowcraftAwsError REQUEST_FAILED */
  publish(event: RunEvent): Promise<void>
}

/** Who asked for a redrive, and why, as it was noted. */
export interface NotedRedrive {
  readonly kind: 'redrive' | 'skip'
  readonly at: Date
  readonly by?: string
  readonly reason?: string
  readonly nodes?: readonly string[]
}

export function endedEvent(run: RunState, prices: Prices): RunEvent {
  const { runId, errors, reason, startedAt, endedAt = startedAt } = run
  const status = run.status as RunStatusChange['status']
  const cost = runCostOf(run.cost, prices)
  const detail = {
    ...common(run, ofLife(`${runId}:${status}`, run)),
    status,
    errors,
    ...(reason === undefined ? {} : { reason: shownText(reason) }),
    endedAt: isoOf(endedAt),
    ...(cost ? { cost } : {}),
  }
  return { name: 'ended', detail, at: endedAt }
}

export function startedEvent(run: RunState): RunEvent {
  return { name: 'started', detail: common(run, `${run.runId}:started`) }
}

/** An activation waits for an event once in each life of its run, so both name the wait. */
export function waitingEvent(graph: RunGraph, run: RunState, key: ActivationKey): RunEvent {
  const { node, iteration } = parseActivationKey(key)
  const { id: nodeId, params } = graph.node(node)
  const name: unknown = params?.['eventName']
  const eventName = typeof name === 'string' ? name : undefined
  const at = timeOf(run.active.get(key)?.wait)
  const detail = {
    ...common(run, ofLife(`${run.runId}:waiting:${key}`, run)),
    nodeId,
    iteration,
    reason: eventName?.startsWith('webhook:') ? ('webhook' as const) : ('event' as const),
    ...(eventName === undefined ? {} : { eventName }),
    actions: actionsOf(graph, node),
    ...(at === undefined ? {} : { timeoutAt: isoOf(at) }),
  }
  return { name: 'waiting', detail }
}

/** @param noted - undefined where nobody noted it */
export function redrivenEvent(run: RunState, noted: NotedRedrive | undefined): RunEvent {
  const { runId, redrives = 0 } = run
  const { kind, by, reason, nodes, at } = noted ?? {}
  const detail = {
    ...common(run, `${runId}:redriven:${redrives}`),
    redrives,
    ...(kind === undefined ? {} : { operation: kind }),
    ...(by === undefined ? {} : { by: shownText(by) }),
    ...(reason === undefined ? {} : { reason: shownText(reason) }),
    // Those of the parent are no nodes of a child.
    ...(nodes === undefined || run.parent ? {} : { nodes: nodes.slice(0, NODES_AT_MOST) }),
    ...(at === undefined ? {} : { redrivenAt: at.toISOString() }),
  }
  return { name: 'redriven', detail }
}

/** A run that is redriven ends, and waits, once more. */
function ofLife(id: string, { redrives = 0 }: RunState): string {
  return redrives === 0 ? id : `${id}:${redrives}`
}

function common({ runId, blueprintId, startedAt, parent, labels }: RunState, id: string): RunEventDetail {
  return {
    id,
    runId,
    blueprintId,
    startedAt: isoOf(startedAt),
    ...(parent ? { parentRunId: parent.runId } : {}),
    ...(labels ? { labels } : {}),
  }
}

/** Half of a character might be refused, each time: and what is published after it waits. */
function shownText(text: string): string {
  return printable(beginningOf(text, TEXT_CHARACTERS))
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString()
}

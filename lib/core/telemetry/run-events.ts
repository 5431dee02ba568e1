/** What is told of runs on an event bus: each event with an id that is the same each time it is published. */
import type { Prices } from '../common/prices.ts'
import { runCostOf } from '../common/run-cost.ts'
import { beginningOf, printable } from '../common/texts.ts'
import { actionsOf } from '../protocol/resumable.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import { type ActivationKey, parseActivationKey, type RunState, timeOf } from '../protocol/run-state.ts'
import type { RunEventName } from './names.ts'
import type {
  RunEventDetail,
  RunStatusChange,
  RunStarted,
  RunWaiting,
  RunRedriven,
} from './run-event-details.ts'

/** An event of EventBridge has 1 MB at most; a reason need not be long. */
const TEXT_CHARACTERS = 2_000
/** Nor need a list of nodes. */
const NODES_AT_MOST = 100

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

function common(run: RunState, id: string): RunEventDetail {
  const { runId, blueprintId, startedAt, parent, forkedFrom, labels } = run
  return {
    id,
    runId,
    blueprintId,
    startedAt: isoOf(startedAt),
    ...(parent ? { parentRunId: parent.runId } : {}),
    ...(forkedFrom === undefined ? {} : { forkedFromRunId: forkedFrom }),
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

/**
 * Starts another run in the state of one that has ended, before some of its nodes had run. That one is only read. Nobody sees
 * the new run before its header stands, which is the last write; what is written before is named by its content, or is a
 * hint.
 */
import { contentHash } from '../common/content-hash.ts'
import { FlowcraftAwsError } from '../common/errors.ts'
import { isChildRunId } from '../common/identifiers.ts'
import { keptLabels, type RunLabels } from '../common/labels.ts'
import type { Services } from '../execution/services.ts'
import { planFork } from '../protocol/redrive.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import {
  type ActivationKey,
  isOver,
  nothingScheduled,
  parseActivationKey,
  type RunState,
  START,
} from '../protocol/run-state.ts'
import type { NewRun } from '../store/run-store.ts'
import { sendQueued } from './dispatch.ts'
import { endedAs, nodeOf } from './ended.ts'
import { type Fork, forkValues, type ForkValues, textsOf } from './fork-values.ts'
import { noteFork, readFork } from './operations.ts'
import { LOOK_AFTER_MS } from './hold.ts'
import { checkSet } from './redrive-values.ts'

export type ForkServices = Pick<
  Services,
  'store' | 'values' | 'graphs' | 'queue' | 'emit' | 'now' | 'tracing' | 'costs'
>

export interface ForkRequest {
  /** Of the new run. */
  readonly runId: string
  /** Ids of nodes to go on from, which failed or completed. @default - all that failed; where it was cancelled, what was active */
  readonly nodes?: readonly string[]
  /** Context keys that get other values. @default - none */
  readonly set?: Readonly<Record<string, unknown>>
  /** @default - those of the run that it is a fork of */
  readonly labels?: RunLabels
  /** US dollars. @default - as of the run that it is a fork of, unless that is a child run */
  readonly maxUsd?: number
  readonly by?: string
  readonly reason?: string
}

/** Notes under this prefix name the forks of a run. */
const FORKS = 'fork#'

/**
 * @returns the nodes that run again; the same for the same request
 * @throws FlowcraftAwsError RUN_NOT_FOUND, INVALID_STATE, INVALID_INPUT, RUN_CONFLICT; nothing is changed then
 */
export async function forkRun(
  services: ForkServices,
  sourceId: string,
  request: ForkRequest,
  dryRun: boolean,
): Promise<readonly string[]> {
  checkSet(services, 'fork', request.set)
  const asked = hashOf(services, sourceId, request)
  const there = await services.store.read(request.runId)
  if (there) return goOn(services, there, sourceId, asked, dryRun)
  const source = await endedRun(services, sourceId)
  const { fork, graph, again, values } = await planned(services, source, request)
  if (dryRun) return again
  // Crash after: it is stored for longer.
  if (graph) await services.graphs.keep(graph)
  // The source may be redriven, and the same request mean another state then: only one of them becomes the run.
  const inputHash = `${asked}.${source.seq}`
  const inlineValues = await forkValues(services, fork, values)
  const run: NewRun = { ...fork, inputHash, inlineValues }
  // Crash before the header, after any of these: a note of a run that is not there. Whoever lists the forks passes it over, and
  // a run that gets this id another way has another hash.
  const { by, reason, set = {} } = request
  await noteFork(services, run, { by, reason, nodes: again, keys: Object.keys(set) })
  await services.store.putValue(sourceId, `${FORKS}${run.runId}`, { text: run.runId })
  if (run.labels) await services.store.putLabels(run)
  // Crash after: the same call, or the sweep, sends the jobs.
  const written = await services.store.create(run)
  return goOn(services, written.run, sourceId, asked, false)
}

/** A run that is there: the one that was asked for, whose jobs are sent if nobody did; or another. */
async function goOn(
  services: ForkServices,
  run: RunState,
  sourceId: string,
  asked: string,
  dryRun: boolean,
): Promise<readonly string[]> {
  const { runId, blueprintId } = run
  if (run.forkedFrom !== sourceId || run.inputHash?.split('.')[0] !== asked) {
    const what =
      run.forkedFrom === undefined ? 'a run that is no fork' : `another fork of '${run.forkedFrom}'`
    const message = `cannot fork run '${sourceId}' as '${runId}': ${what} has this id`
    throw new FlowcraftAwsError('RUN_CONFLICT', message, { runId, blueprintId })
  }
  if (!dryRun && !isOver(run)) {
    if (run.graph === undefined) await services.queue.send([{ runId, blueprintId }])
    else {
      const graph = await services.graphs.of(blueprintId, run.graph)
      await sendQueued({ services, graph, run }, START)
    }
  }
  return (await readFork(services, run))?.nodes ?? []
}

interface PlannedFork {
  readonly fork: Fork
  /** Undefined of a run that no worker has begun. */
  readonly graph?: RunGraph
  /** Ids of nodes. */
  readonly again: readonly string[]
  readonly values: ForkValues
}

async function planned(services: ForkServices, source: RunState, request: ForkRequest): Promise<PlannedFork> {
  const { runId, nodes, set = {}, labels, maxUsd } = request
  const now = services.now()
  const texts = await textsOf(services, source)
  const fork = {
    runId,
    blueprintId: source.blueprintId,
    forkedFrom: source.runId,
    labels: keptLabels(labels ?? source.labels),
    ...budgetOf(source, maxUsd),
    trace: services.tracing?.kept(),
    startedAt: now,
    steered: true,
    dueAt: now + LOOK_AFTER_MS,
  } as const
  const values = { source, texts, set, forgotten: new Set<string>() }
  if (source.graph === undefined) {
    if (nodes) throw refused(source, 'no worker has begun it, so that none of its nodes has run')
    return { fork: { ...fork, ...nothingScheduled(), ...nothingDone() }, again: [], values }
  }
  const graph = await services.graphs.of(source.blueprintId, source.graph)
  const from = nodes?.map((id) => nodeOf(graph, source, id))
  const plan = planFork(graph, source, endedAs(texts), from)
  if (typeof plan === 'string') throw refused(source, plan)
  const idOf = (key: ActivationKey) => graph.node(parseActivationKey(key).node).id
  return {
    graph,
    fork: { ...fork, graph: source.graph, ...plan.next },
    again: [...plan.again.keys()].map(idOf),
    values: { ...values, forgotten: new Set(plan.forgotten) },
  }
}

/** What it costs is counted from its own start. What a child run may cost is what its parent had left. */
function budgetOf({ budget, parent }: RunState, maxUsd: number | undefined): Pick<NewRun, 'budget'> {
  if (maxUsd !== undefined) return { budget: { ...budget, maxUsd } }
  return budget && !parent ? { budget } : {}
}

function nothingDone() {
  return { done: 0n, arrivals: new Map(), pending: new Set<number>(), errors: 0, fallback: false }
}

function hashOf(
  { values }: ForkServices,
  sourceId: string,
  { nodes, set = {}, labels, maxUsd }: ForkRequest,
): string {
  const request = JSON.stringify([
    sourceId,
    nodes && [...nodes].toSorted(),
    keptLabels(labels) ?? labels,
    maxUsd,
  ])
  const texts = Object.entries(set).map(([name, value]): [string, string] => [
    `:${name}`,
    values.encode(value, `the value of '${name}'`),
  ])
  return contentHash([['fork', request], ...texts])
}

async function endedRun({ store }: ForkServices, runId: string): Promise<RunState> {
  const run = await store.read(runId)
  if (!run) throw new FlowcraftAwsError('RUN_NOT_FOUND', `there is no run '${runId}'`, { runId })
  if (!isOver(run) && !run.pausedByFailure)
    throw refused(run, 'it has not ended; wait until it has, or cancel it')
  if (isChildRunId(runId) && !run.parent) throw refused(run, 'it was cancelled before it was made')
  return run
}

function refused({ runId }: RunState, why: string): FlowcraftAwsError {
  return new FlowcraftAwsError('INVALID_STATE', `cannot fork run '${runId}': ${why}`, { runId })
}

/**
 * The forks of a run, and runs that have the id of one that came to nothing. A unit for each header of up to 4 KB.
 * @throws FlowcraftAwsError RUN_NOT_FOUND
 */
export async function forksOf({ store }: Pick<Services, 'store'>, runId: string): Promise<RunState[]> {
  const notes = await store.listValues(runId, FORKS)
  if (notes.size === 0 && !(await store.read(runId)))
    throw new FlowcraftAwsError('RUN_NOT_FOUND', `there is no run '${runId}'`, { runId })
  const found = await store.readMany([...notes.keys()].map((key) => key.slice(FORKS.length)))
  return [...found.values()]
}

/**
 * How a run begins. Accepted: its header stands with the input, no graph yet (a client without blueprints). Begun:
 * the header names its graph and its start nodes are queued. Whoever knows the blueprint does both in one write.
 */
import { isDeepStrictEqual } from 'node:util'
import { parsedChildInput, parsedInput } from '../blueprints/input-schema.ts'
import { contentHash } from '../common/content-hash.ts'
import { FlowcraftAwsError, isFlowcraftAwsError, messageOf, requestFailed } from '../common/errors.ts'
import { keptLabels, type RunLabels } from '../common/labels.ts'
import { show } from '../common/thrown.ts'
import { deferToNewerDeployment } from '../execution/disposition.ts'
import { failureOf } from '../execution/execution.ts'
import { type Services } from '../execution/services.ts'
import type { Budget } from '../protocol/budget.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import { isOver, type Parent, type RunState, nothingScheduled } from '../protocol/run-state.ts'
import { firstActivations, firstStartOf } from '../protocol/transition.ts'
import type { FirstState, NewRun } from '../store/run-store.ts'
import { NO_GRAPH, RunReader } from '../values/run-reader.ts'
import { inlineInput } from '../values/value-writer.ts'
import { dueForStart } from './delayed-start.ts'
import { failRun } from './run-end.ts'

type StartServices = Pick<Services, 'store' | 'values' | 'graphs' | 'now' | 'tracing' | 'counter'>

export interface NewRunRequest {
  readonly runId: string
  /** The initial context. */
  readonly input: Record<string, unknown>
  /** Undefined where only a worker knows it. */
  readonly graph?: RunGraph
  /** @default - the graph's */
  readonly blueprintId?: string
  /** Who waits for the run. @default - nobody */
  readonly parent?: Parent
  /** By which the run is found. @default - none */
  readonly labels?: RunLabels
  /** What it may cost. @default - what its blueprint says */
  readonly budget?: Budget
  /** Nobody begins the run before, in milliseconds since the epoch; it has no `graph` then. @default - at once */
  readonly startsAt?: number
}

export interface PutRun {
  readonly created: boolean
  /** What is there. */
  readonly run: RunState
  /** Of the input that was given. */
  readonly inputHash: string | undefined
  /** Those that were given. */
  readonly labels: RunLabels | undefined
}

/**
 * Puts a run unless it is there. Who gives the graph, which must be the registered one, begins the run, and so has its
 * input go through the blueprint's schema before anything is written.
 * Crash before the labels' entries, or between them: those that are there lead to no run, or to one that was started at
 * another time, and whoever lists by them passes them over; time to live removes them. After them, before the header: the
 * same. So a run that is there is found by all its labels, and the same call makes it whole.
 * Crash before the put: the blueprint's version is stored, which the next start finds, and large values of the input
 * remain, which nobody sees and time to live removes.
 * Crash after it: the run stands with its start nodes queued; the same start call, or the sweep, sends their jobs. Of a delayed
 * run: it stands with its time, and the same start call, or the sweep where that is far, has a message begin it then.
 */
export async function putRun(services: StartServices, request: NewRunRequest): Promise<PutRun> {
  const { runId, graph } = request
  // Whoever makes a child run says by its id what it starts with. Of what was given, not of what the schema makes of it:
  // that may differ from call to call, by a default such as the time.
  const inputHash = request.parent ? undefined : hashOf(services.values, request.input)
  const input = await checkedInput(services, request)
  if (graph) await services.graphs.remember(graph.blueprint.id)
  const inlineValues = await inlineInput(services.values, runId, input)
  const first = graph ? firstActivations(graph) : nothingScheduled()
  const labels = keptLabels(request.labels)
  const run: NewRun = {
    runId,
    blueprintId: graph?.blueprint.id ?? (request.blueprintId as string),
    graph: graph?.fingerprint,
    ...first,
    inlineValues,
    inputHash,
    labels,
    parent: request.parent,
    ...(request.budget ? { budget: request.budget } : {}),
    trace: services.tracing?.kept(),
    startedAt: services.now(),
    ...delayed(request.startsAt, services.now()),
    // Who makes a child run pays for that.
    ...(request.parent ? {} : startCost(services, 'start', { labels: Object.keys(labels ?? {}).length })),
  }
  if (run.labels) await services.store.putLabels(run)
  const { created, run: there } = await services.store.create(run)
  if (created && run.cost) services.counter?.committed()
  return { created, run: there, inputHash, labels }
}

/** What was counted until the run stands: with its write, the entries of labels, and the sending of what it begins with. */
function startCost(
  { counter, store }: Pick<Services, 'counter' | 'store'>,
  what: 'start' | 'begin',
  { labels = 0, sends = true }: { readonly labels?: number; readonly sends?: boolean },
): Pick<NewRun, 'cost'> {
  // In memory it makes no requests.
  if (!counter || !store.countedBy) return {}
  return { cost: counter.take(what, { $w: labels, $d: labels, $q: sends ? 100 : 0 }) }
}

/** The run that is there is another than the one that was asked for. @throws FlowcraftAwsError RUN_CONFLICT */
export function refuseOther({ created, run, inputHash, labels }: PutRun, blueprintId: string): void {
  if (created) return
  const { runId } = run
  if (run.blueprintId !== blueprintId) {
    const got = `a run '${runId}' of blueprint '${run.blueprintId}' is there already`
    throw new FlowcraftAwsError('RUN_CONFLICT', `cannot start '${blueprintId}': ${got}`, {
      runId,
      blueprintId,
    })
  }
  // Runs that an older version of this package started say nothing of their input.
  const isOther = run.inputHash !== undefined && run.inputHash !== inputHash
  if (!isOther && isDeepStrictEqual(run.labels, labels)) return
  const what =
    run.forkedFrom !== undefined
      ? `the state of run '${run.forkedFrom}', as its fork`
      : isOther
        ? 'another input'
        : `other labels, ${show(run.labels ?? {})}`
  const message = `cannot start run '${runId}': it was started with ${what}`
  throw new FlowcraftAwsError('RUN_CONFLICT', message, { runId, blueprintId })
}

/** In the write that puts the run, so that the sweep finds one whose client died then. */
function delayed(startsAt: number | undefined, now: number): Pick<NewRun, 'startsAt' | 'dueAt'> {
  return startsAt === undefined ? {} : { startsAt, dueAt: dueForStart(startsAt, now) }
}

/** The input as a blueprint's schema gives it. @throws FlowcraftAwsError INVALID_INPUT */
export async function checkedInput(
  { graphs }: Pick<StartServices, 'graphs'>,
  { graph, input, parent }: Pick<NewRunRequest, 'graph' | 'input' | 'parent'>,
): Promise<Record<string, unknown>> {
  if (!graph) return input
  const { id } = graph.blueprint
  const schema = graphs.schemaOf(id)
  if (!schema) return input
  return parent ? parsedChildInput(schema, id, input) : parsedInput(schema, id, input)
}

/** Of the texts by key, so that neither the order of keys nor where a value is kept makes a difference. */
function hashOf(values: Services['values'], input: Record<string, unknown>): string {
  const texts = Object.entries(input).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, values.encode(value, `input '${name}'`)]],
  )
  return contentHash(texts)
}

/**
 * Begins an accepted run. One of a blueprint that no worker has, or whose input the schema refuses, fails with that as its
 * reason, once the grace is over; one that cannot be begun for another reason of its own fails with it.
 * Crash before the write: the message comes back. After it: the start nodes are queued under the message that asked,
 * which works on the first of them itself; its redelivery sends the others, and goes on where the first is.
 */
export async function beginRun(services: Services, run: RunState): Promise<RunState> {
  let now: RunState
  try {
    const graph = await services.graphs.remember(run.blueprintId)
    const input = await acceptedInput(services, run)
    const own = firstStartOf(graph)
    const works =
      own !== undefined && services.isOwn({ blueprintId: run.blueprintId, nodeId: graph.node(own).id })
    // Its message works on one of the start nodes itself.
    const cost = startCost(services, 'begin', { sends: !works || graph.startNodes.length > 1 })
    const { format } = run
    const first = { ...firstActivations(graph), graph: graph.fingerprint, format, ...input, ...cost }
    const begun = await services.store.begin(run.runId, first)
    if (begun.committed) services.counter?.committed()
    now = begun.run ?? run
  } catch (error) {
    const reason = messageOf(failureOf(error))
    if (dependsOnDeployment(error)) deferToNewerDeployment(services, run, reason)
    return (await failRun(services, run, reason)) ?? run
  }
  if (now.graph === undefined && !isOver(now)) {
    throw requestFailed(`beginning run '${run.runId}'`, new Error('its header did not change'))
  }
  return now
}

/** Whether a newer worker may see it otherwise: it may have the blueprint, or another schema. */
export function dependsOnDeployment(error: unknown): boolean {
  return isFlowcraftAwsError(error, 'UNKNOWN_BLUEPRINT') || isFlowcraftAwsError(error, 'INVALID_INPUT')
}

/**
 * The input of an accepted run as the schema gives it; nothing where there is none. Two workers may both begin the run:
 * what they write is named by its content, and one of them is the first.
 */
async function acceptedInput(
  { store, values, graphs }: Services,
  run: RunState,
): Promise<Pick<FirstState, 'inlineValues'>> {
  const schema = graphs.schemaOf(run.blueprintId)
  if (!schema) return {}
  const given = await new RunReader({ graph: NO_GRAPH, run, store, values }).all()
  const input = await parsedInput(schema, run.blueprintId, given)
  return { inlineValues: await inlineInput(values, run.runId, input) }
}

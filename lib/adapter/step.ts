/**
 * One activation: execute (or wake), flush, commit, send. Only the commit decides; see each write for what a crash
 * before and after it leaves.
 */
import { FlowcraftError } from 'flowcraft'
import { boundsOf } from './bounds.ts'
import type { Change } from './change.ts'
import { contextConflictsOf, Overwrites } from './context-conflicts.ts'
import { ActivationContext, type Write } from './context/activation-context.ts'
import { RunReader } from './context/run-reader.ts'
import { FlowcraftAwsError, isFlowcraftAwsError, messageOf, requestFailed } from './errors.ts'
import { type Execution, executeNode, failed, failedForGood, failureOf } from './execute.ts'
import type { RunGraph } from './graph.ts'
import { emitBatchStart } from './items/batch-events.ts'
import { scatter } from './items/scatter.ts'
import { gatherItems } from './items/wake-items.ts'
import { sendJobs } from './outgoing.ts'
import { LONGEST_DELAY_MS, sendTimer } from './queue/job.ts'
import { takesEvents } from './resumable.ts'
import {
  type ActivationKey,
  type ActiveEntry,
  isOver,
  parseActivationKey,
  type RunState,
  sameEntry,
} from './run-state.ts'
import { DEATHS_AT_MOST, leaveToNewerWorker, type Services, type Strand } from './services.ts'
import { makeRoom, spill } from './spill.ts'
import { propertyOf } from './thrown.ts'
import { type CoreChange, decide } from './transition.ts'
import { stamped } from './values/bundle.ts'
import { flush, type Flushed } from './values/flush.ts'
import { keptInputs } from './values/kept-inputs.ts'
import { wake } from './wake.ts'

/** A strand goes on inline while at least this much time remains, or as much again as its last node took. */
const RESERVE_MS = 5_000
/**
 * What an activation writes is named by its attempt: the number of leases on the strand that it was worked on in. It
 * may be worked on in two, the one that carried it on and its own, and again after it was parked: these keep them apart.
 */
const ATTEMPTS_OF_OWN = 500_000
const ATTEMPTS_BETWEEN_PARKS = 1_000_000

/** A node is run again so often in one invocation since others changed what it had read. */
const RERUNS_AT_MOST = 50

/** A commit that is refused so often though nobody got on asks for what cannot be: its header fits into no item. */
const REFUSALS_WITHOUT_CHANGE = 20
/** A commit that is refused so often comes back with its message; each refusal means that another got on. */
const REFUSALS_AT_MOST = 200

export type StepResult =
  /** Committed by this call, and what it queued was sent; `run` is the state after it. */
  | { readonly kind: 'committed'; readonly run: RunState; readonly parked: boolean }
  /** The activation was gone or parked when the commit arrived: this call's lost answer, or a successor's commit. */
  | { readonly kind: 'overtaken'; readonly run: RunState | undefined }
  /** Others changed what the node has read, time and again; it is for a later message. */
  | { readonly kind: 'contended' }
  /** The activation waits, and what it waits for is not there; whatever brings it, or the queue, sends its job. */
  | { readonly kind: 'asleep' }

/** The activation that a step is about. */
interface Activation {
  readonly services: Services
  readonly graph: RunGraph
  readonly run: RunState
  readonly key: ActivationKey
  readonly entry: ActiveEntry
  readonly strand: Strand
  readonly reader: RunReader
  readonly context: ActivationContext
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** How often its node was run again since others changed what it had read (`contextConflicts: 'retry'`). */
  readonly reruns: number
}

/** Others changed what the node has read, and it is to run again on this state. */
interface Conflict {
  readonly kind: 'conflict'
  readonly run: RunState
}

export async function step(
  services: Services,
  graph: RunGraph,
  seen: RunState,
  key: ActivationKey,
  strand: Strand,
): Promise<StepResult> {
  let run = seen
  for (let reruns = 0; reruns <= RERUNS_AT_MOST; reruns++) {
    const startedAt = services.now()
    const result = await stepOnce(services, graph, run, key, strand, reruns)
    if (result.kind !== 'conflict') return result
    if (!hasTime(services, strand, services.now() - startedAt)) break
    run = result.run
  }
  return { kind: 'contended' }
}

/** Whether the invocation has time for one more node such as the last one. */
function hasTime({ now }: Services, { invocation }: Strand, took: number): boolean {
  return invocation.deadline() - now() > Math.max(RESERVE_MS, 2 * took)
}

async function stepOnce(
  services: Services,
  graph: RunGraph,
  run: RunState,
  key: ActivationKey,
  strand: Strand,
  reruns: number,
): Promise<StepResult | Conflict> {
  const activation = activationOf(services, graph, run, key, strand, reruns)
  const execution = await perform(activation).catch((error: unknown) => failed(failureOf(error)))
  // A node that heeds its signal ends because of it, which is no failure of its own.
  if (strand.signal.aborted) return { kind: 'overtaken', run: await services.store.read(run.runId) }
  if (!execution) return { kind: 'asleep' }
  try {
    // Crash before or after: versions under this attempt, which no commit will ever name. The node runs again.
    const { flushed, settled } = await settle(activation, execution)
    return await commitUntilDecided(activation, settled, flushed)
  } catch (error) {
    // What it leaves cannot be stored, or what follows cannot be decided. Where its commit was made all the same, this
    // one finds that the activation has ended.
    return endAsFailed(activation, failureOf(error), Leaving.uncommitted)
  }
}

/** Ends an activation as failed, by an error that came of no execution of its own. */
export async function failStep(
  services: Services,
  graph: RunGraph,
  run: RunState,
  key: ActivationKey,
  strand: Strand,
  error: Error,
): Promise<StepResult> {
  return endAsFailed(activationOf(services, graph, run, key, strand, 0), error, Leaving.givenUp)
}

function activationOf(
  services: Services,
  graph: RunGraph,
  run: RunState,
  key: ActivationKey,
  strand: Strand,
  reruns: number,
): Activation {
  const { store, values } = services
  const entry = run.active.get(key) as ActiveEntry
  const reader = new RunReader({ graph, run, store, values })
  const input = { key: `_inputs.${graph.node(parseActivationKey(key).node).id}`, source: entry.source }
  const context = new ActivationContext(reader, input)
  return { services, graph, run, key, entry, strand, reader, context, startedAt: services.now(), reruns }
}

/** How the activation ended or parked; undefined where it is parked and goes on waiting. */
async function perform(activation: Activation): Promise<Execution | undefined> {
  const { services, graph, run, key, entry, reader, context, strand } = activation
  // Also of one that waits: gathering what it waited for may be what kills its workers.
  if (strand.deaths >= DEATHS_AT_MOST) return failed(new FlowcraftAwsError('NODE_KILLED', deaths(activation)))
  if (!entry.wait) return execute(activation, 0)
  const { due } = strand
  const awakening = await wake({ services, graph, run, key, wait: entry.wait, reader, context, due })
  if (awakening.kind === 'execute') return execute(activation, awakening.tries)
  if (awakening.kind === 'ended') {
    if (takesEvents(entry.wait)) await emitResume(services, run)
    return awakening.execution
  }
  if (awakening.at !== undefined) await sendLater(activation, awakening.at)
  return undefined
}

/** Told before the commit, so that a crash after it leaves nothing untold; one before it tells it again. */
async function emitResume(services: Services, { blueprintId, runId: executionId }: RunState): Promise<void> {
  await services.emit({ type: 'workflow:resume', payload: { blueprintId, executionId } })
}

/**
 * The timer of an activation is a delayed job; one that the queue cannot hold so long is the sweep's to send. Where the
 * sweep was not told of it, since the clock of the worker that parked it is ahead of this one's, the job comes back on
 * the way.
 */
async function sendLater({ services, graph, run, key, strand }: Activation, at: number): Promise<void> {
  if (at - services.now() > LONGEST_DELAY_MS && run.dueAt !== undefined) return
  const { node, iteration } = parseActivationKey(key)
  const { runId, blueprintId } = run
  const job = { runId, blueprintId, nodeId: graph.node(node).id, iteration }
  await sendTimer(services, job, { at, trusted: strand.parkedNow ?? false })
}

async function execute(activation: Activation, tries: number): Promise<Execution> {
  const { services, graph, run, key, strand, context } = activation
  const { runtime, graphs, now } = services
  const { node } = parseActivationKey(key)
  const { id, uses } = graph.node(node)
  const why = `which this deployment does not have (the run goes by graph ${graph.fingerprint})`
  const lacks = `node '${id}' uses '${uses}', ${why}`
  let implementation = graphs.implementation(uses, runtime.registry)
  if (!implementation) {
    leaveToNewerWorker(services, run, lacks)
    implementation = graphs.successor(graph, node, runtime.registry)
  }
  if (implementation) {
    const { signal } = strand
    const gather = (id: string) => context.guard(() => gatherItems(services, graph, run, id))
    const options = { runtime, graph, run, node, implementation, context, signal, tries, now, gather }
    const execution = await executeNode({ ...options, nodeTimeoutMs: services.nodeTimeoutMs })
    const { error } = execution
    const lacksChild =
      uses === 'subflow' && isFlowcraftAwsError(propertyOf(error, 'cause'), 'UNKNOWN_BLUEPRINT')
    if (error && lacksChild) leaveToNewerWorker(services, run, messageOf(error))
    return execution
  }
  return failed(new FlowcraftAwsError('INVALID_BLUEPRINT', lacks))
}

function deaths({ graph, key, strand }: Activation): string {
  const { id } = graph.node(parseActivationKey(key).node)
  return `${strand.deaths} workers died or ran out of time while they executed node '${id}' or one before it in its strand`
}

/** Names what an execution writes: no other execution of the activation may have the same. */
function attemptOf({ key, entry, strand, reruns }: Activation): string {
  const others = strand.origin === key ? 0 : ATTEMPTS_OF_OWN
  const attempt = strand.attempt + others + ATTEMPTS_BETWEEN_PARKS * (entry.parks ?? 0)
  return reruns === 0 ? `${attempt}` : `${attempt}.${reruns}`
}

/** What the commit puts into the header. A value that cannot be stored is the node's failure, with that as its cause. */
async function settle(
  activation: Activation,
  execution: Execution,
): Promise<{ flushed: Flushed; settled: Execution }> {
  try {
    return { flushed: await leave(activation, execution), settled: execution }
  } catch (error) {
    const settled = failed(together(execution.error, failureOf(error)))
    return { flushed: await leave(activation, settled, Leaving.unstorable), settled }
  }
}

function together(error: Error | undefined, unstorable: Error): Error {
  if (!error) return unstorable
  return new AggregateError([error, unstorable], `${messageOf(error)}; and ${messageOf(unstorable)}`)
}

/**
 * Ends an activation as failed that did not end as it was to. Crash before the commit: it runs again, as after any.
 * The commit before this one may have been made, and what it points to must not change: so this looks first.
 */
async function endAsFailed(activation: Activation, error: Error, leaving: Leaving): Promise<StepResult> {
  const { services, graph, key, entry, strand, reruns } = activation
  const run = await services.store.read(activation.run.runId)
  const now = run?.active.get(key)
  if (!run || !now || !sameEntry(now, entry)) return { kind: 'overtaken', run }
  const execution = failed(error)
  // It writes no keys, so nobody's are overwritten.
  const failing = activationOf(services, graph, run, key, strand, reruns)
  const result = await commitUntilDecided(failing, execution, await leave(failing, execution, leaving))
  return result.kind === 'conflict' ? { kind: 'overtaken', run: result.run } : result
}

/**
 * What an activation leaves. Each time that one attempt leaves something it does so under names of its own, since a
 * write whose answer was lost may still arrive.
 */
const Leaving = { all: undefined, unstorable: 0, uncommitted: 1, givenUp: 2 } as const
type Leaving = (typeof Leaving)[keyof typeof Leaving]

/** Of a failure its error only: what else the node left may be what cannot be stored. */
async function leave(
  activation: Activation,
  execution: Execution,
  leaving: Leaving = Leaving.all,
): Promise<Flushed> {
  const { services, graph, run, key, reader } = activation
  // Reruns count from 1, so 0 is no rerun's.
  const attempt = leaving === undefined ? attemptOf(activation) : `${attemptOf(activation)}.0.${leaving}`
  const { items } = execution
  const batch = items && (await scatter(services, run, key, attempt, items))
  if (batch) await emitBatchStart(services, graph, run, batch, 0)
  const writes: ReadonlyMap<unknown, Write> = leaving === undefined ? activation.context.writes : new Map()
  const kept =
    leaving === undefined
      ? await keptInputs(reader, graph, parseActivationKey(key).node, execution)
      : undefined
  const request = { graph, runId: run.runId, key, attempt, now: services.now() }
  return flush(services.values, { ...request, execution, batch: batch ?? execution.batch, kept, writes })
}

async function commitUntilDecided(
  activation: Activation,
  execution: Execution,
  flushed: Flushed,
): Promise<StepResult | Conflict> {
  const { services, graph, key, entry, strand, startedAt } = activation
  const took = services.now() - startedAt
  const { node } = parseActivationKey(key)
  const mode = contextConflictsOf(graph, node, services.contextConflicts)
  const overwrites = await Overwrites.of(activation.reader, activation.context, mode)
  const overwritten = new Set<string>()
  let { run } = activation
  let unchanged = 0
  for (let refusals = 0; refusals < REFUSALS_AT_MOST; refusals++) {
    run = await makeRoom(services.store, run, flushed.riders)
    const now = run.active.get(key)
    if (isOver(run) || !now || !sameEntry(now, entry)) return { kind: 'overtaken', run }
    const conflicts = await overwrites.check(run)
    if (conflicts.keys.length > 0) {
      if (mode === 'retry') return { kind: 'conflict', run }
      if (mode === 'fail') return failByConflict(activation, run, conflicts.keys)
      for (const key of conflicts.keys) overwritten.add(key)
    }
    const change = decide(graph, run, key, execution.outcome, {
      inline: (node) =>
        // What many workers die with is given up by the strand's count, which must not be that of many nodes.
        strand.lost === 0 &&
        (strand.invocation.goesOn?.() ?? true) &&
        hasTime(services, strand, took) &&
        services.isOwn({ blueprintId: run.blueprintId, nodeId: graph.node(node).id }),
      strand: strand.origin,
      now: services.now(),
      bounds: boundsOf(graph.blueprint, services.maxActivations),
      outbox: services.tells ? 'tell' : run.parent ? 'end' : undefined,
    })
    // Crash before: the activation is still active and runs again after the lease. Crash after: it has ended for
    // ever, its followers stand in the header under this strand, and the redelivery carries on or sends their jobs.
    const result = await commit(
      services,
      run,
      { ...change, require: [...change.require, ...conflicts.require] },
      flushed,
    )
    if (result.committed) {
      warnOfConflicts(activation, overwritten)
      return finish(activation, result.run, change, execution)
    }
    if (!result.run) return { kind: 'overtaken', run: undefined }
    unchanged = result.run.seq === run.seq ? unchanged + 1 : 0
    if (unchanged >= REFUSALS_WITHOUT_CHANGE) {
      const why = `what node '${graph.node(parseActivationKey(key).node).id}' leaves does not fit into the state of its run`
      throw new FlowcraftAwsError('REQUEST_REFUSED', why)
    }
    run = result.run
  }
  const why = new Error(`it was refused ${REFUSALS_AT_MOST} times, since others got on with the run`)
  throw requestFailed(`the commit of ${key} of run '${run.runId}'`, why)
}

function warnOfConflicts({ services, graph, run, key }: Activation, keys: ReadonlySet<string>): void {
  const { id: nodeId } = graph.node(parseActivationKey(key).node)
  for (const contextKey of keys) {
    const meta = { runId: run.runId, nodeId, key: contextKey }
    services.logger.warn('a node overwrote a context key that another had changed since it was read', meta)
  }
}

/** The failure is written under a name of its own: what the execution wrote is there already. */
async function failByConflict(
  activation: Activation,
  run: RunState,
  keys: readonly string[],
): Promise<StepResult | Conflict> {
  const { graph, key, reader } = activation
  const { node } = parseActivationKey(key)
  const listed = keys.map((contextKey) => `'${contextKey}'`).join(', ')
  const what = `node '${graph.node(node).id}' would overwrite context key ${listed}`
  const why = `${what}, which another node has changed since it was read`
  const failure = failedForGood(graph, node, new FlowcraftAwsError('CONTEXT_CONFLICT', why))
  const context = new ActivationContext(reader)
  const failing = { ...activation, run, context, reruns: activation.reruns + 1 }
  const { flushed, settled } = await settle(failing, failure)
  return commitUntilDecided(failing, settled, flushed)
}

async function commit(services: Services, run: RunState, change: CoreChange, { riders, bundled }: Flushed) {
  const moved = await spill(services.store, run, change, riders)
  const require = [...change.require]
  for (const [name, text] of moved) require.push({ kind: 'riderAsSeen', name, text })
  const whole: Change = { ...change, riders, spilled: [...moved.keys()], require }
  if (bundled.size === 0) return services.store.commit(run.runId, whole, run)
  // Readers tell by its number whether a bundle or a page is newer, and the header must lose what it has of the keys.
  require.push({ kind: 'unchanged', seq: run.seq })
  const bundling = { ...whole, riders: stamped(riders, run.seq + 1), bundled }
  return services.store.commit(run.runId, bundling, run)
}

async function finish(
  { services, graph, key, startedAt }: Activation,
  run: RunState,
  change: CoreChange,
  { outcome, error }: Execution,
): Promise<StepResult> {
  const { runId, blueprintId } = run
  const { node, iteration } = parseActivationKey(key)
  const nodeId = graph.node(node).id
  const { telemetry } = services
  const duration = services.now() - startedAt
  const verb = outcome.kind === 'parked' ? 'node waits' : 'node ended'
  const meta = { runId, nodeId, iteration, outcome: outcome.kind, ms: duration }
  services.logger.info(verb, error ? { ...meta, error: messageOf(error) } : meta)
  if (run.seq === 1) telemetry.runStarted()
  if (outcome.kind !== 'parked') telemetry.nodeEnded(outcome.kind !== 'failed', duration)
  if (change.final) telemetry.runEnded(change.final.status)
  const queued = [...change.schedule].filter(([, { inline }]) => !inline).map(([activation]) => activation)
  // Crash before or during: those not sent are queued under this strand; its message's redelivery sends them.
  await sendJobs(services, graph, run, queued)
  const success = outcome.kind !== 'failed'
  if (success) {
    await services.emit({ type: 'job:processed', payload: { runId, blueprintId, nodeId, duration, success } })
  } else {
    const why =
      error instanceof FlowcraftError ? error : new FlowcraftError(messageOf(error), { cause: error, nodeId })
    await services.emit({ type: 'job:failed', payload: { runId, blueprintId, nodeId, error: why } })
  }
  return { kind: 'committed', run, parked: outcome.kind === 'parked' }
}

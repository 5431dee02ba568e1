/**
 * The commit of a step, decided anew on each state that refuses it, and what is sent after it. It alone decides; see each
 * write for what a crash before and after it leaves.
 */
import { FlowcraftError } from 'flowcraft'
import { FlowcraftAwsError, messageOf, requestFailed } from '../common/errors.ts'
import { ActivationContext } from '../execution/activation-context.ts'
import { type Execution, failedForGood } from '../execution/execution.ts'
import { at } from '../execution/opened-run.ts'
import { Overwrites } from '../execution/overwrites.ts'
import type { Services } from '../execution/services.ts'
import { boundsOf } from '../protocol/bounds.ts'
import type { Change } from '../protocol/change.ts'
import { contextConflictsOf } from '../protocol/context-conflicts.ts'
import { onFailureOf } from '../protocol/on-failure.ts'
import { isOver, parseActivationKey, type RunState, sameEntry } from '../protocol/run-state.ts'
import { type CoreChange, decide } from '../protocol/transition.ts'
import { countEnd } from '../run/run-end.ts'
import { withinBudget } from '../run/budget.ts'
import { sendJobs } from '../run/dispatch.ts'
import { outboxOf } from '../run/publish.ts'
import { stamped } from '../values/bundle.ts'
import type { Flushed } from '../values/value-writer.ts'
import { type Activation, type Conflict, hasTime, type StepResult } from './activation.ts'
import { costOf } from './commit-cost.ts'
import { noteCommit } from './note.ts'
import { offloadUntilItFits, offload } from './offload.ts'
import { settle } from './settle.ts'

/** A commit that is refused so often though nobody got on asks for what cannot be: its header fits into no item. */
const REFUSALS_WITHOUT_CHANGE = 20
/** A commit that is refused so often comes back with its message; each refusal means that another got on. */
const REFUSALS_AT_MOST = 200

export async function commitUntilDecided(
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
    run = await offloadUntilItFits(services.store, run, flushed.inlineValues)
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
        (strand.invocation.canContinue?.() ?? true) &&
        hasTime(services, strand, took) &&
        services.isOwn({ blueprintId: run.blueprintId, nodeId: graph.node(node).id }),
      strand: strand.key,
      now: services.now(),
      bounds: boundsOf(graph.blueprint, services.maxActivations),
      pausesFailed: !run.parent && onFailureOf(graph.blueprint, services.onFailure) === 'pause',
      outbox: outboxOf(services, run),
    })
    // Crash before: the activation is still active and runs again after the lease. Crash after: it has ended for
    // ever, its followers stand in the header under this strand, and the redelivery carries on or sends their jobs.
    const cost = costOf(activation, run, change, execution.spent)
    const require = [...change.require, ...conflicts.require]
    const result = await commit(activation, run, { ...change, require, cost }, flushed)
    if (result.committed) {
      services.counter?.committed()
      warnOfConflicts(activation, overwritten)
      noteCommit(activation, result.run, execution)
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

async function commit(
  { services, graph }: Pick<Activation, 'services' | 'graph'>,
  run: RunState,
  change: CoreChange & Pick<Change, 'cost'>,
  { inlineValues, bundled }: Flushed,
) {
  const { texts, pack } = await offload(services.store, graph, run, change, inlineValues)
  const require = [...change.require]
  for (const [name, text] of texts) require.push({ kind: 'inlineValueAsSeen', name, text })
  // Whoever has read the packs that a header counts must not miss one that came later.
  if (pack !== undefined) require.push({ kind: 'packs', is: pack - 1 })
  const whole: Change = { ...change, inlineValues, offloaded: [...texts.keys()], pack, require }
  // Readers tell by its number whether a bundle or what was moved out is newer, and the header must lose what it has of the keys.
  if (bundled.size > 0) require.push({ kind: 'unchanged', seq: run.seq })
  const bundling =
    bundled.size > 0 ? { ...whole, inlineValues: stamped(inlineValues, run.seq + 1), bundled } : whole
  const result = await services.store.commit(run.runId, bundling, run)
  if (result.committed && pack !== undefined) services.values.packs?.add(run.runId, pack, texts, run.seq)
  return result
}

/** Ended, or paused in place of its end as failed. */
function ended(services: Services, run: RunState): void {
  const { runId, blueprintId } = run
  if (isOver(run)) return countEnd(services, run)
  services.telemetry.runPaused()
  services.logger.error('a run is paused since nodes of it failed', { runId, blueprintId })
}

async function finish(
  activation: Activation,
  run: RunState,
  change: CoreChange,
  { outcome, error }: Execution,
): Promise<StepResult> {
  const { services, graph, key, startedAt } = activation
  const { runId, blueprintId } = run
  const { node, iteration } = parseActivationKey(key)
  const nodeId = graph.node(node).id
  const { telemetry } = services
  const duration = services.now() - startedAt
  const verb = outcome.kind === 'suspended' ? 'node waits' : 'node ended'
  const meta = { runId, nodeId, iteration, outcome: outcome.kind, ms: duration }
  // Metrics count those that went well, and whoever feeds the worker messages says which runs they were of.
  if (error) services.logger.info(verb, { ...meta, error: messageOf(error) })
  else services.logger[telemetry.isOn ? 'debug' : 'info'](verb, meta)
  if (run.seq === 1) telemetry.runStarted()
  if (outcome.kind !== 'suspended') telemetry.nodeEnded(outcome.kind !== 'failed', duration)
  if (change.final) ended(services, run)
  const queued = [...change.schedule].flatMap(([next, { inline }]) => (inline ? [] : [next]))
  const kept = await withinBudget(at(activation, run))
  // Crash before or during: those not sent are queued under this strand; its message's redelivery sends them.
  if (kept === run) await sendJobs(at(activation, run), queued)
  const success = outcome.kind !== 'failed'
  if (success) {
    await services.emit({ type: 'job:processed', payload: { runId, blueprintId, nodeId, duration, success } })
  } else {
    const why =
      error instanceof FlowcraftError ? error : new FlowcraftError(messageOf(error), { cause: error, nodeId })
    await services.emit({ type: 'job:failed', payload: { runId, blueprintId, nodeId, error: why } })
  }
  return { kind: 'committed', run: kept, suspended: outcome.kind === 'suspended' }
}

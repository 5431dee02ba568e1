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
import { composed } from '../protocol/composed.ts'
import { type CoreChange, decide, type TransitionOptions } from '../protocol/transition.ts'
import { countEnd } from '../run/run-end.ts'
import { withinBudget } from '../run/budget.ts'
import { sendJobs } from '../run/dispatch.ts'
import { outboxOf } from '../run/publish.ts'
import { stamped } from '../values/bundle.ts'
import type { Flushed } from '../values/value-writer.ts'
import {
  type Activation,
  type Ahead,
  type Conflict,
  hasTime,
  type PutOff,
  type StepResult,
} from './activation.ts'
import { putOff, replayed, valuesOf } from './ahead.ts'
import { costOf } from './commit-cost.ts'
import { noteCommit } from './note.ts'
import { offloadUntilItFits, offload } from './offload.ts'
import { settle } from './settle.ts'

/** A commit that is refused so often though nobody got on asks for what cannot be: its header fits into no item. */
const REFUSALS_WITHOUT_CHANGE = 20
/** A commit that is refused so often comes back with its message; each refusal means that another got on. */
const REFUSALS_AT_MOST = 200

/** `mayPutOff`: whether its end may be put off, where the node has no checkpoint. */
export async function commitUntilDecided(
  activation: Activation,
  execution: Execution,
  flushed: Flushed,
  mayPutOff = true,
): Promise<StepResult | Conflict> {
  const { services, graph, key } = activation
  const took = services.now() - activation.startedAt
  const { node } = parseActivationKey(key)
  const mode = contextConflictsOf(graph, node, services.contextConflicts)
  const overwrites = await Overwrites.of(activation.reader, activation.context, mode)
  const overwritten = new Set<string>()
  let { run, ahead } = activation
  let { base } = ahead
  let unchanged = 0
  for (let refusals = 0; refusals < REFUSALS_AT_MOST; refusals++) {
    base = await offloadUntilItFits(services.store, base, valuesOf(ahead.nodes, flushed).inlineValues)
    const first = ahead.nodes[0]?.activation ?? activation
    const now = base.active.get(first.key)
    if (isOver(base) || !now || !sameEntry(now, first.entry)) return { kind: 'overtaken', run: base }
    const options = optionsOf(activation, base, took)
    if (base !== ahead.base) {
      const again = await replayed(ahead, base, key, options)
      if (again.kind === 'other') return commitPart(ahead, base, again)
      run = again.run
      ahead = { base, nodes: again.nodes }
    }
    const conflicts = await overwrites.check(run)
    if (conflicts.keys.length > 0) {
      if (mode === 'retry') return { kind: 'conflict', run, ahead }
      if (mode === 'fail') return failByConflict({ ...activation, run, ahead }, conflicts.keys)
      for (const key of conflicts.keys) overwritten.add(key)
    }
    const own = decide(graph, run, key, execution.outcome, options)
    const ended = { execution, flushed, overwrites, overwritten }
    const decided = { ...ahead, run, change: own, conflicts: conflicts.require, mode }
    const further = mayPutOff && (await putOff(activation, ended, decided))
    if (further) return { kind: 'putOff', ...further }
    if (own.final?.givenUp && ahead.nodes.length > 0) {
      // What is active then is taken up by a redrive: this one, and not what has ended before it.
      const before = await commitAhead(ahead)
      if (before?.kind !== 'committed')
        return { kind: 'overtaken', run: await services.store.read(run.runId) }
      base = run = before.run
      ahead = { base, nodes: [] }
      continue
    }
    const require = [...own.require, ...conflicts.require]
    const whole = composed(
      ahead.nodes.map(({ change }) => change),
      { ...own, require },
    )
    // Crash before: the activation is still active and runs again after the lease. Crash after: it has ended for
    // ever, its followers stand in the header under this strand, and the redelivery carries on or sends their jobs.
    const cost = costOf({ services, key: first.key, entry: first.entry }, base, own, execution.spent)
    const result = await commit(activation, base, { ...whole, cost }, valuesOf(ahead.nodes, flushed))
    if (result.committed) {
      services.counter?.committed()
      const last = { activation, execution, overwritten, endedAt: services.now() }
      return finish([...ahead.nodes, last], result.run, whole)
    }
    if (!result.run) return { kind: 'overtaken', run: undefined }
    unchanged = result.run.seq === base.seq ? unchanged + 1 : 0
    if (unchanged >= REFUSALS_WITHOUT_CHANGE) {
      const why = `what node '${graph.node(parseActivationKey(key).node).id}' leaves does not fit into the state of its run`
      throw new FlowcraftAwsError('REQUEST_REFUSED', why)
    }
    base = result.run
  }
  const why = new Error(`it was refused ${REFUSALS_AT_MOST} times, since others got on with the run`)
  throw requestFailed(`the commit of ${key} of run '${run.runId}'`, why)
}

function optionsOf({ services, graph, strand }: Activation, run: RunState, took: number): TransitionOptions {
  return {
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
  }
}

/** Ends what was put off, and nothing else; undefined where nothing was. Crash before or after: as at any commit. */
export async function commitAhead({ base, nodes }: Ahead): Promise<StepResult | Conflict | undefined> {
  const last = nodes.at(-1)
  if (!last) return undefined
  const activation = { ...last.activation, ahead: { base, nodes: nodes.slice(0, -1) } }
  return commitUntilDecided(activation, last.execution, last.flushed, false)
}

/** Of what was put off, what is as it was, and the one that leads elsewhere now. What ran behind it is given up. */
async function commitPart(
  { nodes }: Ahead,
  base: RunState,
  { nodes: same, run, at }: { nodes: readonly PutOff[]; run: RunState; at: number },
): Promise<StepResult | Conflict> {
  const { activation, execution, flushed } = nodes[at] as PutOff
  const here = { ...activation, run, ahead: { base, nodes: same } }
  return commitUntilDecided(here, execution, flushed, false)
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
  keys: readonly string[],
): Promise<StepResult | Conflict> {
  const { graph, key, reader } = activation
  const { node } = parseActivationKey(key)
  const listed = keys.map((contextKey) => `'${contextKey}'`).join(', ')
  const what = `node '${graph.node(node).id}' would overwrite context key ${listed}`
  const why = `${what}, which another node has changed since it was read`
  const failure = failedForGood(graph, node, new FlowcraftAwsError('CONTEXT_CONFLICT', why))
  const context = new ActivationContext(reader)
  const failing = { ...activation, context, reruns: activation.reruns + 1 }
  const { flushed, settled } = await settle(failing, failure)
  return commitUntilDecided(failing, settled, flushed)
}

async function commit(
  { services, graph }: Pick<Activation, 'services' | 'graph'>,
  run: RunState,
  change: CoreChange & Pick<Change, 'cost'>,
  { inlineValues, bundled }: Flushed,
) {
  const { texts, pack, settled } = await offload(services.store, graph, run, change, inlineValues)
  const require = [...change.require]
  for (const [name, text] of texts) {
    if (!settled?.has(name)) require.push({ kind: 'inlineValueAsSeen', name, text })
  }
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
function tellRunEnd(services: Services, run: RunState): void {
  const { runId, blueprintId } = run
  if (isOver(run)) return countEnd(services, run)
  services.telemetry.runPaused()
  services.logger.error('a run is paused since nodes of it failed', { runId, blueprintId })
}

/** `ended`: what the commit ended, in order. The last is what the change was decided for. */
async function finish(ended: readonly Ended[], run: RunState, change: CoreChange): Promise<StepResult> {
  const last = ended.at(-1) as Ended
  const { services } = last.activation
  for (const one of ended) {
    warnOfConflicts(one.activation, one.overwritten)
    noteCommit(one.activation, run, one)
    tellEnd(one)
  }
  if (run.seq === 1) services.telemetry.runStarted()
  if (change.final) tellRunEnd(services, run)
  // One that waits, behind nodes whose end was put off, is looked at next, by this strand.
  const queued = [...change.schedule].flatMap(([next, { inline, wait }]) => (inline || wait ? [] : [next]))
  const kept = await withinBudget(at(last.activation, run))
  // Crash before or during: those not sent are queued under this strand; its message's redelivery sends them.
  if (kept === run) await sendJobs(at(last.activation, run), queued)
  for (const one of ended) await emitEnd(one)
  return { kind: 'committed', run: kept, suspended: last.execution.outcome.kind === 'suspended' }
}

type Ended = Pick<PutOff, 'activation' | 'execution' | 'overwritten' | 'endedAt'>

function tellEnd({ activation, execution, endedAt }: Ended): void {
  const { services, graph, run, key, startedAt } = activation
  const { outcome, error } = execution
  const { telemetry } = services
  const { node, iteration } = parseActivationKey(key)
  const ms = endedAt - startedAt
  const verb = outcome.kind === 'suspended' ? 'node waits' : 'node ended'
  const meta = { runId: run.runId, nodeId: graph.node(node).id, iteration, outcome: outcome.kind, ms }
  // Metrics count those that went well, and whoever feeds the worker messages says which runs they were of.
  if (error) services.logger.info(verb, { ...meta, error: messageOf(error) })
  else services.logger[telemetry.isOn ? 'debug' : 'info'](verb, meta)
  if (outcome.kind !== 'suspended') telemetry.nodeEnded(outcome.kind !== 'failed', ms)
}

async function emitEnd({ activation, execution, endedAt }: Ended): Promise<void> {
  const { services, graph, run, key, startedAt } = activation
  const { runId, blueprintId } = run
  const { outcome, error } = execution
  const nodeId = graph.node(parseActivationKey(key).node).id
  const success = outcome.kind !== 'failed'
  if (success) {
    const duration = endedAt - startedAt
    await services.emit({ type: 'job:processed', payload: { runId, blueprintId, nodeId, duration, success } })
  } else {
    const why =
      error instanceof FlowcraftError ? error : new FlowcraftError(messageOf(error), { cause: error, nodeId })
    await services.emit({ type: 'job:failed', payload: { runId, blueprintId, nodeId, error: why } })
  }
}

/**
 * One activation: execute (or wake), then flush (`settle.ts`), commit and send (`commit.ts`).
 */
import { gatherItems } from '../batch/gather.ts'
import { FlowcraftAwsError, isFlowcraftAwsError, messageOf } from '../common/errors.ts'
import { LONGEST_DELAY_MS } from '../common/sqs-limits.ts'
import { propertyOf } from '../common/thrown.ts'
import { deferToNewerDeployment } from '../execution/disposition.ts'
import { executeNode } from '../execution/execute.ts'
import { type Execution, failed, failureOf } from '../execution/execution.ts'
import { type OpenRun, at, jobOf } from '../execution/opened-run.ts'
import { DEATHS_AT_MOST, type Services, type Strand } from '../execution/services.ts'
import type { Ending } from '../protocol/attempt.ts'
import { takesEvents } from '../protocol/resumable.ts'
import { type ActivationKey, parseActivationKey, type RunState, sameEntry } from '../protocol/run-state.ts'
import { sendTimer } from '../queue/job.ts'
import { publishWait } from '../run/publish.ts'
import { type Activation, activationOf, type Conflict, hasTime, type StepResult } from './activation.ts'
import type { Ahead } from './activation.ts'
import { commitAhead, commitUntilDecided } from './commit.ts'
import { flushActivation, settle } from './settle.ts'
import { wake } from './wake.ts'

/** A node is run again so often in one invocation since others changed what it had read. */
const RERUNS_AT_MOST = 50

/** `before`: what the strand has put off. @default - nothing */
export async function step(
  seen: OpenRun,
  key: ActivationKey,
  strand: Strand,
  before?: Ahead,
): Promise<StepResult> {
  const { services } = seen
  let open = seen
  let ahead = before ?? { base: seen.run, nodes: [] }
  for (let reruns = 0; reruns <= RERUNS_AT_MOST; reruns++) {
    const startedAt = services.now()
    const result = await stepOnce(activationOf(open, key, strand, reruns, ahead))
    if (result.kind !== 'conflict') return result
    open = at(open, result.run)
    ahead = result.ahead
    if (!hasTime(services, strand, services.now() - startedAt)) break
  }
  await commitAhead(ahead)
  return { kind: 'contended' }
}

async function stepOnce(activation: Activation): Promise<StepResult | Conflict> {
  const { services, run, key, strand } = activation
  const execution = await performed(activation)
  // A node that heeds its signal ends because of it, which is no failure of its own.
  if (strand.signal.aborted) return { kind: 'overtaken', run: await services.store.read(run.runId) }
  if (!execution) {
    await publishWait(activation, key)
    return { kind: 'waiting' }
  }
  try {
    // Crash before or after: versions under this attempt, which no commit will ever name. The node runs again.
    const { flushed, settled } = await settle(activation, execution)
    return await commitUntilDecided(activation, settled, flushed)
  } catch (error) {
    // What it leaves cannot be stored, or what follows cannot be decided. Where its commit was made all the same, this
    // one finds that the activation has ended.
    return endAsFailed(activation, failureOf(error), 'uncommitted')
  }
}

/** Also trouble is no reason for what was put off to run again; where that cannot be committed either, it does. */
async function performed(activation: Activation): Promise<Execution | undefined> {
  try {
    return await perform(activation).catch((error: unknown) => failed(failureOf(error)))
  } catch (error) {
    if (!activation.strand.signal.aborted) await commitAhead(activation.ahead).catch(() => {})
    throw error
  }
}

/** Ends an activation as failed, by an error that came of no execution of its own. */
export async function failStep(
  open: OpenRun,
  key: ActivationKey,
  strand: Strand,
  error: Error,
): Promise<StepResult> {
  return endAsFailed(activationOf(open, key, strand, 0), error, 'givenUp')
}

/** How the activation ended or was suspended; undefined where it is suspended and goes on waiting. */
async function perform(activation: Activation): Promise<Execution | undefined> {
  const { services, run, entry, strand } = activation
  // Also of one that waits: gathering what it waited for may be what kills its workers.
  if (strand.deaths >= DEATHS_AT_MOST) return failed(new FlowcraftAwsError('NODE_KILLED', deaths(activation)))
  if (!entry.wait) return execute(activation, 0)
  const woken = await wake({ ...activation, wait: entry.wait, due: strand.due })
  if (woken.kind === 'execute') return execute(activation, woken.tries)
  if (woken.kind === 'ended') {
    if (takesEvents(entry.wait)) await emitResume(services, run)
    return woken.execution
  }
  if (woken.at !== undefined) await sendLater(activation, woken.at)
  return undefined
}

/** Emitted before the commit, so that a crash after it loses no event; after a crash before it, it is emitted again. */
async function emitResume(services: Services, { blueprintId, runId: executionId }: RunState): Promise<void> {
  await services.emit({ type: 'workflow:resume', payload: { blueprintId, executionId } })
}

/**
 * The timer of an activation is a delayed job; one that the queue cannot hold so long is the sweep's to send. Where the
 * sweep does not know of it, since the clock of the worker that suspended it is ahead of this one's, the job comes back on
 * the way.
 */
async function sendLater(activation: Activation, time: number): Promise<void> {
  const { services, run, key, strand } = activation
  if (time - services.now() > LONGEST_DELAY_MS && run.dueAt !== undefined) return
  await sendTimer(services, jobOf(activation, key), { at: time, trusted: strand.suspendedNow ?? false })
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
    deferToNewerDeployment(services, run, lacks)
    implementation = graphs.successor(graph, node, runtime.registry)
  }
  if (implementation) {
    const { signal } = strand
    const { counter } = services
    const gather = (id: string) => context.guard(() => gatherItems(activation, id))
    const { tap } = activation
    const told = tap && { eventBus: tap, onTryFailed: (error: unknown) => tap.tryFailed(error) }
    const { nodeTimeoutMs } = services
    const given = { runtime, graph, run, node, implementation, context, signal, tries, now, gather, counter }
    const execution = await executeNode({ ...given, ...told, nodeTimeoutMs })
    const { error } = execution
    const lacksChild =
      uses === 'subflow' && isFlowcraftAwsError(propertyOf(error, 'cause'), 'UNKNOWN_BLUEPRINT')
    if (error && lacksChild) deferToNewerDeployment(services, run, messageOf(error))
    return execution
  }
  return failed(new FlowcraftAwsError('INVALID_BLUEPRINT', lacks))
}

function deaths({ graph, key, strand }: Activation): string {
  const { id } = graph.node(parseActivationKey(key).node)
  return `${strand.deaths} workers died or ran out of time while they executed node '${id}' or one before it in its strand`
}

/**
 * Ends an activation as failed that did not end as it was to. Crash before the commit: it runs again, as after any.
 * The commit before this one may have been made, and what it points to must not change: so this looks first.
 */
async function endAsFailed(activation: Activation, error: Error, ending: Ending): Promise<StepResult> {
  const { services, key, entry, strand, reruns, ahead } = activation
  const [first] = ahead.nodes
  try {
    // Nobody knows of it before what comes before it is committed.
    const before = await commitAhead(ahead)
    if (before && before.kind !== 'committed')
      return { kind: 'overtaken', run: await services.store.read(activation.run.runId) }
  } catch (cause) {
    if (!first) throw cause
    return endAsFailed(
      { ...first.activation, ahead: { ...ahead, nodes: [] } },
      failureOf(cause),
      'uncommitted',
    )
  }
  const run = await services.store.read(activation.run.runId)
  const now = run?.active.get(key)
  if (!run || !now || !sameEntry(now, entry)) return { kind: 'overtaken', run }
  const execution = failed(error)
  // It writes no keys, so nobody's are overwritten.
  const failing = activationOf(at(activation, run), key, strand, reruns)
  const result = await commitUntilDecided(
    failing,
    execution,
    await flushActivation(failing, execution, ending),
  )
  return result.kind === 'conflict' ? { kind: 'overtaken', run: result.run } : result
}

/**
 * One activation: execute, flush, commit, send. Only the commit decides; see each write for what a crash before and
 * after it leaves.
 */
import type { Change } from './change.ts'
import { ActivationContext } from './context/activation-context.ts'
import { RunReader } from './context/run-reader.ts'
import { FlowcraftAwsError, isFlowcraftAwsError } from './errors.ts'
import { type Execution, executeNode } from './execute.ts'
import type { RunGraph } from './graph.ts'
import { sendJobs } from './outgoing.ts'
import {
  type ActivationKey,
  type ActiveEntry,
  isOver,
  parseActivationKey,
  type RunState,
} from './run-state.ts'
import type { Services, Strand } from './services.ts'
import { spill } from './spill.ts'
import { type CoreChange, decide } from './transition.ts'
import { flush } from './values/flush.ts'

/** A strand goes on inline while at least this much time remains, or as much again as its last node took. */
const RESERVE_MS = 5_000

export type StepResult =
  /** Committed by this call; `run` is the state after it. */
  | { readonly kind: 'committed'; readonly run: RunState; readonly sent: boolean }
  /** The activation was gone when the commit arrived: this call's lost answer, or a successor's commit. */
  | { readonly kind: 'overtaken'; readonly run: RunState | undefined }

export async function step(
  services: Services,
  graph: RunGraph,
  seen: RunState,
  key: ActivationKey,
  strand: Strand,
): Promise<StepResult> {
  const startedAt = services.now()
  const entry = seen.active.get(key) as ActiveEntry
  const { execution, context } = await execute(services, graph, seen, key, entry, strand.signal)
  // Crash before or after: versions under this attempt, which no commit will ever name. The node runs again.
  const { riders, settled } = await settle(services, graph, seen, key, entry, strand, execution, context)
  const took = services.now() - startedAt
  let run = seen
  for (;;) {
    const change = decide(graph, run, key, settled.outcome, {
      inline: strand.invocation.deadline() - services.now() > Math.max(RESERVE_MS, 2 * took),
      strand: strand.origin,
      now: services.now(),
      outbox: services.tells ? 'result' : undefined,
    })
    // Crash before: the activation is still active and runs again after the lease. Crash after: it has ended for
    // ever, its followers stand in the header under this strand, and the redelivery carries on or sends their jobs.
    const result = await commit(services, run, change, riders)
    if (result.committed) return finish(services, graph, result.run, change, key, startedAt, settled)
    if (!result.run || isOver(result.run) || !result.run.active.has(key)) {
      return { kind: 'overtaken', run: result.run }
    }
    run = result.run
  }
}

async function commit(
  services: Services,
  run: RunState,
  change: CoreChange,
  riders: ReadonlyMap<string, string>,
) {
  const moved = await spill(services.store, run, change, riders)
  const require = [...change.require]
  for (const [name, text] of moved) require.push({ kind: 'riderAsSeen', name, text })
  const whole: Change = { ...change, riders, spilled: [...moved.keys()], require }
  return services.store.commit(run.runId, whole)
}

async function finish(
  services: Services,
  graph: RunGraph,
  run: RunState,
  change: CoreChange,
  key: ActivationKey,
  startedAt: number,
  execution: Execution,
): Promise<StepResult> {
  const queued = [...change.schedule].filter(([, { inline }]) => !inline).map(([activation]) => activation)
  // Crash before or during: those not sent are queued under this strand; its message's redelivery sends them.
  await sendJobs(services, graph, run, queued)
  const { runId, blueprintId } = run
  const nodeId = graph.node(parseActivationKey(key).node).id
  const success = execution.outcome.kind !== 'failed'
  const duration = services.now() - startedAt
  const { iteration } = parseActivationKey(key)
  services.logger.info('node ended', {
    runId,
    nodeId,
    iteration,
    outcome: execution.outcome.kind,
    ms: duration,
  })
  await services.emit({ type: 'job:processed', payload: { runId, blueprintId, nodeId, duration, success } })
  return { kind: 'committed', run, sent: true }
}

async function execute(
  services: Services,
  graph: RunGraph,
  run: RunState,
  key: ActivationKey,
  entry: ActiveEntry,
  signal: AbortSignal,
): Promise<{ execution: Execution; context: ActivationContext }> {
  const { runtime, store, values, graphs } = services
  const { node } = parseActivationKey(key)
  const { id, uses } = graph.node(node)
  const reader = new RunReader({ graph, run, store, values })
  const context = new ActivationContext(reader, { key: `_inputs.${id}`, source: entry.source })
  const implementation = graphs.implementation(graph, node, runtime.registry)
  if (!implementation) {
    const error = new FlowcraftAwsError(
      'INVALID_BLUEPRINT',
      `node '${id}' uses '${uses}', which this deployment does not have (the run goes by graph ${graph.fingerprint})`,
    )
    return { execution: { outcome: { kind: 'failed' }, inputs: new Map(), error }, context }
  }
  const execution = await executeNode({ runtime, graph, run, node, implementation, context, signal })
  return { execution, context }
}

/** The riders of the commit. A value that cannot be stored is the node's failure, with that as its cause. */
async function settle(
  services: Services,
  graph: RunGraph,
  run: RunState,
  key: ActivationKey,
  entry: ActiveEntry,
  strand: Strand,
  execution: Execution,
  context: ActivationContext,
): Promise<{ riders: Map<string, string>; settled: Execution }> {
  const request = { graph, runId: run.runId, key, entry, attempt: strand.attempt, now: services.now() }
  try {
    const riders = await flush(services.values, { ...request, execution, writes: context.writes })
    return { riders, settled: execution }
  } catch (error) {
    if (!isFlowcraftAwsError(error, 'VALUE_NOT_SERIALIZABLE')) throw error
    const settled: Execution = { outcome: { kind: 'failed' }, inputs: new Map(), error }
    return {
      riders: await flush(services.values, { ...request, execution: settled, writes: new Map() }),
      settled,
    }
  }
}

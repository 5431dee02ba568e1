/**
 * Takes up a run again that failed or was cancelled: what failed runs anew, what was active goes on, what succeeded stays. Its
 * child runs come first: a parent that waits for a child which stays failed would fail again at once.
 */
import { FlowcraftAwsError } from '../common/errors.ts'
import type { OpenRun } from '../execution/opened-run.ts'
import type { Services } from '../execution/services.ts'
import { planRedrive, type RedrivePlan } from '../protocol/redrive.ts'
import { refuseAction } from '../protocol/resumable.ts'
import {
  type ActivationKey,
  activationKey,
  type ActiveEntry,
  childIdOf,
  failedAtOf,
  isDone,
  isOver,
  parseActivationKey,
  type RedriveNote,
  type RunState,
  START,
} from '../protocol/run-state.ts'
import { StoredTexts } from '../values/stored-texts.ts'
import { giveRest } from './budget-of-child.ts'
import { sendJobs } from './dispatch.ts'
import { endedAs, nodeOf } from './ended.ts'
import { LOOK_AFTER_MS } from './hold.ts'
import type { NotedEnd } from './operations.ts'
import { publication } from './publish.ts'
import { checkSet, valuesAfter } from './redrive-values.ts'

export type SteerServices = Pick<Services, 'store' | 'values' | 'graphs' | 'queue' | 'emit' | 'now' | 'costs'>

export interface RedriveRequest {
  /** Ids of nodes to go on from, failed or completed; of a completed one all that follows from it runs again. @default - all that failed */
  readonly nodes?: readonly string[]
  /** Context keys that get other values first. @default - none */
  readonly set?: Readonly<Record<string, unknown>>
  /** A node that waits for an event in place of running again; whoever skips it gives that, with this action. */
  readonly skip?: { readonly nodeId: string; readonly action?: string }
  /** Where it is noted who asked for it, for whoever is told of the redrive. @default - nowhere */
  readonly note?: RedriveNote
}

/** What a redrive would do, or did. */
interface Redrive {
  /** Nodes that run again. */
  readonly again: readonly string[]
  /** Nodes that were active at the end, and go on. */
  readonly goesOn: readonly string[]
  /** Child runs that are redriven first. */
  readonly children: readonly string[]
}

/** With how the run had ended; a run that was paused in place of its end has none. */
export interface RedriveOfEnd extends Redrive {
  readonly ended?: NotedEnd
}

/** @throws FlowcraftAwsError RUN_NOT_FOUND, INVALID_STATE, INVALID_INPUT; nothing is changed then */
export async function redriveRun(
  services: SteerServices,
  runId: string,
  request: RedriveRequest,
  dryRun: boolean,
): Promise<RedriveOfEnd> {
  checkSet(services, 'redrive', request.set)
  const run = await endedRun(services, runId)
  if (run.parent) {
    const why = `it is the child run of '${run.parent.runId}', which is to be redriven`
    throw refused(run, why)
  }
  const { status, endedAt } = run
  const ended = endedAt === undefined ? {} : { ended: { status, at: new Date(endedAt) } }
  return { ...(await redrive(services, run, request, dryRun)), ...ended }
}

async function redrive(
  services: SteerServices,
  run: RunState,
  request: RedriveRequest,
  dryRun: boolean,
  costIsTold = false,
): Promise<Redrive> {
  if (run.outbox !== undefined) throw await stillEnding(services, run)
  if (run.graph === undefined) return beginAgain(services, run, request, dryRun, costIsTold)
  const graph = await services.graphs.of(run.blueprintId, run.graph)
  const texts = await new StoredTexts({ ...services, run }).texts(false)
  const from = request.nodes?.map((id) => nodeOf(graph, run, id))
  const { skip } = request
  const skipped = skip && nodeOf(graph, run, skip.nodeId)
  if (skip && skipped !== undefined) refuseAction(graph, skipped, skip.action)
  const plan = planRedrive(graph, run, endedAs(texts), skipped === undefined ? from : [skipped])
  if (typeof plan === 'string') throw refused(run, plan)
  const { active, iterations, children, told } = await withChildren({ services, graph, run }, plan, skipped)
  const id = (key: ActivationKey) => graph.node(parseActivationKey(key).node).id
  const ended = children.filter(isOver)
  // Before anything is written, so that one which cannot be redriven changes nothing.
  const below = await Promise.all(ended.map((child) => redrive(services, child, {}, true)))
  const result: Redrive = {
    again: [...plan.again.keys()].map(id),
    goesOn: plan.goesOn.map(id),
    children: ended.flatMap(({ runId }, at) => [runId, ...(below[at]?.children ?? [])]),
  }
  if (dryRun) return result
  const next = { ...run, ...plan.next, active, iterations, activeAtEnd: undefined }
  // Crash before: nothing happened. After: values that nothing names. What cannot be set is refused here.
  const values = await valuesAfter(services, run, next, { forgotten: plan.forgotten, set: request.set })
  const note = request.note && { runId: run.runId, ...request.note }
  // Crash before or between: children go on under a parent that has ended, which the same call takes up again.
  for (const child of ended) {
    const raised = await giveRest({ services, graph, run }, child)
    await redrive(services, raised, { note }, false, told.has(child.runId))
  }
  // Crash before: leases of a run that has ended are over. After: nobody who survived it renews one.
  for (const key of active.keys()) await services.store.revokeLease(run, key)
  const dueAt = services.now() + LOOK_AFTER_MS
  const taken = { ...plan.next, active, iterations, ...values, dueAt, note: request.note, costIsTold }
  // Crash before: as above. After: the sweep sends the jobs, and the message that has the redrive published.
  const written = await services.store.redrive(run, taken)
  if (!written.committed || !written.run) throw refused(written.run ?? run, whyNot(run, written.run))
  if (skipped === undefined) await sendJobs({ services, graph, run: written.run }, [...active.keys()])
  await services.queue.send([publication(run, 'redriven')])
  return result
}

/** One that no worker could begin. Crash after the write: the sweep sends the job. */
async function beginAgain(
  services: SteerServices,
  run: RunState,
  { note }: RedriveRequest,
  dryRun: boolean,
  costIsTold: boolean,
): Promise<Redrive> {
  const nothing = { again: [], goesOn: [], children: [] }
  if (dryRun) return nothing
  const { runId, blueprintId, inlineValues } = run
  const dueAt = services.now() + LOOK_AFTER_MS
  const taken = { ...run, errors: 0, inlineValues, dueAt, note, costIsTold }
  const written = await services.store.redrive(run, taken)
  if (!written.committed) throw refused(written.run ?? run, whyNot(run, written.run))
  await services.queue.send([{ runId, blueprintId }, publication(run, 'redriven')])
  return nothing
}

/**
 * Where an activation waited for a child run that ended badly, the child is redriven, and the activation waits for it; of one
 * that failed with it, too: it is the same activation then, since its child's id is made of that. Without such a child
 * the node runs anew.
 */
async function withChildren(
  open: OpenRun<SteerServices>,
  plan: RedrivePlan,
  skipped: number | undefined,
): Promise<{
  active: Map<ActivationKey, ActiveEntry>
  iterations: Map<number, number>
  children: RunState[]
  /** Children of nodes that ended by them: the run has taken in what they used. */
  told: Set<string>
}> {
  const { graph, run } = open
  const active = new Map(plan.next.active)
  const iterations = new Map(plan.next.iterations)
  const children: RunState[] = []
  const told = new Set<string>()
  for (const [key, entry] of plan.next.active) {
    const { node } = parseActivationKey(key)
    if (node === skipped) {
      active.set(key, { ...entry, wait: { kind: 'event' } })
      continue
    }
    const before = plan.again.get(key)
    // One whose node has completed is another's result: the node starts a child of its own.
    const isFailed = before !== undefined && !isDone(run.done, node) && graph.node(node).uses === 'subflow'
    if (entry.wait?.kind !== 'child' && !isFailed) continue
    const last = await lastChild(open, before ?? key, entry)
    // Cancelled before its child was made: nobody can make that one any more.
    if (!last && entry.wait) {
      active.delete(key)
      const next = parseActivationKey(key).iteration + 1
      iterations.set(node, next)
      active.set(activationKey(node, next), { scheduledBy: START, inline: false })
    }
    if (!last) continue
    active.delete(key)
    if (before !== undefined) iterations.set(node, parseActivationKey(before).iteration)
    const suspensions = (entry.suspensions ?? 0) + OF_A_LIFE * ((run.redrives ?? 0) + 1)
    const { child, tries } = last
    const isAgain = child.status !== 'completed'
    const isTold = before !== undefined
    const wait = {
      kind: 'child',
      tries,
      ...(isTold && !isAgain ? { told: child.redrives ?? 0 } : {}),
    } as const
    active.set(before ?? key, { ...entry, wait, suspensions })
    if (isTold) told.add(child.runId)
    if (isAgain) children.push(child)
  }
  return { active, iterations, children, told }
}

/** No activation is suspended so often between two redrives. */
const OF_A_LIFE = 10_000

/** The child that the activation waited for last. One that was cancelled before it was made says nothing of its input. */
async function lastChild(
  { services: { store }, run }: OpenRun<SteerServices>,
  key: ActivationKey,
  { wait }: ActiveEntry,
): Promise<{ tries: number; child: RunState } | undefined> {
  let last: { tries: number; child: RunState } | undefined
  for (let tries = wait?.kind === 'child' ? wait.tries : 0; ; tries++) {
    const child = await store.read(childIdOf(run.runId, key, tries))
    if (!child?.parent) return last
    last = { tries, child }
  }
}

async function endedRun({ store }: SteerServices, runId: string): Promise<RunState> {
  const run = await store.read(runId)
  if (!run) throw new FlowcraftAwsError('RUN_NOT_FOUND', `there is no run '${runId}'`, { runId })
  const hasEnded = run.status === 'cancelled' || failedAtOf(run) !== undefined
  if (!hasEnded) throw refused(run, `it is ${run.status}`)
  return run
}

/** Whoever waits for its end, or for its event, is to hear of it before there is another. */
async function stillEnding(
  { queue }: SteerServices,
  { runId, blueprintId }: RunState,
): Promise<FlowcraftAwsError> {
  await queue.send([{ runId, blueprintId }])
  const why = `cannot redrive run '${runId}' yet: its end is being published`
  return new FlowcraftAwsError('RUN_ENDING', why, { runId })
}

function whyNot(seen: RunState, now: RunState | undefined): string {
  const isAsSeen = now?.seq === seen.seq && now.status === seen.status && now.outbox === undefined
  return isAsSeen
    ? 'what it is to have does not fit into its state'
    : 'somebody else has changed it meanwhile'
}

function refused({ runId }: RunState, why: string): FlowcraftAwsError {
  return new FlowcraftAwsError('INVALID_STATE', `cannot redrive run '${runId}': ${why}`, { runId })
}

/** Whoever gives a run its events: the next one when its node waits, again and again until it was taken. */
import type { WorkflowBlueprint } from 'flowcraft'
import { isFlowcraftAwsError } from '../../lib/core/common/errors.ts'
import type { Services } from '../../lib/core/execution/services.ts'
import { takesEvents } from '../../lib/core/protocol/resumable.ts'
import { RunGraph } from '../../lib/core/protocol/run-graph.ts'
import {
  type ActivationKey,
  childIdOf,
  isDone,
  parseActivationKey,
  type RunState,
} from '../../lib/core/protocol/run-state.ts'
import { wasResumed } from '../../lib/core/run/events.ts'
import { reconcileRun } from '../../lib/core/run/reconcile.ts'
import { resumeRun } from '../../lib/core/run/resume.ts'
import type { RunStore } from '../../lib/core/store/run-store.ts'
import type { Setup } from '../conformance/case.ts'
import type { Told } from './told.ts'

type GivenEvent = NonNullable<Setup['events']>[number]

interface NextEvent {
  readonly runId: string
  readonly event: GivenEvent & { readonly idempotencyKey?: string }
  /** The activation that waits; undefined where the node does not wait yet, or is past it. */
  readonly target: string | undefined
}

export interface EventsOptions {
  readonly store: Pick<RunStore, 'read'>
  /** Of the run that is watched now. */
  readonly runId: () => string
  readonly setup: Setup
  /** An event may come before its node waits. */
  readonly early: boolean
  /** Who gives an event does so when asked for it. @default - whenever the node waits, or before */
  readonly asked?: Pick<Told, 'wasAsked'>
  /** Each call has a name, so that it is the same call when it is made again. */
  readonly named: boolean
}

export class Events {
  readonly #options: EventsOptions
  /** What callers were told that it counts: the outputs of the run's own nodes that do not repeat. */
  readonly promised = new Map<string, unknown>()
  /** Activations that have their event. */
  readonly #served = new Set<string>()
  #given = 0
  /** Given, and not yet answered: the call is made again until it is, even where it has had its effect. */
  #open: NextEvent | undefined

  constructor(options: EventsOptions) {
    this.#options = options
  }

  /** The event to give now, if the run is where it should come. */
  async next(): Promise<NextEvent | undefined> {
    const { setup } = this.#options
    const runId = this.#options.runId()
    if (this.#open) return this.#open
    if (setup.answers) return this.#nextAnswer(runId, setup.answers)
    const event = setup.events?.[this.#given]
    const run = event && (await this.#waitingRun(runId))
    if (!event || run?.graph === undefined || run.active.size === 0) return undefined
    const node = this.#nodeOf(run, event.nodeId)
    const waiting = [...run.active].find(
      ([key, { wait }]) => takesEvents(wait) && parseActivationKey(key).node === node,
    )
    if (waiting?.[1].wait?.kind === 'event' && !this.#isAsked(run, waiting[0])) return undefined
    const target = waiting && `${run.runId} ${waiting[0]}`
    if (target !== undefined && this.#served.has(target)) return undefined
    if (target === undefined && !this.#mayMiss(run, node)) return undefined
    return this.#nextEvent(run, event, target)
  }

  /** Whether it can be told which events a fork still needs: none for a child run, or a round of a loop. */
  get canBegin(): boolean {
    const { setup } = this.#options
    const graph = new RunGraph(setup.blueprint)
    const nodes = (setup.events ?? []).map(({ nodeId }) => graph.find(nodeId))
    return nodes.every((node) => node !== undefined && !graph.repeatable.has(node))
  }

  /** The run that is watched now has none of the events that another had. */
  async beginAgain(): Promise<void> {
    const { setup, store, runId } = this.#options
    const run = await store.read(runId())
    const isGone = ({ nodeId }: GivenEvent) =>
      run !== undefined && isDone(run.done, this.#nodeOf(run, nodeId))
    const next = (setup.events ?? []).findIndex((event) => !isGone(event))
    this.#given = next < 0 ? (setup.events ?? []).length : next
    this.#open = undefined
  }

  async give(services: Services, next: NextEvent): Promise<void> {
    const { runId, event, target } = next
    const watched = this.#options.runId()
    this.#open = next
    const counts = await this.#resume(services, next)
    // The fork needs it again.
    if (watched !== this.#options.runId()) return
    this.#open = undefined
    // The run was over, and goes on by now, or will.
    if (!counts && !(await this.#stands(services, next))) return
    if (counts && runId === this.#options.runId()) this.promised.set(event.nodeId, event.output)
    if (target !== undefined) this.#served.add(target)
    this.#given++
  }

  /** False as well where the run was over, if somebody takes that back. */
  async #resume(services: Services, { runId, event }: NextEvent): Promise<boolean> {
    try {
      return await resumeRun(services, runId, event.nodeId, event)
    } catch (error) {
      if (isFlowcraftAwsError(error, 'VALUE_LOST')) {
        // As whoever is told so does: a run that waits ends by a message only.
        await reconcileRun(services, runId)
        return false
      }
      const run = await services.store.read(runId)
      const isTakenBack = run?.status === 'cancelled' || run?.redrives !== undefined
      if (isTakenBack && isFlowcraftAwsError(error, 'INVALID_INPUT')) return false
      throw error
    }
  }

  /** Whether an event is there that counts. */
  async #stands(services: Services, { runId, target }: NextEvent): Promise<boolean> {
    const run = await services.store.read(runId)
    if (!run || run.status === 'cancelled') return false
    const key = target?.slice(runId.length + 1) as ActivationKey | undefined
    return key === undefined || !run.active.has(key) || wasResumed(services, runId, key)
  }

  /** Whether a call may come though the node does not wait now. In a loop it could be taken for another round's. */
  #mayMiss(run: RunState, node: number): boolean {
    if (node < 0 || this.#isRepeatable(run, node)) return false
    // A sleeper can be woken only while it sleeps.
    const early = this.#options.early && this.#blueprintOf(run)?.nodes[node]?.uses !== 'sleep'
    return early || isDone(run.done, node)
  }

  #nextEvent(run: RunState, event: GivenEvent, target: string | undefined): NextEvent {
    // Without a name, a call that is made again may give its event to the next round of a loop.
    const isNamed = this.#options.named || this.#isRepeatable(run, this.#nodeOf(run, event.nodeId))
    const idempotencyKey = `call ${this.#given}`
    return { runId: run.runId, event: isNamed ? { ...event, idempotencyKey } : event, target }
  }

  /** For whichever node waits, in the run or below it, and has no answer yet. */
  async #nextAnswer(runId: string, answers: NonNullable<Setup['answers']>): Promise<NextEvent | undefined> {
    const run = await this.#options.store.read(runId)
    for (const [key, { wait }] of run?.active ?? []) {
      const target = `${runId} ${key}`
      const nodeId = this.#idOf(run as RunState, parseActivationKey(key).node)
      const answer = answers[nodeId]
      const isOpen = wait?.kind === 'event' && answer && !this.#served.has(target)
      if (isOpen && this.#isAsked(run as RunState, key)) {
        return this.#nextEvent(run as RunState, { nodeId, ...answer }, target)
      }
      const below =
        wait?.kind === 'child' && (await this.#nextAnswer(childIdOf(runId, key, wait.tries), answers))
      if (below) return below
    }
    return undefined
  }

  #isAsked(run: RunState, key: ActivationKey): boolean {
    return this.#options.asked?.wasAsked(run, key) ?? true
  }

  #blueprintOf(run: RunState): WorkflowBlueprint | undefined {
    const { setup } = this.#options
    return [setup.blueprint, ...(setup.blueprints ?? [])].find(({ id }) => id === run.blueprintId)
  }

  #isRepeatable(run: RunState, node: number): boolean {
    const blueprint = this.#blueprintOf(run)
    return blueprint !== undefined && new RunGraph(blueprint).repeatable.has(node)
  }

  #nodeOf(run: RunState, nodeId: string): number {
    return this.#blueprintOf(run)?.nodes.findIndex(({ id }) => id === nodeId) ?? -1
  }

  #idOf(run: RunState, node: number): string {
    return this.#blueprintOf(run)?.nodes[node]?.id ?? ''
  }

  async #waitingRun(runId: string): Promise<RunState | undefined> {
    const run = await this.#options.store.read(runId)
    for (const [key, { wait }] of run?.active ?? []) {
      if (wait?.kind === 'child') return this.#waitingRun(childIdOf(runId, key, wait.tries))
    }
    return run
  }
}

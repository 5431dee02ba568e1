/** What the parts of a worker share; made once by the adapter. */
import type { FlowcraftEvent, ILogger } from 'flowcraft'
import type { Graphs } from '../blueprints/blueprint-versions.ts'
import type { HistoryRecorder } from '../history/recorder.ts'
import type { CostCounter } from '../common/cost-counter.ts'
import type { LeaseMode } from '../common/lease-mode.ts'
import type { Costs } from '../config/costs.ts'
import type { MaxActivations } from '../protocol/bounds.ts'
import type { ContextConflicts } from '../protocol/context-conflicts.ts'
import type { Unleased } from '../protocol/attempt.ts'
import type { OnFailure } from '../protocol/on-failure.ts'
import type { ActivationKey, RunState } from '../protocol/run-state.ts'
import type { JobQueue } from '../queue/job.ts'
import type { Routed } from '../queue/pools.ts'
import type { Lease, ReleaseRequest, RunStore } from '../store/run-store.ts'
import type { RunEventBus } from '../telemetry/run-events.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Tracing } from '../telemetry/tracing.ts'
import type { ValueStore } from '../values/value-store.ts'
import type { Isolation, Place } from './isolation.ts'
import type { Runtime } from './node-call.ts'
import type { PausedBlueprints } from './paused-blueprints.ts'

export interface Services {
  readonly runtime: Runtime
  readonly graphs: Graphs
  readonly store: RunStore
  readonly values: ValueStore
  readonly queue: JobQueue
  /** Whether this worker's pool runs it; other pools have queues of their own. */
  isOwn(job: Routed): boolean
  readonly logger: ILogger
  readonly telemetry: Telemetry
  /** What becomes of runs, to be written down. @default - nobody does */
  readonly history?: HistoryRecorder
  /** Undefined where traces do not go with jobs. */
  readonly tracing?: Tracing
  /** Who is worked on beside whom in this process. */
  readonly isolation: Isolation
  /** Which blueprints are paused. */
  readonly pauses: PausedBlueprints
  /** Leases that this process could not give back. */
  readonly unreleased: Set<ReleaseRequest>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Waits for so many milliseconds. */
  readonly sleep: (ms: number) => Promise<void>
  /** Unguessable and unique: names the holder of a lease. */
  readonly newToken: () => string
  /** For so long after its start a run waits for a worker that has what this one lacks, in milliseconds. */
  readonly deployGraceMs: number
  /** What one execution of a node may take, in milliseconds. @default - as long as it takes */
  readonly nodeTimeoutMs?: number
  /** Of blueprints that have none of their own. @default - those of `bounds.ts` */
  readonly maxActivations?: MaxActivations
  /** Which messages are leased. @default 'always' */
  readonly leases?: LeaseMode
  /** Of nodes whose config and blueprint say nothing. @default 'warn' */
  readonly contextConflicts?: ContextConflicts
  /** Of runs whose blueprint says nothing. @default 'end' */
  readonly onFailure?: OnFailure
  /** How what runs use is counted and priced. @default - it is not counted */
  readonly costs?: Costs
  /** Of the message that is worked on, where what its run uses is counted. */
  readonly counter?: CostCounter
  /** Whether ends of runs are published here, so that a run's last commit leaves an outbox entry for it. */
  readonly publishesRunEnds: boolean
  /** Publishes the end of a run; may be called more than once. */
  publishRunEnd(run: RunState): Promise<void>
  /** Where the other events of runs are published. @default - nowhere */
  readonly events?: RunEventBus
  emit(event: FlowcraftEvent): Promise<void>
}

/** How long this invocation may work. */
export interface Invocation {
  /** Milliseconds since the epoch by which the process may be gone; a worker that is not told of an end moves it. */
  readonly deadline: () => number
  /** Whether there is time for further nodes; a worker that is to stop says no. @default - as long as `deadline` allows */
  readonly canContinue?: () => boolean
  /** When the message was sent, in milliseconds since the epoch. @default - long ago */
  readonly sentAt?: number
  /**
   * Whether nobody was given the message before, and nobody will be while this invocation lasts, but by SQS's own mistake; of use
   * with `leases`. @default false
   */
  readonly isFirst?: boolean
  /** The X-Ray header that the message came with (`AWSTraceHeader`); of use with `tracing`. @default - none */
  readonly traceHeader?: string
  /** Whether the lease must be prolonged while a node works, since `deadline` is not the end of the process. */
  readonly extendsLease: boolean
  /** How many messages came with it in one request, itself included. @default 1 */
  readonly together?: number
  /** The message's place in this process, for whoever leaves it when the message is deleted. @default - one for as long as the work takes */
  readonly place?: Place
  /**
   * Aborted when the process gives the work up: the node's signal is aborted, the lease given back, and the message
   * comes back at once, while what the node still does changes nothing. @default - never
   */
  readonly givenUp?: AbortSignal
}

/** What many workers died with is given up; fewer than the queue's receives of a message. */
export const DEATHS_AT_MOST = 15

/**
 * How many workers a strand may have killed. The first death may have been that of another beside it; from then on it
 * is worked on alone, and only such deaths count. What came between (a process that died while the strand waited to be
 * alone in it) does not.
 */
export function deathsOf({ lost, lostAlone }: Pick<Lease, 'lost' | 'lostAlone'>): number {
  return lost === 0 ? 0 : lostAlone + 1
}

/** A message being worked on, by whoever holds its lease, or needs none. */
export interface Strand {
  /** The activation that the strand's message names. */
  readonly key: ActivationKey
  /** Number of leases on this strand so far, or who works on it without one: names what this holder writes. */
  readonly attempt: number | Unleased
  /** Number of earlier holders that did not give the lease back: they died while they worked on the strand. */
  readonly lost: number
  /** Number of workers that it may have killed: see `deathsOf`. */
  readonly deaths: number
  /** Whether earlier deliveries of it ended in an error that nobody expected. @default false */
  readonly isTroubled?: boolean
  readonly invocation: Invocation
  /** The time that is over since its message came; see `Job.due`. */
  readonly due?: number
  /** Whether this holder has just suspended the activation, and so set the time that it waits for. */
  readonly suspendedNow?: boolean
  /** Aborted when a successor took the lease over. */
  readonly signal: AbortSignal
  /** Whether nobody can have taken over: asked before it goes on after another may have committed. */
  isMine(): Promise<boolean>
}

/** Two hosts' clocks may differ by this much before a lease is taken for over too early; that costs double work only. */
export const CLOCK_MARGIN_MS = 2_000

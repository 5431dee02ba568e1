/**
 * The state of a run in words: what the header item of a run says, free of any storage format.
 * Pure data; `transition.ts` decides on it, `store/` keeps it.
 */

import { isDeepStrictEqual } from 'node:util'
import type { RunLabels } from '../common/labels.ts'
import type { Counts } from '../common/run-counts.ts'

/** `running` until the commit that ends the run; the others are final and never change. */
export type RunStatus = 'running' | 'completed' | 'failed' | 'cancelled'

/**
 * Names one scheduled execution of a node: its index in the graph that the run remembers, a dot, and its
 * iteration from 1. Indexes keep the header small and paths free of whatever characters node ids hold.
 */
export type ActivationKey = `${number}.${number}`

/**
 * What a suspended activation waits for. It has run, has not ended, and nobody works on it: whoever finds that what it
 * waits for is there goes on with it. Times are milliseconds since the epoch.
 */
export type Wait =
  /** An event of the run, by `resume` or a webhook; `at` is when nobody need give it any more. */
  | { readonly kind: 'event'; readonly at?: number }
  /** A time; somebody is about to wake it before, where it is `awaited` that an event does. */
  | { readonly kind: 'timer'; readonly at: number; readonly awaited?: true }
  /** The next try of a node whose last one failed. */
  | { readonly kind: 'retry'; readonly at: number; readonly tries: number }
  /**
   * The end of a child run; `tries` of them have ended badly. `told`: so often had it been redriven when the run took in
   * what it had used, as of one that has ended and is waited for again.
   */
  | { readonly kind: 'child'; readonly tries: number; readonly told?: number }
  /** The items of a batch; `round` counts those of `chunkSize`. */
  | { readonly kind: 'items'; readonly round: number }

/** When a wait ends whatever comes, in milliseconds since the epoch. */
export function timeOf(wait: Wait | undefined): number | undefined {
  return wait !== undefined && 'at' in wait ? wait.at : undefined
}

/** An activation that is scheduled and has not ended. */
export interface ActiveEntry {
  /**
   * The activation whose message is answerable for this one: its redelivery sends this one's job again.
   * `START` for what the start of the run scheduled.
   */
  readonly scheduledBy: ActivationKey | typeof START
  /** True when the origin's own message carries this activation on, so that no job of its own was sent. */
  readonly inline: boolean
  /** Index of the node whose edge gives the input, where the graph alone does not say. */
  readonly source?: number
  readonly wait?: Wait
  /** How often it was suspended before: what it writes now must not have the names of what it wrote then. */
  readonly suspensions?: number
}

/** What scheduled the start nodes: no activation. */
export const START = ''

/**
 * The outbox entry that the end of a run leaves, until it is published: `notify` for the run that waits for it and for its
 * children, `publish` for the user's bus as well. The values stand in the table.
 */
export const outboxEntries = { notify: 'end', publish: 'tell' } as const
/** What the end of a run leaves in its header until it is published. */
export type Outbox = 'end' | 'tell'

/** Where it is noted who redrove a run, and why. */
export interface RedriveNote {
  /** Key of the note; undefined where there is none. */
  readonly key?: string
  /** The run whose note it is, where it is the child of that. @default - the run's own */
  readonly runId?: string
}

/** What a run has where nothing of it is scheduled. */
export function nothingScheduled(): Pick<RunState, 'active' | 'fired' | 'iterations'> {
  return { active: new Map(), fired: new Set(), iterations: new Map() }
}

/** The activation that waits for a child run. */
export interface Parent {
  readonly runId: string
  readonly blueprintId: string
  readonly nodeId: string
  readonly iteration: number
}

/** The header of a run, as it is read. */
export interface RunState {
  readonly runId: string
  readonly blueprintId: string
  /** Fingerprint of the graph the run goes by; undefined while the run is accepted but no worker has begun it. */
  readonly graph?: string
  readonly status: RunStatus
  /** Number of commits so far. */
  readonly seq: number
  readonly active: ReadonlyMap<ActivationKey, ActiveEntry>
  /** Bit i is set when node i has completed (since its last loop reset). */
  readonly done: bigint
  /** How many predecessors of an 'all' join have completed; absent once it was scheduled. */
  readonly arrivals: ReadonlyMap<number, number>
  /** Who is counted at each join of n of m, in the present generation: as many as it wants once it has fired. @default - nobody */
  readonly arrived?: ReadonlyMap<number, ReadonlySet<number>>
  /** Nodes that several commits could schedule and one did, in the present generation. */
  readonly fired: ReadonlySet<number>
  /** Loop controllers that are due as soon as the last activation inside their loop has ended. */
  readonly pending: ReadonlySet<number>
  /** The last iteration of nodes that may run again. */
  readonly iterations: ReadonlyMap<number, number>
  /** Number of nodes that failed. */
  readonly errors: number
  /** Whether a fallback was used: such a run ends 'completed', as in memory. */
  readonly fallback: boolean
  /** The nodes that used theirs, each with its first iteration that did; absent where an older version did not note it. */
  readonly fallbacks?: ReadonlyMap<number, number>
  /** Small values that stand in the header (see `inline-value.ts`). */
  readonly inlineValues: ReadonlyMap<string, string>
  /** Whether any inline value was ever moved out: if not, what is not in the header is nowhere. */
  readonly offloaded: boolean
  /** How many packs of inline values were moved out by commits; absent where none was, and in format 1, which has pages. */
  readonly packs?: number
  /**
   * An older version began it, and it stays as that writes it: since 2 the header is short and packs are in place of pages; in
   * both leases lie in the run's partition. @default - as this version writes it
   */
  readonly format?: 1 | 2
  /**
   * When the sweep must look at this run at the latest, for its timers that the queue cannot hold; absent without
   * such. Milliseconds since the epoch.
   */
  readonly dueAt?: number
  readonly outbox?: Outbox
  /** Child runs that are to be cancelled with this one. */
  readonly cancelledChildren?: readonly string[]
  /** Who waits for this run. */
  readonly parent?: Parent
  /** Tells the input that it was started with from another, or the fork that was asked for; not of child runs. */
  readonly inputHash?: string
  /** The run from whose state this one began. */
  readonly forkedFrom?: string
  /** What its starter called it, in the order of names. */
  readonly labels?: RunLabels
  /** What it used so far, its child runs that have ended included; absent where nothing was counted. */
  readonly cost?: Counts
  /** What it may cost, where its starter or the run that waits for it said so; its blueprint may say it too. */
  readonly budget?: { readonly maxUsd: number; readonly onBudget?: 'fail' | 'pause' }
  /** Of a child run: the part of `cost` that the run which waits for it has taken in before a redrive. */
  readonly costTold?: Counts
  /** The trace that it was started in, where that is recorded; see `telemetry/tracing.ts`. */
  readonly trace?: string
  /** Milliseconds since the epoch. Of a run that was delayed: when it was accepted. */
  readonly startedAt: number
  /** Before which nobody begins it, in milliseconds since the epoch; absent of a run that was not delayed. */
  readonly startsAt?: number
  /** Milliseconds since the epoch. */
  readonly endedAt?: number
  /** Why the run itself failed, where no node did. */
  readonly reason?: string
  /** What was active when the run was ended from outside or given up, for whoever redrives it. */
  readonly activeAtEnd?: ReadonlyMap<ActivationKey, ActiveEntry>
  /** How often the run was redriven after its end. */
  readonly redrives?: number
  /** The outbox entry of the last redrive: who did it, until it is published where somebody chose that. */
  readonly redriveNote?: RedriveNote
  /** Whether the sweep is to send the jobs of all that is active: whoever steered the run may have died before it did. */
  readonly steered?: true
  /** Since when nobody works on it, in milliseconds since the epoch; absent where it is not paused. */
  readonly pausedAt?: number
  /** It is paused since it would have ended as failed; whoever redrives it takes it up. */
  readonly pausedByFailure?: true
  /** The pause of its blueprint that lets nobody work on it, by its epoch; absent where none does. */
  readonly heldBy?: string
  /**
   * Why the message of an activation lies in the dead-letter queue; of the start of the run, under START. It says
   * something only while that is still to be done.
   */
  readonly deadLetters?: ReadonlyMap<ActivationKey | typeof START, string>
}

export function activationKey(node: number, iteration: number): ActivationKey {
  return `${node}.${iteration}`
}

export function parseActivationKey(key: ActivationKey): { node: number; iteration: number } {
  const [node, iteration] = key.split('.')
  return { node: Number(node), iteration: Number(iteration) }
}

/** Whether a node may have run before: in a loop, or before the run was redriven. `repeatable`: those of its graph. */
export function mayRunAgain(
  repeatable: ReadonlySet<number>,
  { iterations }: Pick<RunState, 'iterations'>,
  node: number,
): boolean {
  return repeatable.has(node) || iterations.has(node)
}

/** The strand an active entry belongs to: the activation that a message must name to move it on. */
export function strandOf(key: ActivationKey, entry: ActiveEntry): ActivationKey {
  return entry.inline && entry.scheduledBy !== START ? entry.scheduledBy : key
}

export function sameEntry(a: ActiveEntry, b: ActiveEntry): boolean {
  const parts = ({ scheduledBy, inline, source, suspensions = 0, wait }: ActiveEntry) => [
    scheduledBy,
    inline,
    source,
    suspensions,
    wait,
  ]
  return isDeepStrictEqual(parts(a), parts(b))
}

/**
 * An entry that no worker has seen: the commit of one who survived the end is refused, and what is written now has other
 * names. Each is a strand of its own: the message that carried it on is long gone.
 */
export function ofAnotherLife(entry: ActiveEntry): ActiveEntry {
  return { ...entry, inline: false, suspensions: (entry.suspensions ?? 0) + 1 }
}

export function isDone(done: bigint, node: number): boolean {
  return ((done >> BigInt(node)) & 1n) === 1n
}

/** The nodes that a number as `RunState.done` names, in order: in steps of whole words, as few of them may differ of thousands. */
export function bitsOf(bits: bigint): number[] {
  const found: number[] = []
  for (let [rest, word] = [bits, 0]; rest > 0n; rest >>= 32n, word += 32) {
    for (let part = Number(rest & 0xffffffffn); part > 0;) {
      const bit = 31 - Math.clz32(part & -part)
      found.push(word + bit)
      part -= 2 ** bit
    }
  }
  return found
}

export function isOver(run: RunState): boolean {
  return run.status !== 'running'
}

/** Whether nobody is to work on a run, by a pause of its own or one of its blueprint. */
export function isPaused(run: RunState): boolean {
  return !isOver(run) && (run.pausedAt !== undefined || run.heldBy !== undefined)
}

/** When a run failed, also one that is paused in place of its end; undefined of any other. Milliseconds since the epoch. */
export function failedAtOf(run: RunState): number | undefined {
  if (run.status === 'failed') return run.endedAt
  return run.status === 'running' && run.pausedByFailure ? run.pausedAt : undefined
}

/** What a strand is at: the named activation, or the one its message carries on. */
export function currentOf(run: RunState, strand: ActivationKey): ActivationKey | undefined {
  if (run.active.has(strand)) return strand
  for (const [key, entry] of run.active) if (entry.inline && entry.scheduledBy === strand) return key
  return undefined
}

/** The child of one try of an activation. */
export function childIdOf(runId: string, key: ActivationKey, tries: number): string {
  return `${runId}/${key}${tries === 0 ? '' : `~${tries}`}`
}

/**
 * S3 takes keys of 1,024 bytes (Amazon S3 User Guide, "Naming Amazon S3 objects"), and a large value's has its run's
 * id in it, encoded: some 120 subflows may be nested.
 */
const CHILD_ID_AT_MOST = 800

/** Whether the id of a child run is too long to be one: its parents are nested too deep. */
export function isTooDeep(childId: string): boolean {
  return encodeURIComponent(childId).length > CHILD_ID_AT_MOST
}

/** The child runs that a run waits for. */
export function childrenOf(run: RunState): string[] {
  return [...run.active].flatMap(([key, { wait }]) =>
    wait?.kind === 'child' ? [childIdOf(run.runId, key, wait.tries)] : [],
  )
}

/** The latest time that a Date holds. */
const END_OF_TIME = 8.64e15

/** A time as the header keeps it: whole milliseconds. */
export function wholeMs(at: number): number {
  return Number.isNaN(at) ? 0 : Math.min(Math.ceil(at), END_OF_TIME)
}

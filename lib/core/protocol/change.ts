/**
 * A commit in words: what it sets and on which conditions. `transition.ts` makes it, a store applies it in one
 * conditional write, and `apply` says what that write does (the memory store is built on it, and the contract
 * suite holds DynamoDB to it). Pure.
 */
import { type Counts, isNothing, plus } from '../common/run-counts.ts'
import { isBundle } from './inline-value.ts'
import {
  type ActivationKey,
  type ActiveEntry,
  isDone,
  parseActivationKey,
  sameEntry,
  type Outbox,
  type RunState,
  type RunStatus,
} from './run-state.ts'

/** A condition on the header as it is when the commit arrives. */
export type Requirement =
  /** This activation has not ended. */
  | { readonly kind: 'active'; readonly key: ActivationKey }
  /** Fewer than `below` predecessors of this 'all' join have completed: somebody else will be the last. */
  | { readonly kind: 'arrivalsBelow'; readonly node: number; readonly below: number }
  /** Fewer than `below` are counted at this join of n of m: somebody else will make it enough. */
  | { readonly kind: 'arrivedBelow'; readonly node: number; readonly below: number }
  /** Nobody scheduled this node in its present generation. */
  | { readonly kind: 'notFired'; readonly node: number }
  /** The node's last iteration is the one that was seen. */
  | { readonly kind: 'iteration'; readonly node: number; readonly is: number }
  /** Another activation remains, so that somebody else ends the run. */
  | { readonly kind: 'notLast' }
  /** No other activation remains. */
  | { readonly kind: 'last' }
  /** The loop controller does not wait for its loop to drain. */
  | { readonly kind: 'notPending'; readonly node: number }
  /** If the loop controller waits, this activation is still inside its loop and will see it. */
  | { readonly kind: 'activeOrNotPending'; readonly key: ActivationKey; readonly node: number }
  /** This inline value is as seen, or already gone into its page. */
  | { readonly kind: 'inlineValueAsSeen'; readonly name: string; readonly text: string }
  /** This inline value is in the header with this text, or, without one, it is not there. */
  | { readonly kind: 'inlineValueIs'; readonly name: string; readonly text: string | undefined }
  /** No key was moved to a page, and none set in a bundle: what is not in the header is nowhere. */
  | { readonly kind: 'notMoved' }
  /** So many packs of inline values were moved out: nobody else moves any at the same time. */
  | { readonly kind: 'packs'; readonly is: number }
  /** The sweep is not to look at the run before this time, or not at all: setting it makes it sooner, never later. */
  | { readonly kind: 'dueNotBefore'; readonly at: number }
  /** The sweep is to look at the run by this time. */
  | { readonly kind: 'dueBy'; readonly at: number }
  /** Nothing was committed since the run was seen. */
  | { readonly kind: 'unchanged'; readonly seq: number }
  /** The word of completed nodes that a loop reset subtracts from is as seen. */
  | { readonly kind: 'doneWord'; readonly word: number; readonly is: bigint }

/** The end of a run, as a commit writes it. */
export interface Final {
  /** 'running': it would end as failed, and is paused in place of that. */
  readonly status: RunStatus
  /** Milliseconds since the epoch. */
  readonly endedAt: number
  readonly outbox?: Outbox
  /** The run ends though something is left to do: whatever is active is given up, and these child runs are cancelled. */
  readonly givenUp?: { readonly reason: string; readonly children: readonly string[] }
}

/** All that one commit does. Every commit also requires that the run is running and that `end` is active as seen. */
export interface Change {
  readonly end: ActivationKey
  /** The activation as it was seen; one that was suspended meanwhile is another's to go on with. */
  readonly seen: ActiveEntry
  /**
   * Activations that follow `end` one by one and end with it: their nodes come after nodes whose end was put off
   * (`checkpoints.ts`), so that the header never had them. @default - none
   */
  readonly through?: readonly ActivationKey[]
  /** Instead of ending, the activation becomes this. */
  readonly suspend?: ActiveEntry
  /** Each requires that no such activation is active yet. */
  readonly schedule: ReadonlyMap<ActivationKey, ActiveEntry>
  readonly completed: readonly number[]
  readonly reset: readonly number[]
  /** Added to the arrivals of a join; negative where a loop takes completions back. */
  readonly arrive: ReadonlyMap<number, number>
  /** Arrivals to set outright: joins inside a loop that is reset. */
  readonly arrivals: ReadonlyMap<number, number>
  /** Joins whose arrivals matter no more. */
  readonly close: readonly number[]
  /** Joins of n of m at which the node that ends, the last of them, is counted from now on. @default - none */
  readonly arriveAt?: readonly number[]
  /** Those at which nobody is any more. @default - none */
  readonly empty?: readonly number[]
  readonly fire: readonly number[]
  readonly unfire: readonly number[]
  readonly pend: readonly number[]
  readonly unpend: readonly number[]
  readonly iterations: ReadonlyMap<number, number>
  readonly errors: number
  readonly fallback: boolean
  /** Nodes that used their fallback, each with the iteration, that are to be noted. @default - none */
  readonly fallbacks?: ReadonlyMap<number, number>
  readonly inlineValues: ReadonlyMap<string, string>
  /** Inline values that are in their pages now, or in a pack. */
  readonly offloaded: readonly string[]
  /** The number of the pack that they are in. @default - they are in pages */
  readonly pack?: number
  /** Names whose values are in a bundle among the inline values now: whatever the header has of them goes. */
  readonly bundled?: ReadonlySet<string>
  /** Added to what the run used. */
  readonly cost?: Counts
  /** When the sweep must look at the run, where this change makes it sooner. */
  readonly dueAt?: number
  readonly final?: Final
  readonly require: readonly Requirement[]
}

/** Completed nodes are kept in words of this many bits: the largest power of two that a DynamoDB number holds exactly. */
export const WORD_BITS = 120

export function wordOf(done: bigint, word: number): bigint {
  return (done >> BigInt(word * WORD_BITS)) & ((1n << BigInt(WORD_BITS)) - 1n)
}

/** All of them that say something. */
export function wordsOf(done: bigint): bigint[] {
  const words: bigint[] = []
  for (let word = 0; done >> BigInt(word * WORD_BITS) > 0n; word++) words.push(wordOf(done, word))
  return words
}

export function holds(run: RunState, requirement: Requirement): boolean {
  switch (requirement.kind) {
    case 'active':
      return run.active.has(requirement.key)
    case 'arrivalsBelow':
      return (run.arrivals.get(requirement.node) ?? 0) < requirement.below
    case 'arrivedBelow':
      return (run.arrived?.get(requirement.node)?.size ?? 0) < requirement.below
    case 'notFired':
      return !run.fired.has(requirement.node)
    case 'iteration':
      return (run.iterations.get(requirement.node) ?? 0) === requirement.is
    case 'notLast':
      return run.active.size > 1
    case 'last':
      return run.active.size === 1
    case 'notPending':
      return !run.pending.has(requirement.node)
    case 'activeOrNotPending':
      return run.active.has(requirement.key) || !run.pending.has(requirement.node)
    case 'inlineValueAsSeen': {
      const text = run.inlineValues.get(requirement.name)
      return text === undefined || text === requirement.text
    }
    case 'inlineValueIs':
      return run.inlineValues.get(requirement.name) === requirement.text
    case 'notMoved':
      return !run.offloaded && ![...run.inlineValues.keys()].some(isBundle)
    case 'packs':
      return (run.packs ?? 0) === requirement.is
    case 'dueNotBefore':
      return run.dueAt === undefined || run.dueAt >= requirement.at
    case 'dueBy':
      return run.dueAt !== undefined && run.dueAt <= requirement.at
    case 'unchanged':
      return run.seq === requirement.seq
    case 'doneWord':
      return wordOf(run.done, requirement.word) === requirement.is
    default: {
      const never: never = requirement
      return never
    }
  }
}

/** The state after `change`, or undefined where the write is refused. */
export function apply(run: RunState, change: Change): RunState | undefined {
  const entry = run.active.get(change.end)
  if (run.status !== 'running' || !entry || !sameEntry(entry, change.seen)) return undefined
  for (const key of change.schedule.keys()) if (run.active.has(key)) return undefined
  if (!change.require.every((requirement) => holds(run, requirement))) return undefined
  const active = new Map(run.active)
  if (change.suspend) active.set(change.end, change.suspend)
  else active.delete(change.end)
  for (const [key, entry] of change.schedule) active.set(key, entry)
  const givenUp = change.final?.givenUp
  if (givenUp) active.clear()
  const arrivals = new Map(run.arrivals)
  for (const [node, count] of change.arrive) arrivals.set(node, (arrivals.get(node) ?? 0) + count)
  for (const [node, count] of change.arrivals) arrivals.set(node, count)
  for (const node of change.close) arrivals.delete(node)
  const inlineValues = new Map(run.inlineValues)
  for (const name of change.offloaded) inlineValues.delete(name)
  for (const name of change.bundled ?? []) inlineValues.delete(name)
  for (const [name, text] of change.inlineValues) inlineValues.set(name, text)
  let done = run.done
  for (const node of change.reset) if (isDone(done, node)) done -= 1n << BigInt(node)
  for (const node of change.completed) done |= 1n << BigInt(node)
  const { steered, ...rest } = run
  return {
    ...rest,
    ...(steered && !change.final ? { steered } : {}),
    seq: run.seq + 1,
    status: change.final?.status ?? run.status,
    active,
    done,
    arrivals,
    ...arrivedAfter(run, change),
    fired: without(run.fired, change.unfire, change.fire),
    pending: without(run.pending, change.unpend, change.pend),
    iterations: new Map([...run.iterations, ...change.iterations]),
    errors: run.errors + change.errors,
    fallback: run.fallback || change.fallback,
    ...(change.fallbacks ? { fallbacks: new Map([...(run.fallbacks ?? []), ...change.fallbacks]) } : {}),
    inlineValues,
    offloaded: run.offloaded || change.offloaded.length > 0,
    ...(change.pack !== undefined && change.offloaded.length > 0 ? { packs: change.pack } : {}),
    ...(run.deadLetters?.has(change.end) ? { deadLetters: withoutKey(run.deadLetters, change.end) } : {}),
    ...costAfter(run, change.cost),
    dueAt: change.final ? undefined : (change.dueAt ?? run.dueAt),
    outbox: change.final?.outbox ?? run.outbox,
    ...atItsEnd(run, change.final),
    ...(givenUp ? { reason: givenUp.reason, activeAtEnd: run.active } : {}),
    ...(givenUp && givenUp.children.length > 0 ? { cancelledChildren: givenUp.children } : {}),
  }
}

/** Who is counted at joins of n of m. */
export function arrivingNode({ end, through = [] }: Pick<Change, 'end' | 'through'>): number {
  return parseActivationKey(through.at(-1) ?? end).node
}

function arrivedAfter({ arrived }: RunState, change: Change): Pick<RunState, 'arrived'> {
  const { arriveAt = [], empty = [] } = change
  if (arriveAt.length + empty.length === 0) return {}
  const node = arrivingNode(change)
  const after = new Map(arrived)
  for (const join of arriveAt) after.set(join, new Set([...(after.get(join) ?? []), node]))
  for (const join of empty) after.delete(join)
  return { arrived: after.size > 0 ? after : undefined }
}

function atItsEnd(
  { endedAt }: RunState,
  final: Final | undefined,
): Pick<RunState, 'endedAt' | 'pausedAt' | 'pausedByFailure'> {
  if (final?.status !== 'running') return { endedAt: final?.endedAt ?? endedAt }
  return { pausedAt: final.endedAt, pausedByFailure: true }
}

/** What a run has used, with what is added now; nothing where nothing was ever counted. */
export function costAfter(
  { cost }: Pick<RunState, 'cost'>,
  added: Counts | undefined,
): Pick<RunState, 'cost'> {
  if (isNothing(added)) return {}
  const sum = plus(cost, added)
  return { cost: isNothing(sum) ? undefined : sum }
}

/** The message that would run it was sent back, or another did. */
function withoutKey<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> | undefined {
  const rest = new Map([...map].filter(([other]) => other !== key))
  return rest.size > 0 ? rest : undefined
}

function without<T>(set: ReadonlySet<T>, minus: readonly T[], plus: readonly T[]): Set<T> {
  const next = new Set(set)
  for (const item of minus) next.delete(item)
  for (const item of plus) next.add(item)
  return next
}

/**
 * A commit under construction: what was seen, what it will schedule, mark and reset, and what must hold for it. Lives for
 * one call of `decide`. Pure; each condition it demands is what the decision rests on, and no more.
 */
import { type Requirement, WORD_BITS, wordOf } from './change.ts'
import type { Outcome } from './outcome.ts'
import type { RunGraph } from './run-graph.ts'
import { type ActivationKey, type ActiveEntry, parseActivationKey, type RunState } from './run-state.ts'

/** How an activation ended; one that is suspended decides nothing. */
export type Ended = Exclude<Outcome, { kind: 'suspended' }>

/** What a decision starts from. */
export interface Seen {
  readonly graph: RunGraph
  readonly run: RunState
  readonly key: ActivationKey
  readonly entry: ActiveEntry
  readonly outcome: Ended
}

export class Draft {
  readonly graph: RunGraph
  readonly run: RunState
  readonly node: number
  readonly outcome: Ended
  /** Nodes of the other active activations. */
  readonly others: readonly { readonly node: number; readonly key: ActivationKey }[]
  readonly require: Requirement[] = []
  readonly schedule = new Set<number>()
  readonly fire = new Set<number>()
  readonly unfire = new Set<number>()
  readonly pend = new Set<number>()
  readonly unpend = new Set<number>()
  /** Joins of n of m at which the node is counted. */
  readonly arriveAt = new Set<number>()
  /** What has completed when the commit is made. */
  doneAfter: bigint

  constructor({ graph, run, key, outcome }: Seen) {
    this.graph = graph
    this.run = run
    this.node = parseActivationKey(key).node
    this.outcome = outcome
    this.doneAfter = run.done
    this.others = [...run.active.keys()]
      .filter((other) => other !== key)
      .map((other) => ({ node: parseActivationKey(other).node, key: other }))
  }

  isActive(node: number): boolean {
    return this.others.some((other) => other.node === node)
  }

  /** Schedules a node unless its present generation already did. */
  scheduleOnce(node: number): void {
    const opensGeneration = this.graph.loopClosedBy(this.node, node)
    if (this.isActive(node)) return
    if (this.graph.contested.has(node)) {
      if (!opensGeneration) {
        if (!this.unfire.has(node)) {
          if (this.run.fired.has(node)) return
          this.require.push({ kind: 'notFired', node })
        }
      }
      this.fire.add(node)
    } else if (this.outcome.kind === 'fallback' && !this.run.fired.has(node)) {
      // A node that another made may have named the same one.
      this.require.push({ kind: 'notFired', node })
    }
    if (opensGeneration) for (const inside of opensGeneration) if (inside !== node) this.unfire.add(inside)
    this.schedule.add(node)
  }

  /** What was seen of the completion of this node (and of those in its word) must still be so. */
  requireWord(node: number): void {
    const word = Math.floor(node / WORD_BITS)
    if (this.require.some((other) => other.kind === 'doneWord' && other.word === word)) return
    this.require.push({ kind: 'doneWord', word, is: wordOf(this.run.done, word) })
  }
}

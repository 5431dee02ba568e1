/** What became of many runs, or would become of them: added up as the outcomes come. Pure. */
import type { OutcomeView, ProblemView } from '../../../../lib/console/views.ts'

export interface Refusal {
  readonly problem: ProblemView
  readonly count: number
  /** Ids of runs, 3 at most. */
  readonly examples: readonly string[]
}

export interface BulkSummary {
  /** Ids of runs for which it was done, or would be. */
  readonly done: readonly string[]
  /** Nodes that run again, and in how many runs; the most frequent first. */
  readonly again: readonly (readonly [nodeId: string, runs: number])[]
  readonly goesOn: readonly (readonly [nodeId: string, runs: number])[]
  readonly children: number
  /** By code, the most frequent first. */
  readonly refused: readonly Refusal[]
  readonly refusedCount: number
  /** It went no further. */
  readonly problem?: ProblemView
}

const EXAMPLES_AT_MOST = 3

/** Takes outcomes in; what they add up to is made when it is asked for. */
export class BulkOutcomes {
  readonly #done: string[] = []
  readonly #again = new Map<string, number>()
  readonly #goesOn = new Map<string, number>()
  readonly #refused = new Map<string, Refusal>()
  #children = 0
  #refusedCount = 0
  #problem: ProblemView | undefined

  add(outcome: OutcomeView): void {
    if ('problem' in outcome) this.#problem = outcome.problem
    else if ('error' in outcome) this.#refuse(outcome.runId, outcome.error)
    else {
      this.#done.push(outcome.runId)
      count(this.#again, outcome.again)
      count(this.#goesOn, outcome.goesOn)
      this.#children += outcome.children?.length ?? 0
    }
  }

  get summary(): BulkSummary {
    return {
      done: [...this.#done],
      again: byCount(this.#again),
      goesOn: byCount(this.#goesOn),
      children: this.#children,
      refused: [...this.#refused.values()].toSorted((a, b) => b.count - a.count),
      refusedCount: this.#refusedCount,
      problem: this.#problem,
    }
  }

  #refuse(runId: string, problem: ProblemView): void {
    this.#refusedCount += 1
    const { examples = [], count = 0, ...known } = this.#refused.get(problem.code) ?? { problem }
    this.#refused.set(problem.code, {
      ...known,
      count: count + 1,
      examples: examples.length < EXAMPLES_AT_MOST ? [...examples, runId] : examples,
    })
  }
}

function count(counts: Map<string, number>, nodeIds: readonly string[] = []): void {
  for (const nodeId of nodeIds) counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1)
}

function byCount(counts: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...counts].toSorted(([, a], [, b]) => b - a)
}

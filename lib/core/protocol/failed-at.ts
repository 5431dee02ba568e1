/**
 * What is noted of an activation that fails, for whoever redrives the run: the node that gave its input, where the graph
 * does not say which one did, and the rounds of the loops around it. Pure.
 */
import type { RunGraph } from './run-graph.ts'
import type { ActiveEntry, RunState } from './run-state.ts'

export interface FailedAt {
  /** As in its active entry. */
  readonly source?: number
  /** How often each controller of a loop around it had run. */
  readonly rounds: ReadonlyMap<number, number>
}

/** The note, as a text; undefined where there is nothing to say. A loop goes on only when nothing inside it is active. */
export function failedAt(
  graph: RunGraph,
  { iterations }: Pick<RunState, 'iterations'>,
  node: number,
  { source }: ActiveEntry,
): string | undefined {
  const around = graph.loopsAround(node)
  if (source === undefined && around.length === 0) return undefined
  const rounds = around.map((controller) => `${controller}:${iterations.get(controller) ?? 0}`)
  return [source ?? '', ...rounds].join(' ')
}

export function parseFailedAt(text: string): FailedAt {
  const [source = '', ...rounds] = text.split(' ')
  return {
    ...(source === '' ? {} : { source: Number(source) }),
    rounds: new Map(rounds.map((round) => round.split(':').map(Number) as [number, number])),
  }
}

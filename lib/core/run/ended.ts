/** What is known of a run that has ended, for whoever takes it up again or forks it. */
import { FlowcraftAwsError } from '../common/errors.ts'
import { parseInlineValue } from '../protocol/inline-value.ts'
import { type FailedAt, parseFailedAt } from '../protocol/failed-at.ts'
import type { Ended } from '../protocol/redrive.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import type { ActivationKey, RunState } from '../protocol/run-state.ts'

/** Which activations failed, by the names of the errors that are stored: of a batch there is one for each item. */
export function endedAs(texts: ReadonlyMap<string, string>): Ended {
  const failed = new Map<ActivationKey, string[]>()
  const at = new Map<ActivationKey, FailedAt>()
  const givers = new Map<number, number>()
  for (const [name, text] of texts) {
    const join = /^f(\d+)$/.exec(name)?.[1]
    if (join !== undefined) givers.set(Number(join), Number(parseInlineValue(text).body))
    const noted = /^g(\d+\.\d+)$/.exec(name)?.[1] as ActivationKey | undefined
    if (noted !== undefined) at.set(noted, parseFailedAt(parseInlineValue(text).body))
    const key = /^x(\d+\.\d+)(-\d+)?$/.exec(name)?.[1] as ActivationKey | undefined
    if (key === undefined || parseInlineValue(text).kind === '-') continue
    failed.set(key, [...(failed.get(key) ?? []), name])
  }
  return { failed: [...failed].map(([key, ofKey]) => ({ key, names: ofKey, at: at.get(key) })), givers }
}

/** @throws FlowcraftAwsError INVALID_INPUT, with the nodes that there are */
export function nodeOf(graph: RunGraph, { runId }: RunState, id: string): number {
  const node = graph.find(id)
  if (node !== undefined) return node
  const all = graph.blueprint.nodes.map((other) => `'${other.id}'`).join(', ')
  throw new FlowcraftAwsError('INVALID_INPUT', `run '${runId}' has no node '${id}'; it has ${all}`, { runId })
}

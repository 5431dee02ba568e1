/** What a node with `runs: 'always'` is given: what came of all that leads to it. */
import { isError, messageOf, propertyOf, textOf } from '../common/thrown.ts'
import type { AlwaysError, AlwaysInput } from '../protocol/always-nodes.ts'
import { errorNamed } from '../protocol/inline-value.ts'
import type { ExecuteOptions } from './node-call.ts'

/** All of it is over, so whoever executes the node sees the same. */
export async function alwaysInputOf({ graph, run, node, context }: ExecuteOptions): Promise<AlwaysInput> {
  const leading = graph.leading.get(node)
  const isWanted = (name: string): boolean => {
    const error = errorNamed(name)
    // The error of a node is kept where its fallback stood in for it.
    const isStoodIn = error !== undefined && !error.isMade && run.fallbacks?.has(error.node)
    return error !== undefined && leading?.has(error.node) === true && isStoodIn !== true
  }
  const records = run.errors === 0 ? [] : await context.errors(isWanted)
  const outputs = new Map<string, unknown>()
  for (const id of graph.beforeAlways.get(node) ?? []) {
    const key = `_outputs.${id}`
    if (await context.has(key)) outputs.set(id, await context.get(key))
  }
  return alwaysInput(
    records.map(({ nodeId, originalError }) => alwaysError(nodeId, originalError)),
    outputs,
  )
}

export function alwaysInput(
  errors: readonly AlwaysError[],
  outputs: ReadonlyMap<string, unknown>,
): AlwaysInput {
  return {
    status: errors.length > 0 ? 'failed' : 'completed',
    errors: errors.toSorted((one, other) => (textOfError(one) < textOfError(other) ? -1 : 1)),
    outputs: Object.fromEntries(outputs),
  }
}

/** The engine wraps what a node's code threw. */
export function alwaysError(nodeId: string, error: unknown): AlwaysError {
  const cause = propertyOf(error, 'cause')
  const isWrapped =
    cause !== undefined && propertyOf(error, 'message') === `Node '${nodeId}' execution failed`
  const thrown = isWrapped ? cause : error
  const name = propertyOf(thrown, 'name')
  const message = isError(thrown) ? messageOf(thrown) : textOf(propertyOf(thrown, 'message') ?? '')
  return { nodeId, name: typeof name === 'string' ? name : 'Error', message }
}

function textOfError({ nodeId, message }: AlwaysError): string {
  return JSON.stringify([nodeId, message])
}

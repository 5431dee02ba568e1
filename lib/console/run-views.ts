/** A run and its parts as the page shows them. Pure. */
import type { WorkflowBlueprint } from 'flowcraft'
import type { RunDescription } from '../core/run/describe.ts'
import { itemOf } from '../core/protocol/batch.ts'
import type { LostValue } from '../core/values/lost.ts'
import { asJson, type Json, jsonText } from './json.ts'
import type { ContextView, ErrorView, GraphView, RunView, ValueView } from './views.ts'

/** A value whose JSON is longer is folded, until it is asked for by itself. */
const FOLD_FROM_BYTES = 32_768
/** Beside how a run stands. */
const TOLD_AT_MOST = 20
/** Of a batch of which all items fail, say. */
export const ERRORS_AT_MOST = 100

export function runView(run: RunDescription): RunView {
  const { context: _, errors: __, nodes: ___, waiting: ____, lost: _____, ...shown } = run
  const errors = errorViews(run)
  const [first, more] = [errors.slice(0, TOLD_AT_MOST), errors.length - TOLD_AT_MOST]
  const told = first.map(({ nodeId, item, name, message }) => ({ nodeId, item, name, message }))
  return asJson({
    ...shown,
    ...(told.length > 0 ? { errors: told } : {}),
    ...(more > 0 ? { moreErrors: more } : {}),
  })
}

export function graphView({ id, nodes, edges }: WorkflowBlueprint): GraphView {
  return {
    blueprintId: id,
    nodes: nodes.map((node) => {
      const { uses, params, config = {} } = node
      const { joinStrategy, maxRetries, timeout, fallback } = config
      const count: unknown = Reflect.get(config, 'joinCount')
      const join = joinStrategy === 'any' ? (typeof count === 'number' ? `any ${count}` : 'any') : undefined
      const child: unknown = params?.['blueprintId']
      return {
        id: node.id,
        uses,
        ...(typeof child === 'string' ? { child } : {}),
        ...(join === undefined ? {} : { join }),
        ...(maxRetries === undefined ? {} : { maxRetries }),
        ...(timeout === undefined ? {} : { timeoutMs: timeout }),
        ...(fallback === undefined ? {} : { fallback }),
      }
    }),
    edges: edges.map(({ source, target, action, condition }) => ({
      source,
      target,
      ...(action === undefined ? {} : { action }),
      ...(condition === undefined ? {} : { condition }),
    })),
  }
}

export function valueView(value: unknown, { folds }: { readonly folds: boolean }): ValueView {
  const text = jsonText(value)
  const bytes = Buffer.byteLength(text)
  return folds && bytes > FOLD_FROM_BYTES
    ? { folded: true, bytes }
    : { value: JSON.parse(text) as Json, bytes }
}

export function contextView({ context, lost = [] }: Pick<RunDescription, 'context' | 'lost'>): ContextView {
  const there = Object.entries(context).map(([key, value]) => ({ key, ...valueView(value, { folds: true }) }))
  const gone = lost
    .filter(({ key }) => !key.startsWith('_errors.'))
    .map(({ key, reason }: LostValue) => ({ key, lost: reason }))
  return { keys: [...there, ...gone] }
}

interface Cause {
  readonly name?: string
  readonly message: string
  readonly stack?: string
  readonly cause?: Cause
}

/** Of items by the node that scattered them. */
export function errorViews({
  errors = [],
  progress,
}: Pick<RunDescription, 'errors' | 'progress'>): ErrorView[] {
  return errors.map(({ nodeId, message, timestamp, originalError }) => {
    const of = itemOf(nodeId)
    const scatter = of && progress[of.node]?.nodeId
    return {
      ...(scatter === undefined ? { nodeId } : { nodeId: scatter, item: of?.item }),
      at: timestamp,
      ...causeView(withoutWrapper(originalError), message),
    }
  })
}

/** What the engine wraps an error in says nothing of it. */
function withoutWrapper(error: Cause): Cause {
  return error.name === 'FlowcraftError' && error.cause ? withoutWrapper(error.cause) : error
}

function causeView({ name, message, stack, cause }: Cause, told?: string): ErrorView {
  return {
    ...(name === undefined ? {} : { name }),
    message: message || (told ?? ''),
    ...(stack === undefined ? {} : { stack }),
    ...(cause ? { cause: causeView(cause) } : {}),
  }
}

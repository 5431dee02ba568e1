/** Keys of a context. In memory any value can be one; a run can store those that are texts, or have one text only. */
import { FlowcraftAwsError } from '../common/errors.ts'
import { CONTEXT_KEY_BYTES } from '../common/size-limits.ts'
import { beginningOf, isWellFormed } from '../common/texts.ts'
import { show, textOf } from '../common/thrown.ts'

/** What a node did to a key. */
export type Write = { readonly value: unknown } | 'deleted'

/**
 * The key that a value means. A number, a boolean and nothing at all mean their texts, under which the result of a run
 * in memory has them too; a symbol or an object is a key of its own, which only the node that sets it can read.
 */
export function contextKey(key: unknown): unknown {
  if (key === null || ['undefined', 'number', 'boolean', 'bigint'].includes(typeof key)) return String(key)
  return key
}

/** @throws FlowcraftAwsError VALUE_NOT_SERIALIZABLE where no run can store a value under this key; `by` says who set it */
export function checkKey(key: unknown, by: string): asserts key is string {
  const problem = keyProblem(key)
  if (problem === undefined) return
  const shown = typeof key === 'string' ? show(key) : beginningOf(textOf(key), 80)
  throw new FlowcraftAwsError('VALUE_NOT_SERIALIZABLE', `cannot store context key ${shown}${by}: ${problem}`)
}

function keyProblem(key: unknown): string | undefined {
  if (typeof key !== 'string') return `it is a ${typeof key}, and keys are texts`
  if (!isWellFormed(key)) return 'it holds half a character (a lone UTF-16 surrogate)'
  const bytes = Buffer.byteLength(key)
  return bytes > CONTEXT_KEY_BYTES ? `it has ${bytes} bytes; at most ${CONTEXT_KEY_BYTES}` : undefined
}

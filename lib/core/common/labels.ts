/** Labels of a run: few and short, since they stand in its header, in the index and in items of their own. */
import { show } from './thrown.ts'

/** By name, such as `{ orderId: 'A-17' }`. */
export type RunLabels = Readonly<Record<string, string>>

const LABELS_AT_MOST = 5
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$/
const NAME_RULE = '1 to 40 characters of A-Z a-z 0-9 _ . -, the first a letter or a digit'
const VALUE_CHARACTERS = 100
/** Of names and values together, in UTF-8. */
const BYTES = 256

/** All that is wrong with the labels of a run, in one sentence; undefined where nothing is. */
export function labelsProblem(labels: unknown): string | undefined {
  if (labels === undefined) return undefined
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) {
    return `labels must be an object of strings by name, such as { orderId: 'A-17' }; got ${show(labels)}`
  }
  const entries = Object.entries(labels as Record<string, unknown>)
  const problems = entries.flatMap(([name, value]) => labelProblem(name, value) ?? [])
  if (entries.length > LABELS_AT_MOST) problems.push(`${LABELS_AT_MOST} at most; got ${entries.length}`)
  const bytes = entries.reduce((sum, [name, value]) => sum + Buffer.byteLength(`${name}${String(value)}`), 0)
  if (problems.length === 0 && bytes > BYTES)
    problems.push(`${BYTES} bytes of names and values at most; got ${bytes}`)
  return problems.length > 0 ? `labels: ${problems.join(', ')}` : undefined
}

function labelProblem(name: string, value: unknown): string | undefined {
  if (!NAME.test(name)) return `a name must be ${NAME_RULE}; got ${show(name)}`
  const isText = typeof value === 'string' && value !== '' && value.length <= VALUE_CHARACTERS
  // Half of a character is no text that DynamoDB takes.
  if (isText && !/\p{Surrogate}/u.test(value)) return undefined
  return `'${name}' must be a string of 1 to ${VALUE_CHARACTERS} characters; got ${show(value)}`
}

/** The labels as a run keeps them: in one order, and none at all where there is none. */
export function keptLabels(labels: RunLabels | undefined): RunLabels | undefined {
  const entries = Object.entries(labels ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}

/** A run's input by the schema of its blueprint. */
import { FlowcraftAwsError, messageOf, problemsError } from '../common/errors.ts'
import { inputProblem } from '../common/plain-object.ts'
import type { StandardIssue, StandardResult, StandardSchema } from '../common/standard-schema.ts'

type Input = Record<string, unknown>

/** More do not help, and an error must fit where errors go. */
const ISSUES_AT_MOST = 100
/** What the edges of a parent give the start nodes of a child run. */
const OF_EDGES = '_inputs.'

/**
 * What the schema makes of an input: its defaults and conversions are in it.
 * @throws FlowcraftAwsError INVALID_INPUT, with all that is wrong and where
 */
export async function parsedInput(schema: StandardSchema, blueprintId: string, input: Input): Promise<Input> {
  const refused = `cannot start '${blueprintId}'`
  const result = await validated(schema, refused, input)
  if (result.issues) throw problemsError('INVALID_INPUT', refused, problemsOf(result.issues))
  const problem = inputProblem(result.value ?? null)
  if (problem) throw problemsError('INVALID_INPUT', refused, [`what its schema gives as ${problem}`])
  return result.value as Input
}

/** As `parsedInput`, for a run that a node starts: what the node's edges gave is no key of the context. */
export async function parsedChildInput(
  schema: StandardSchema,
  blueprintId: string,
  input: Input,
): Promise<Input> {
  const entries = Object.entries(input)
  const own = Object.fromEntries(entries.filter((entry) => !isOfEdges(entry)))
  return {
    ...(await parsedInput(schema, blueprintId, own)),
    ...Object.fromEntries(entries.filter(isOfEdges)),
  }
}

function isOfEdges([key]: readonly [string, unknown]): boolean {
  return key.startsWith(OF_EDGES)
}

async function validated(
  schema: StandardSchema,
  refused: string,
  input: Input,
): Promise<StandardResult<unknown>> {
  try {
    return await schema['~standard'].validate(input)
  } catch (cause) {
    throw new FlowcraftAwsError('INVALID_INPUT', `${refused}: its schema threw: ${messageOf(cause)}`, {
      cause,
    })
  }
}

function problemsOf(issues: readonly StandardIssue[]): string[] {
  const shown = issues
    .slice(0, ISSUES_AT_MOST)
    .map(({ path = [], message }) => `${placeOf(path)}: ${message}`)
  const more = issues.length - shown.length
  return more > 0 ? [...shown, `and ${more} more`] : shown
}

/** Such as `input.items[0].sku`. */
function placeOf(path: NonNullable<StandardIssue['path']>): string {
  return path
    .map((segment) => (typeof segment === 'object' ? segment.key : segment))
    .reduce<string>((place, key) => {
      if (typeof key === 'number') return `${place}[${key}]`
      const name = String(key)
      return /^[A-Za-z_$][\w$]*$/.test(name) ? `${place}.${name}` : `${place}[${JSON.stringify(name)}]`
    }, 'input')
}

/** What the functions of operators and readers do: a verb of `RunClient`, by its name, with arguments that JSON carries. */
import type { DeadLetterBox, RunClient, RunDescription } from 'flowcraft-aws'

type Verbs<T> = { [Name in keyof T]: T[Name] extends (...args: never) => unknown ? Name : never }[keyof T]

export interface Operation {
  readonly method: Verbs<RunClient> | `deadLetters.${Verbs<DeadLetterBox>}`
  readonly args: readonly unknown[]
  /** Of a run's context only these: an answer of Lambda's has 6 MB at most. @default - all */
  readonly keys?: readonly string[]
  /** Whether AWS must refuse it: then the answer is `{ refused }`, and nothing is logged. @default false */
  readonly isRefused?: boolean
}

export interface Refusal {
  readonly refused: string
}

type Verb = (...args: readonly unknown[]) => unknown

export async function operate(client: RunClient, operation: Operation): Promise<unknown> {
  try {
    return only(await called(client, operation), operation.keys)
  } catch (error) {
    const { name, message } = deepest(error)
    if (operation.isRefused && name.startsWith('AccessDenied')) return { refused: message }
    throw error
  }
}

async function called(client: RunClient, { method, args }: Operation): Promise<unknown> {
  const [last = '', box] = method.split('.').toReversed()
  const owner = box === undefined ? client : client.deadLetters
  const verb = (owner as unknown as Readonly<Record<string, Verb>>)[last] as Verb
  const result = verb.apply(owner, args.map(withDates))
  return isIterable(result) ? listOf(result) : result
}

function only(answer: unknown, keys?: readonly string[]): unknown {
  if (!keys) return answer
  const { context, ...rest } = answer as RunDescription
  return { ...rest, context: Object.fromEntries(keys.map((key) => [key, context[key]])) }
}

/** All that it gives; an error among it by its message. */
async function listOf(all: AsyncIterable<object>): Promise<object[]> {
  const list: object[] = []
  for await (const one of all) list.push('error' in one ? { ...one, error: String(one.error) } : one)
  return list
}

function isIterable(value: unknown): value is AsyncIterable<object> {
  return Symbol.asyncIterator in Object(value)
}

const DATES = new Set(['since', 'startedAfter'])

/** JSON has no dates. */
function withDates(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, inner: unknown) =>
    DATES.has(key) ? new Date(inner as string) : inner,
  )
}

function deepest(error: unknown): Error {
  const { cause } = error as Error
  return cause instanceof Error ? deepest(cause) : (error as Error)
}

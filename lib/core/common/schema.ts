/** Checks of what comes from outside, by valibot, in this package's words: what must be, and what came. */
import * as v from 'valibot'
import { show } from './thrown.ts'

type Entries = Readonly<Record<string, v.GenericSchema>>

/** A value that must be as `schema` says; whatever is wrong with it is one sentence, such as 'due must be a time'. */
export function must<S extends v.GenericSchema>(schema: S, sentence: string) {
  return problem((value) => (v.is(schema, value) ? undefined : `${sentence}; got ${show(value)}`), schema)
}

/** A value with which `problemOf` finds nothing wrong. `schema` says what becomes of it. @default - as it is */
export function problem<S extends v.GenericSchema>(
  problemOf: (value: unknown) => string | undefined,
  schema: S,
) {
  return v.pipe(
    v.unknown(),
    v.rawTransform(({ dataset, addIssue, NEVER }): v.InferOutput<S> => {
      const message = problemOf(dataset.value)
      if (message === undefined) return v.parse(schema, dataset.value)
      addIssue({ message })
      return NEVER
    }),
  )
}

export const url = v.pipe(v.string(), v.check(URL.canParse))

/** Numbers from 0, such as positions and times. */
export const index = v.pipe(v.number(), v.integer(), v.minValue(0))

/** All that is wrong with a value. */
export function problemsOf(schema: v.GenericSchema, value: unknown): string[] {
  return v.safeParse(schema, value).issues?.map(({ message }) => message) ?? []
}

/** The known entries of an object; nothing else of it. @throws what `refusal` makes of all that is wrong with it */
export function checked<E extends Entries>(
  schema: v.ObjectSchema<E, undefined>,
  value: object,
  refusal: (problems: readonly string[]) => Error,
): v.InferOutput<typeof schema> {
  // An entry that is missing is wrong in the same words as one that is undefined.
  const absent = Object.fromEntries(Object.keys(schema.entries).map((name) => [name, undefined]))
  const result = v.safeParse(schema, { ...absent, ...value })
  if (!result.success) throw refusal(result.issues.map(({ message }) => message))
  const given = Object.entries(result.output).filter(([, entry]) => entry !== undefined)
  return Object.fromEntries(given) as v.InferOutput<typeof schema>
}

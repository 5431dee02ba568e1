/** Runs cases in memory and by the protocol, and tells those that end otherwise. */
import { isDeepStrictEqual } from 'node:util'
import { messageOf } from '../../lib/core/common/errors.ts'
import type { LocalAws } from '../../lib/local/index.ts'
import { runOnAws } from './aws.ts'
import type { ConformanceCase } from './case.ts'
import { comparedOf, expectedOf } from './check.ts'
import { runOnService } from './outcome.ts'

/** A case that ends otherwise than it should. */
export interface Difference {
  readonly name: string
  /** What of the outcome is not as expected, as far as a few lines tell it. */
  readonly how: string
}

/** Cases that run at a time on the local AWS. */
const AT_A_TIME = 6
const CHARACTERS_AT_MOST = 400

/** In the order of the cases. `aws`: over the local AWS rather than stores in memory. */
export async function differencesOf(
  cases: readonly ConformanceCase[],
  aws: LocalAws | undefined,
): Promise<Difference[]> {
  const different = new Map<ConformanceCase, string>()
  const todo = [...cases]
  const work = async () => {
    for (let one = todo.shift(); one; one = todo.shift()) {
      const how = await differenceOf(one, aws).catch((error: unknown) => `it threw ${messageOf(error)}`)
      if (how !== undefined) different.set(one, how)
    }
  }
  await Promise.all(Array.from({ length: aws ? AT_A_TIME : 1 }, work))
  return cases.flatMap((one) => {
    const how = different.get(one)
    return how === undefined ? [] : [{ name: one.name, how }]
  })
}

async function differenceOf(one: ConformanceCase, aws: LocalAws | undefined): Promise<string | undefined> {
  const expected = await expectedOf(one)
  const outcomes = aws
    ? [await runOnAws(aws, one.make())]
    : [await runOnService(one.make(), true), await runOnService(one.make(), false)]
  for (const outcome of outcomes) {
    const compared = comparedOf(one, outcome)
    if (!isDeepStrictEqual(compared, expected)) return difference(compared, expected)
  }
  return undefined
}

function difference<T extends object>(got: T, wanted: T): string {
  const keys = Object.keys(wanted) as (keyof T)[]
  return keys
    .filter((key) => !isDeepStrictEqual(got[key], wanted[key]))
    .map((key) => `${String(key)}: ${short(got[key])} instead of ${short(wanted[key])}`)
    .join('; ')
}

function short(value: unknown): string {
  return JSON.stringify(value)?.slice(0, CHARACTERS_AT_MOST) ?? 'nothing'
}

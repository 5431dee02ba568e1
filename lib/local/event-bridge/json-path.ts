// The part of JSON paths that EventBridge knows: names after dots, numbers and asterisks in brackets. Pure.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html

import { localError } from '../errors.ts'

const PATH = /^\$(\.[^.[\]]+|\[(\d+|\*)\])*$/
const STEPS = /\.([^.[\]]+)|\[(\d+|\*)\]/g

/**
 * What finds a value; undefined where there is none, a list where the path has an asterisk.
 * @throws FlowcraftAwsError LOCAL_AWS for a path that is none
 */
export function pathOf(path: string): (value: unknown) => unknown {
  if (!PATH.test(path)) {
    throw localError(
      `a JSON path must be $ and names after dots or numbers in brackets, such as $.detail.items[0]; got ${path}`,
    )
  }
  const steps = [...path.matchAll(STEPS)].map(([, name, index]) => (name ?? index) as string)
  return (value) => {
    const found = steps.reduce<unknown[]>(
      (values, step) => values.flatMap((one) => stepInto(one, step)),
      [value],
    )
    return steps.includes('*') ? found : found[0]
  }
}

function stepInto(value: unknown, step: string): unknown[] {
  if (typeof value !== 'object' || value === null) return []
  if (step === '*') return Object.values(value)
  return Object.hasOwn(value, step) ? [(value as Record<string, unknown>)[step]] : []
}

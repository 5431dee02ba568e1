/**
 * Conditions of a statement. Pure.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html and
 * reference_policies_condition-single-vs-multi-valued-context-keys.html (November 2026)
 */
import { localError } from '../errors.ts'
import { type Context, isArnLike, isLike, withVariables } from './patterns.ts'
import type { PolicyStatement } from './types.ts'

type Compare = (value: string, wanted: string) => boolean

const number = (compare: (a: number, b: number) => boolean): Compare => {
  return (value, wanted) => compare(Number(value), Number(wanted))
}
const date = (compare: (a: number, b: number) => boolean): Compare => {
  return (value, wanted) => compare(timeOf(value), timeOf(wanted))
}
const sameText: Compare = (value, wanted) => value === wanted
const sameLetters: Compare = (value, wanted) => value.toLowerCase() === wanted.toLowerCase()

const OPERATORS: Readonly<Record<string, Compare>> = {
  StringEquals: sameText,
  StringEqualsIgnoreCase: sameLetters,
  StringLike: (value, wanted) => isLike(value, wanted),
  // "The ArnEquals and ArnLike condition operators behave identically."
  ArnEquals: isArnLike,
  ArnLike: isArnLike,
  Bool: sameLetters,
  NumericEquals: number((a, b) => a === b),
  NumericLessThan: number((a, b) => a < b),
  NumericLessThanEquals: number((a, b) => a <= b),
  NumericGreaterThan: number((a, b) => a > b),
  NumericGreaterThanEquals: number((a, b) => a >= b),
  DateEquals: date((a, b) => a === b),
  DateLessThan: date((a, b) => a < b),
  DateLessThanEquals: date((a, b) => a <= b),
  DateGreaterThan: date((a, b) => a > b),
  DateGreaterThanEquals: date((a, b) => a >= b),
}

/** Those with "Not" in them: true where none of the values matches, also where the key is not there. */
const NEGATED: Readonly<Record<string, string>> = {
  StringNotEquals: 'StringEquals',
  StringNotEqualsIgnoreCase: 'StringEqualsIgnoreCase',
  StringNotLike: 'StringLike',
  ArnNotEquals: 'ArnEquals',
  ArnNotLike: 'ArnLike',
  NumericNotEquals: 'NumericEquals',
  DateNotEquals: 'DateEquals',
}

interface Operator {
  readonly compare: Compare
  readonly isNegated: boolean
  readonly ifExists: boolean
  readonly set: 'ForAllValues' | 'ForAnyValue' | undefined
}

/** @throws FlowcraftAwsError LOCAL_AWS for an operator that is not played */
export function checkCondition(condition: PolicyStatement['Condition'] = {}): void {
  for (const name of Object.keys(condition)) if (name !== 'Null') operatorOf(name)
}

/** Whether a request is as a condition asks: all its operators, all their keys, one of the values of each. */
export function holds(condition: PolicyStatement['Condition'], context: Context): boolean {
  return Object.entries(condition ?? {}).every(([name, byKey]) =>
    Object.entries(byKey).every(([key, wanted]) => {
      const values = context[key.toLowerCase()]
      const texts = [wanted].flat().map(String)
      if (name === 'Null') return texts.includes(String(values === undefined || values.length === 0))
      const patterns = texts.flatMap((text) => withVariables(text, context) ?? [])
      return holdsFor(operatorOf(name), values, patterns)
    }),
  )
}

function holdsFor(operator: Operator, values: readonly string[] = [], wanted: readonly string[]): boolean {
  const { compare, isNegated, ifExists, set } = operator
  const isOne = (value: string) => wanted.some((one) => compare(value, one)) !== isNegated
  // "ForAllValues ... also returns true if there are no context keys in the request"; ForAnyValue false.
  if (set === 'ForAllValues') return values.every(isOne)
  if (values.length === 0) return ifExists || (isNegated && set === undefined)
  if (set === 'ForAnyValue') return values.some(isOne)
  return isNegated ? values.every(isOne) : values.some(isOne)
}

function operatorOf(name: string): Operator {
  const [, set, base = '', ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(name) ?? []
  const positive = NEGATED[base]
  const compare = OPERATORS[positive ?? base]
  if (!compare) {
    const all = [...Object.keys(OPERATORS), ...Object.keys(NEGATED), 'Null'].join(', ')
    throw localError(
      `the condition operator ${name} is not played: startLocalAws({ strict: false }) checks no permissions; played are ${all}`,
    )
  }
  return {
    compare,
    isNegated: positive !== undefined,
    ifExists: ifExists !== undefined,
    set: set as Operator['set'],
  }
}

/** ISO 8601, or seconds since 1970. */
function timeOf(text: string): number {
  return /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text)
}

// Event patterns: which events a rule takes. Pure.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html

import { localError, messageOf } from '../errors.ts'
import { type Comparison, comparisonOf, isObject, type Scalar } from './comparisons.ts'

/** What a pattern says of one field. */
interface Condition {
  /** Of names, with dots. */
  readonly path: string
  readonly comparisons: readonly Comparison[]
  /** Whether the field may be missing. */
  readonly takesAbsence: boolean
}

/** A value of an event, and in which elements of which lists it stands. */
interface Field {
  readonly value: Scalar
  readonly elements: ReadonlyMap<number, number>
}

/**
 * Checks a pattern, and gives what compares events with it.
 * @throws FlowcraftAwsError LOCAL_AWS that lists all that is wrong with it
 */
export function compilePattern(pattern: unknown): (event: object) => boolean {
  const problems: string[] = []
  if (!isObject(pattern)) problems.push('it must be an object')
  const alternatives = isObject(pattern) ? alternativesOf(pattern, '', problems) : []
  if (problems.length > 0) {
    throw localError(`the event pattern is not valid:\n- ${problems.join('\n- ')}`)
  }
  return (event) => {
    const fields = fieldsOf(event)
    return alternatives.some((conditions) => allHold(conditions, fields))
  }
}

/** Each is a list of conditions that must hold together; several come of `$or`. */
function alternativesOf(pattern: object, path: string, problems: string[]): Condition[][] {
  const entries = Object.entries(pattern)
  if (entries.length === 0) problems.push(`${path || 'the pattern'} must not be empty`)
  let all: Condition[][] = [[]]
  for (const [name, value] of entries) {
    const more = ofField(name, value, path, problems)
    all = all.flatMap((conditions) => more.map((others) => [...conditions, ...others]))
  }
  return all
}

function ofField(name: string, value: unknown, path: string, problems: string[]): Condition[][] {
  const inner = path === '' ? name : `${path}.${name}`
  if (name === '$or' && Array.isArray(value)) {
    if (value.length > 1 && value.every(isObject)) {
      return value.flatMap((one) => alternativesOf(one, path, problems))
    }
    problems.push(`${inner} must be a list of two objects or more`)
    return []
  }
  if (isObject(value)) return alternativesOf(value, inner, problems)
  if (!Array.isArray(value))
    problems.push(`${inner} must be a list or an object; got ${JSON.stringify(value)}`)
  else if (value.length === 0) problems.push(`${inner} must not be an empty list`)
  else return [[conditionOf(inner, value, problems)]]
  return []
}

function conditionOf(path: string, values: readonly unknown[], problems: string[]): Condition {
  const comparisons: Comparison[] = []
  let takesAbsence = false
  for (const value of values) {
    try {
      const comparison = comparisonOf(value)
      if (typeof comparison === 'function') comparisons.push(comparison)
      else takesAbsence = true
    } catch (error) {
      problems.push(`${path}: ${messageOf(error)}`)
    }
  }
  return { path, comparisons, takesAbsence }
}

/** What an event has, by path: lists are no step in it, so that each of their elements is a value of the same path. */
function fieldsOf(event: object): Map<string, Field[]> {
  const fields = new Map<string, Field[]>()
  let lists = 0
  const visit = (value: unknown, path: string, elements: Field['elements']) => {
    if (Array.isArray(value)) {
      const list = lists++
      value.forEach((item, at) => visit(item, path, new Map([...elements, [list, at]])))
    } else if (isObject(value)) {
      for (const [name, inner] of Object.entries(value)) {
        visit(inner, path === '' ? name : `${path}.${name}`, elements)
      }
    } else {
      fields.set(path, [...(fields.get(path) ?? []), { value: value as Scalar, elements }])
    }
  }
  visit(event, '', new Map())
  return fields
}

/** Of a list of objects all conditions must hold for one and the same. */
function allHold(
  conditions: readonly Condition[],
  fields: ReadonlyMap<string, readonly Field[]>,
  elements: Field['elements'] = new Map(),
): boolean {
  const [condition, ...others] = conditions
  if (!condition) return true
  const found = fields.get(condition.path)
  if (!found) return condition.takesAbsence && allHold(others, fields, elements)
  return found.some(
    (field) =>
      isBeside(field.elements, elements) &&
      condition.comparisons.some((matches) => matches(field.value)) &&
      allHold(others, fields, new Map([...elements, ...field.elements])),
  )
}

function isBeside(one: Field['elements'], other: Field['elements']): boolean {
  return [...one].every(([list, at]) => (other.get(list) ?? at) === at)
}

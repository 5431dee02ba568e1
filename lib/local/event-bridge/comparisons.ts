// What one value in an event pattern compares with. Pure.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html

import { BlockList, isIP } from 'node:net'
import { show } from '../../core/common/thrown.ts'

/** A value of an event that is neither a list nor an object. */
export type Scalar = string | number | boolean | null

/** Whether a field that is there matches. */
export type Comparison = (value: Scalar) => boolean

/** Whether a field that is not there matches. */
export interface Absence {
  readonly absent: true
}

type Texts = (argument: string) => (value: string) => boolean

const lower = (text: string) => text.toLowerCase()
const begins: Texts = (prefix) => (value) => value.startsWith(prefix)
const ends: Texts = (suffix) => (value) => value.endsWith(suffix)
const equalsInAnyCase: Texts = (text) => (value) => lower(value) === lower(text)

/** @throws Error that says what is wrong with it */
export function comparisonOf(given: unknown): Comparison | Absence {
  if (isScalar(given)) return (value) => value === given
  const [name, argument] = onlyEntry(given)
  if (name === 'exists') {
    if (typeof argument !== 'boolean') throw problem('exists', 'true or false', argument)
    return argument ? () => true : { absent: true }
  }
  const operator = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined
  if (operator) return operator(argument)
  throw new Error(`has no operator ${show(name)}; there is exists, ${Object.keys(OPERATORS).join(', ')}`)
}

const OPERATORS: Readonly<Record<string, (argument: unknown) => Comparison>> = {
  prefix: (argument) => inAnyCase('prefix', argument, begins),
  suffix: (argument) => inAnyCase('suffix', argument, ends),
  'equals-ignore-case': (argument) => ofTexts(equalsInAnyCase(text('equals-ignore-case', argument))),
  wildcard: (argument) => ofTexts(wildcard(text('wildcard', argument))),
  'anything-but': anythingBut,
  numeric,
  cidr,
}

/** A text, or `{ equals-ignore-case: <text> }`. */
function inAnyCase(name: string, argument: unknown, compare: Texts): Comparison {
  if (!isObject(argument)) return ofTexts(compare(text(name, argument)))
  const [inner, of] = onlyEntry(argument)
  if (inner !== 'equals-ignore-case') throw problem(name, 'a text or equals-ignore-case', argument)
  const compareLower = compare(lower(text(name, of)))
  return ofTexts((value) => compareLower(lower(value)))
}

/** What `anything-but` takes beside values: each of a text or of a list of texts. */
const EXCEPT: Readonly<Record<string, Texts>> = {
  prefix: (argument) => begins(notEmpty('prefix', argument)),
  suffix: (argument) => ends(notEmpty('suffix', argument)),
  'equals-ignore-case': equalsInAnyCase,
  wildcard,
}

function anythingBut(argument: unknown): Comparison {
  if (isObject(argument)) {
    const [name, of] = onlyEntry(argument)
    const compare = Object.hasOwn(EXCEPT, name) ? EXCEPT[name] : undefined
    if (!compare) throw problem('anything-but', `values or ${Object.keys(EXCEPT).join(', ')}`, argument)
    const texts = nonEmptyList(of).map((one) => compare(text(`anything-but ${name}`, one)))
    return (value) => typeof value !== 'string' || !texts.some((matches) => matches(value))
  }
  const values = nonEmptyList(argument)
  const types = new Set(values.map((value) => typeof value))
  const [type] = types
  if (types.size !== 1 || (type !== 'string' && type !== 'number')) {
    throw problem('anything-but', 'texts or numbers, not both', argument)
  }
  return (value) => !values.includes(value)
}

const BOUNDS: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
}
const NUMERIC = "[operator, number] with =, <, <=, > or >=, or a range: ['>', 0, '<=', 5]"

function numeric(argument: unknown): Comparison {
  if (!Array.isArray(argument) || (argument.length !== 2 && argument.length !== 4)) {
    throw problem('numeric', NUMERIC, argument)
  }
  const bounds: ((value: number) => boolean)[] = []
  for (let at = 0; at < argument.length; at += 2) {
    const [operator, bound] = [String(argument[at]), argument[at + 1] as unknown]
    const holds = Object.hasOwn(BOUNDS, operator) ? BOUNDS[operator] : undefined
    if (!holds || typeof bound !== 'number') throw problem('numeric', NUMERIC, argument)
    bounds.push((value) => holds(value, bound))
  }
  const [low, bottom, high, top] = argument as [string, number, string?, number?]
  const isRange = low.startsWith('>') && high?.startsWith('<') && bottom < (top ?? Infinity)
  if (high !== undefined && !isRange) throw problem('numeric', NUMERIC, argument)
  return (value) => typeof value === 'number' && bounds.every((holds) => holds(value))
}

function cidr(argument: unknown): Comparison {
  const [address = '', length = '', ...more] = text('cidr', argument).split('/')
  const family = isIP(address)
  const longest = family === 6 ? 128 : 32
  if (family === 0 || more.length > 0 || !/^\d{1,3}$/.test(length) || Number(length) > longest) {
    throw problem('cidr', 'an IP address, a slash and a number of bits', argument)
  }
  const block = new BlockList()
  block.addSubnet(address, Number(length), family === 6 ? 'ipv6' : 'ipv4')
  return ofTexts((value) => isIP(value) === family && block.check(value, family === 6 ? 'ipv6' : 'ipv4'))
}

/** `*` is any number of characters, `\*` and `\\` are the characters themselves. */
function wildcard(pattern: string): (value: string) => boolean {
  const pieces = pattern.match(/\\.?|\*+|[^\\*]+/gs) ?? []
  const source = pieces.map((piece) => {
    if (piece.startsWith('*')) {
      if (piece.length > 1) throw problem('wildcard', 'a text without two asterisks in a row', pattern)
      return '.*'
    }
    if (piece.startsWith('\\') && piece !== '\\*' && piece !== '\\\\') {
      throw problem('wildcard', 'a text with backslashes before asterisks and backslashes only', pattern)
    }
    const literal = piece.startsWith('\\') ? piece.slice(1) : piece
    return literal.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
  })
  const expression = new RegExp(`^${source.join('')}$`, 's')
  return (value) => expression.test(value)
}

function ofTexts(compare: (value: string) => boolean): Comparison {
  return (value) => typeof value === 'string' && compare(value)
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

function onlyEntry(given: unknown): [string, unknown] {
  const entries = isObject(given) ? Object.entries(given) : []
  const [entry] = entries
  if (entry && entries.length === 1) return entry
  throw new Error(`must be a value or an object with one operator; got ${show(given)}`)
}

function nonEmptyList(given: unknown): unknown[] {
  const values = Array.isArray(given) ? (given as unknown[]) : [given]
  if (values.length === 0) throw problem('anything-but', 'at least one value', given)
  return values
}

function text(name: string, given: unknown): string {
  if (typeof given === 'string') return given
  throw problem(name, 'a text', given)
}

function notEmpty(name: string, given: string): string {
  if (given !== '') return given
  throw problem(`anything-but ${name}`, 'a text that is not empty', given)
}

function problem(name: string, allowed: string, given: unknown): Error {
  return new Error(`${name} must be ${allowed}; got ${show(given)}`)
}

/**
 * What DynamoDB refuses of values: numbers that it cannot hold, and sets that are none. Pure.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html (November 2026)
 */
import { first, invalid, type Json } from './dynamodb-parts.ts'
import type { Refusal } from './rules.ts'

/** "Numbers can have up to 38 digits of precision." */
const DIGITS = 38
/** From 1E-130 to 9.9999999999999999999999999999999999999E+125, of either sign. */
const [LEAST_POWER, LARGEST_POWER] = [-130, 125]
const NUMBER = /^[+-]?(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i

/** @param attributes - an item, a key, or the values of an expression */
export function refusalOfValues(attributes: Json): Refusal | undefined {
  return first(Object.values(attributes), (value) => refusalOfValue((value ?? {}) as Json))
}

function refusalOfValue(value: Json): Refusal | undefined {
  const { N, M, L } = value as { N?: unknown; M?: Json; L?: unknown[] }
  if (typeof N === 'string') return refusalOfNumber(N)
  if (M) return refusalOfValues(M)
  if (L) return first(L, (element) => refusalOfValue((element ?? {}) as Json))
  return first(['SS', 'NS', 'BS'], (type) => {
    const elements = value[type]
    return Array.isArray(elements) ? refusalOfSet(type, elements as string[]) : undefined
  })
}

function refusalOfSet(type: string, elements: readonly string[]): Refusal | undefined {
  const were = 'One or more parameter values were invalid'
  if (elements.length === 0) {
    const what = { SS: 'string', NS: 'number', BS: 'binary' }[type]
    return invalid(`${were}: An ${what} set  may not be empty`)
  }
  const keys = type === 'NS' ? elements.map(canonical) : elements
  if (new Set(keys).size < keys.length) {
    return invalid(`${were}: Input collection [${elements.join(', ')}] contains duplicates.`)
  }
  return type === 'NS' ? first(elements, refusalOfNumber) : undefined
}

function refusalOfNumber(text: string): Refusal | undefined {
  const number = partsOfNumber(text)
  if (!number) return invalid(`The parameter cannot be converted to a numeric value: ${text}`)
  const { digits, power } = number
  if (digits === '') return undefined
  if (digits.length > DIGITS) {
    return invalid(`Attempting to store more than ${DIGITS} significant digits in a Number`)
  }
  if (power > LARGEST_POWER) {
    return invalid('Number overflow. Attempting to store a number with magnitude larger than supported range')
  }
  if (power < LEAST_POWER) {
    return invalid(
      'Number underflow. Attempting to store a number with magnitude smaller than supported range',
    )
  }
  return undefined
}

/** Without zeros at either end, and the power of ten of the first digit; no digits are a zero. */
function partsOfNumber(text: string): { digits: string; power: number } | undefined {
  const [whole, before = '', after = '', exponent = '0'] = NUMBER.exec(text) ?? []
  if (whole === undefined || before + after === '') return undefined
  const significant = (before + after).replace(/^0+/, '')
  const leadingZeros = before.length + after.length - significant.length
  return {
    digits: significant.replace(/0+$/, ''),
    power: Number(exponent) + before.length - 1 - leadingZeros,
  }
}

function canonical(text: string): string {
  const { digits = text, power = 0 } = partsOfNumber(text) ?? {}
  return digits === '' ? '0' : `${text.startsWith('-') ? '-' : ''}${digits}e${power}`
}

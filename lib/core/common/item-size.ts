/**
 * The size of a DynamoDB item by AWS's rules, for charging what an answer does not tell. Pure.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */

type Attribute = Record<string, unknown>

/** Bytes of an item in DynamoDB's JSON form: names plus values. Numbers are estimated, as AWS's own text does. */
export function itemBytes(item: unknown): number {
  if (!isRecord(item)) return 0
  return Object.entries(item).reduce((sum, [name, value]) => sum + utf8(name) + valueBytes(value), 0)
}

/** Write units of so many bytes: one per started KB, at least one. */
export function writeUnitsOf(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / 1024))
}

function valueBytes(value: unknown): number {
  if (!isRecord(value)) return 0
  const [type, content] = Object.entries(value)[0] ?? []
  switch (type) {
    case 'S':
      return utf8(String(content))
    case 'N':
      return numberBytes(String(content))
    case 'B':
      return Buffer.byteLength(String(content), 'base64')
    case 'SS':
      return sum(content, (text) => utf8(String(text)))
    case 'NS':
      return sum(content, (text) => numberBytes(String(text)))
    case 'BS':
      return sum(content, (text) => Buffer.byteLength(String(text), 'base64'))
    case 'L':
      return 3 + sum(content, (element) => 1 + valueBytes(element))
    case 'M':
      return 3 + itemBytes(content) + (isRecord(content) ? Object.keys(content).length : 0)
    default:
      return 1 // NULL and BOOL
  }
}

/** Two digits a byte plus one, and one more for a sign. */
function numberBytes(text: string): number {
  const digits = text.replace(/e.*$/i, '').replace(/\D/g, '').replace(/^0+/, '').replace(/0+$/, '').length
  return Math.ceil(digits / 2) + 1 + (text.startsWith('-') ? 1 : 0)
}

function sum(list: unknown, bytes: (element: unknown) => number): number {
  return Array.isArray(list) ? list.reduce<number>((total, element) => total + bytes(element), 0) : 0
}

function utf8(text: string): number {
  return Buffer.byteLength(text, 'utf8')
}

function isRecord(value: unknown): value is Attribute {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

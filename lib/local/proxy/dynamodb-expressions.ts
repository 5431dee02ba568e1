/**
 * What DynamoDB refuses of expressions: their size, how much is in them, and paths that overlap. Pure.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-expression-parameters (November 2026)
 */
import { first, invalid, type Json } from './dynamodb-parts.ts'
import type { Refusal } from './rules.ts'

const EXPRESSIONS = [
  'ConditionExpression',
  'FilterExpression',
  'KeyConditionExpression',
  'ProjectionExpression',
  'UpdateExpression',
] as const
/** "The maximum length of any expression string is 4 KB." */
const EXPRESSION_BYTES = 4_096
/** Of an expression attribute's name or value, with its `#` or `:`. */
const PLACEHOLDER_BYTES = 255
/**
 * The text names update expressions only; of the others people are refused by the same number
 * (github.com/scylladb/scylladb/issues/14473). What counts beside comparators is not said: here all that the reference calls an
 * operator or a function does, so that no expression passes that AWS might refuse.
 */
const OPERATORS = 300
/** "Up to 100 values": Expressions.OperatorsAndFunctions.html */
const IN_OPERANDS = 100

/** @param part - what a request has of one item */
export function refusalOfExpressions(part: Json): Refusal | undefined {
  return (
    first(EXPRESSIONS, (name) => refusalOfText(name, String(part[name] ?? ''))) ??
    refusalOfPlaceholders(part) ??
    refusalOfPaths(part)
  )
}

function refusalOfText(name: string, text: string): Refusal | undefined {
  const bytes = Buffer.byteLength(text)
  if (bytes > EXPRESSION_BYTES) {
    const why = 'Expression size has exceeded the maximum allowed size'
    return invalid(`Invalid ${name}: ${why}; expression size: ${bytes}`)
  }
  const operators = operatorsOf(name, text)
  if (operators > OPERATORS) {
    const why = 'The expression contains too many operators'
    return invalid(`Invalid ${name}: ${why}; operator count: ${operators}`)
  }
  const most = Math.max(
    0,
    ...[...text.matchAll(/\bIN\s*\(([^()]*)\)/gi)].map(([, list = '']) => list.split(',').length),
  )
  if (most <= IN_OPERANDS) return undefined
  return invalid(`Invalid ${name}: an IN may have ${IN_OPERANDS} operands; number of operands: ${most}`)
}

/** The `=` of a SET assigns, and is no operator: "SET a = :val1 + :val2 + :val3 contains two operators". */
function operatorsOf(name: string, text: string): number {
  const found =
    text.match(
      /<>|<=|>=|[=<>+]|(?<=[\s)])-(?=[\s:#(])|(?<![#:.\w])(?:AND|OR|NOT|BETWEEN|IN)(?!\w)|\w+(?=\s*\()/gi,
    ) ?? []
  return found.filter(
    // `IN (` and `NOT (` are found once as words.
    (token) => !(name === 'UpdateExpression' && token === '='),
  ).length
}

function refusalOfPlaceholders(part: Json): Refusal | undefined {
  const placeholders = ['ExpressionAttributeNames', 'ExpressionAttributeValues'].flatMap((field) =>
    Object.keys((part[field] ?? {}) as Json),
  )
  const long = placeholders.find((name) => Buffer.byteLength(name) > PLACEHOLDER_BYTES)
  return long === undefined
    ? undefined
    : invalid(`a placeholder may have ${PLACEHOLDER_BYTES} bytes; got ${long}`)
}

type Path = readonly string[]

/** What is changed, or given, may not lie in what another part of the expression changes or gives. */
function refusalOfPaths(part: Json): Refusal | undefined {
  const names = (part['ExpressionAttributeNames'] ?? {}) as Record<string, string>
  return first(['UpdateExpression', 'ProjectionExpression'], (name) => {
    const text = String(part[name] ?? '')
    const paths = (name === 'UpdateExpression' ? changedBy(text) : split(text)).map((path) =>
      elementsOf(path, names),
    )
    return overlapOf(name, paths)
  })
}

/** In order, a path lies right before those that lie in it: neighbours tell. */
function overlapOf(name: string, paths: readonly Path[]): Refusal | undefined {
  const sorted = paths.toSorted(comparePaths)
  return first(sorted.slice(1), (path, at) => {
    const before = sorted[at] as Path
    if (!before.every((element, index) => path[index] === element)) return undefined
    const [one, two] = [before, path].map((each) => `[${each.join(', ')}]`)
    const why = 'Two document paths overlap with each other; must remove or rewrite one of these paths'
    return invalid(`Invalid ${name}: ${why}; path one: ${one}, path two: ${two}`)
  })
}

function comparePaths(a: Path, b: Path): number {
  for (const [at, element] of a.entries()) {
    const other = b[at]
    if (other === undefined) return 1
    if (element !== other) return element < other ? -1 : 1
  }
  return a.length - b.length
}

/** The paths before `=`, before a value, or alone, of each clause. */
function changedBy(text: string): string[] {
  const clauses = text.split(/(?<![#:.\w])(SET|REMOVE|ADD|DELETE)(?!\w)/i).slice(1)
  return clauses.flatMap((clause, at) => {
    if (at % 2 === 0) return []
    return split(clause).map((action) => /^[^\s=]+/.exec(action)?.[0] ?? '')
  })
}

/** At commas that no parenthesis encloses. */
function split(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let from = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '(') depth++
    else if (character === ')') depth--
    else if (character === ',' && depth === 0) {
      parts.push(text.slice(from, at))
      from = at + 1
    }
  }
  return [...parts, text.slice(from)].map((part) => part.trim()).filter((part) => part !== '')
}

/** `#a.b[1]` as its names, those of placeholders as they are, and indices in brackets. */
function elementsOf(path: string, names: Readonly<Record<string, string>>): Path {
  const elements = path.match(/\[\d+\]|[^.[\]]+/g) ?? []
  return elements.map((element) => (element.startsWith('#') ? (names[element] ?? element) : element))
}

// CloudFormation's intrinsic functions. Asks for what they refer to; makes nothing.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html

import { localError } from '../errors.ts'

/** What names in a template stand for. */
export interface Names {
  /** A resource, parameter or pseudo parameter; `undefined` is AWS::NoValue. */
  ref(name: string): Promise<unknown>
  attribute(logicalId: string, attribute: string): Promise<string>
  condition(name: string): Promise<boolean>
  /** What another stack exports. */
  imported(name: string): string
  /** An output of another stack. */
  stackOutput(stackName: string, outputName: string): string
  /** A value of the template's mappings. */
  mapped(map: string, top: string, second: string): unknown
}

type Intrinsic = (argument: unknown, names: Names) => Promise<unknown>

/** Gives a value without intrinsic functions; `undefined` is AWS::NoValue, and is left out of lists and objects. */
export async function resolve(value: unknown, names: Names): Promise<unknown> {
  if (Array.isArray(value)) {
    const items = await inTurn(value, (item) => resolve(item, names))
    return items.filter((item) => item !== undefined)
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const [key = '', argument] = entries[0] ?? []
  if (entries.length === 1 && (key === 'Ref' || key === 'Condition' || key.startsWith('Fn::'))) {
    const intrinsic = INTRINSICS[key]
    if (!intrinsic) throw localError(`${key} is not emulated; what has it can be left out by ignore`)
    return intrinsic(argument, names)
  }
  const resolved = await inTurn(
    entries,
    async ([name, inner]) => [name, await resolve(inner, names)] as const,
  )
  return Object.fromEntries(resolved.filter(([, inner]) => inner !== undefined))
}

const INTRINSICS: Readonly<Record<string, Intrinsic>> = {
  Ref: (name, names) => names.ref(text(name)),
  Condition: (name, names) => names.condition(text(name)),
  'Fn::GetAtt': getAtt,
  'Fn::Join': async (argument, names) => {
    const [separator, parts] = list(await resolve(argument, names))
    return list(parts).map(text).join(text(separator))
  },
  'Fn::Split': async (argument, names) => {
    const [separator, whole] = list(await resolve(argument, names))
    return text(whole).split(text(separator))
  },
  'Fn::Select': async (argument, names) => {
    const [index, from] = list(await resolve(argument, names))
    const chosen = list(from)[Number(index)]
    if (chosen === undefined) throw localError(`Fn::Select finds nothing at ${String(index)}`)
    return chosen
  },
  'Fn::Sub': substitute,
  'Fn::If': async (argument, names) => {
    const [condition, then, otherwise] = list(argument)
    return resolve((await names.condition(text(condition))) ? then : otherwise, names)
  },
  'Fn::Equals': async (argument, names) => {
    const [left, right] = list(await resolve(argument, names))
    return String(left) === String(right)
  },
  'Fn::ImportValue': async (name, names) => names.imported(text(await resolve(name, names))),
  'Fn::GetStackOutput': async (argument, names) => {
    const { StackName, OutputName } = (await resolve(argument, names)) as Readonly<Record<string, unknown>>
    return names.stackOutput(text(StackName), text(OutputName))
  },
  'Fn::FindInMap': async (argument, names) => {
    const [map, top, second, otherwise] = list(await resolve(argument, names))
    const found = names.mapped(text(map), text(top), text(second))
    const value = found ?? (otherwise as { DefaultValue?: unknown } | undefined)?.DefaultValue
    if (value === undefined) throw localError(`mapping ${text(map)} has no ${text(top)}.${text(second)}`)
    return value
  },
  'Fn::Not': async (argument, names) => !list(await resolve(argument, names))[0],
  'Fn::And': async (argument, names) => list(await resolve(argument, names)).every(Boolean),
  'Fn::Or': async (argument, names) => list(await resolve(argument, names)).some(Boolean),
}

/** `[id, attribute]`, or `id.attribute` in a text; the attribute may be resolved itself. */
async function getAtt(argument: unknown, names: Names): Promise<string> {
  if (typeof argument !== 'string') {
    const [logicalId, attribute] = list(argument)
    return names.attribute(text(logicalId), text(await resolve(attribute, names)))
  }
  const dot = argument.indexOf('.')
  return names.attribute(argument.slice(0, dot), argument.slice(dot + 1))
}

/** A text with `${Name}`, `${Id.Attribute}` and, for a dollar sign, `${!literal}`. */
async function substitute(argument: unknown, names: Names): Promise<string> {
  const [template, variables] = Array.isArray(argument) ? argument : [argument, {}]
  const own = (await resolve(variables, names)) as Readonly<Record<string, unknown>>
  const pieces = text(template).split(/(\$\{[^}]+\})/)
  const resolved = await inTurn(pieces, async (piece) => {
    const [, name] = /^\$\{([^}]+)\}$/.exec(piece) ?? []
    if (name === undefined) return piece
    if (name.startsWith('!')) return `\${${name.slice(1)}}`
    if (name in own) return text(own[name])
    return text(name.includes('.') ? await getAtt(name, names) : await names.ref(name))
  })
  return resolved.join('')
}

/** One after the other: then what is being made is one chain, and a circle in it is seen. */
async function inTurn<T, R>(items: readonly T[], each: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const item of items) results.push(await each(item))
  return results
}

function list(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  throw localError(`a list was expected; got ${JSON.stringify(value)}`)
}

/** Numbers and booleans are texts to CloudFormation. */
function text(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw localError(`a text was expected; got ${JSON.stringify(value)}`)
}

/** What a form asks for, made of the JSON Schema of an input. What it has no field for is asked for as JSON. Pure. */
import type { Json } from '../../../lib/console/json.ts'

interface Common {
  readonly title?: string
  readonly description?: string
  readonly default?: Json
  /** null is a value of it, too: what is given where nothing is filled in. */
  readonly isNullable: boolean
}

export interface TextSpec extends Common {
  readonly kind: 'string'
  readonly format?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
}

export interface NumberSpec extends Common {
  readonly kind: 'number'
  readonly isInteger: boolean
  readonly minimum?: number
  readonly maximum?: number
  /** Whether the limit itself is too little, or too much. */
  readonly isMinimumOut: boolean
  readonly isMaximumOut: boolean
}

export interface ObjectSpec extends Common {
  readonly kind: 'object'
  readonly properties: readonly Property[]
}

export interface ListSpec extends Common {
  readonly kind: 'list'
  readonly item: FieldSpec
  readonly minItems: number
  readonly maxItems: number
}

export type FieldSpec =
  | TextSpec
  | NumberSpec
  | ObjectSpec
  | ListSpec
  | (Common & { readonly kind: 'boolean' })
  | (Common & { readonly kind: 'choice'; readonly options: readonly Json[] })
  | (Common & { readonly kind: 'const'; readonly value: Json })
  | (Common & { readonly kind: 'json' })

export interface Property {
  readonly name: string
  readonly field: FieldSpec
  readonly isRequired: boolean
}

type Schema = { readonly [key: string]: Json }

interface Place {
  readonly root: Schema
  /** References that led here: one that comes back would have no end. */
  readonly refs: readonly string[]
}

/** The whole form: of an input without a schema, one field of JSON. */
export function formOf(schema: Json | undefined): FieldSpec {
  return isSchema(schema) ? fieldOf(schema, { root: schema, refs: [] }) : { kind: 'json', isNullable: false }
}

function fieldOf(schema: Schema, place: Place): FieldSpec {
  const common = commonOf(schema)
  if (typeof schema.$ref === 'string') return referred(schema.$ref, common, place)
  if ('const' in schema) return { ...common, kind: 'const', value: schema.const as Json }
  if (Array.isArray(schema.enum)) return choice(schema.enum, common)
  const all = schemas(schema.allOf)
  if (all?.length === 1 && all[0]) return { ...fieldOf(all[0], place), ...given(common) }
  const any = schemas(schema.anyOf) ?? schemas(schema.oneOf)
  if (any) return oneOf(any, common, place)
  // What has more than one rule for the same value is more than a form can show.
  if (all) return { ...common, kind: 'json' }
  return typed(schema, common, place)
}

function typed(schema: Schema, common: Common, place: Place): FieldSpec {
  const types = Array.isArray(schema.type) ? schema.type : [schema.type]
  const [type, ...more] = types.filter((one) => one !== 'null')
  if (more.length > 0) return { ...common, kind: 'json' }
  const known = { ...common, isNullable: common.isNullable || types.includes('null') }
  switch (type) {
    case 'string':
      return textOf(schema, known)
    case 'number':
    case 'integer':
      return numberOf(schema, known, type === 'integer')
    case 'boolean':
      return { ...known, kind: 'boolean' }
    case 'object':
      return objectOf(schema, known, place)
    case 'array':
      return listOf(schema, known, place)
    default:
      return { ...known, kind: 'json' }
  }
}

function textOf(schema: Schema, common: Common): FieldSpec {
  return {
    ...common,
    kind: 'string',
    format: text(schema.format),
    minLength: number(schema.minLength),
    maxLength: number(schema.maxLength),
    pattern: text(schema.pattern),
  }
}

function numberOf(schema: Schema, common: Common, isInteger: boolean): FieldSpec {
  const { minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below } = schema
  return {
    ...common,
    kind: 'number',
    isInteger,
    minimum: number(above) ?? number(minimum),
    maximum: number(below) ?? number(maximum),
    isMinimumOut: number(above) !== undefined,
    isMaximumOut: number(below) !== undefined,
  }
}

function objectOf(schema: Schema, common: Common, place: Place): FieldSpec {
  const { properties, required } = schema
  // Keys that nobody knows beforehand: a record.
  if (!isSchema(properties) || Object.keys(properties).length === 0) return { ...common, kind: 'json' }
  const names = Array.isArray(required) ? required : []
  return {
    ...common,
    kind: 'object',
    properties: Object.entries(properties).map(([name, property]) => ({
      name,
      field: isSchema(property) ? fieldOf(property, place) : { kind: 'json', isNullable: false },
      isRequired: names.includes(name),
    })),
  }
}

function listOf(schema: Schema, common: Common, place: Place): FieldSpec {
  const { items, prefixItems } = schema
  if (!isSchema(items) || prefixItems !== undefined) return { ...common, kind: 'json' }
  return {
    ...common,
    kind: 'list',
    item: fieldOf(items, place),
    minItems: number(schema.minItems) ?? 0,
    maxItems: number(schema.maxItems) ?? Infinity,
  }
}

/** One thing or null; one of several values; anything else is JSON. */
function oneOf(any: readonly Schema[], common: Common, place: Place): FieldSpec {
  const things = any.filter((one) => one.type !== 'null')
  const isNullable = common.isNullable || things.length < any.length
  const [only, ...others] = things
  if (only && others.length === 0) return { ...fieldOf(only, place), ...given(common), isNullable }
  if (things.length > 0 && things.every((one) => 'const' in one))
    return choice(
      things.map((one) => one.const as Json),
      { ...common, isNullable },
    )
  return { ...common, isNullable, kind: 'json' }
}

function choice(values: readonly Json[], common: Common): FieldSpec {
  const options = values.filter((value) => value !== null)
  return {
    ...common,
    isNullable: common.isNullable || options.length < values.length,
    kind: 'choice',
    options,
  }
}

/** Of this document only, '#/$defs/Item'. */
function referred(ref: string, common: Common, { root, refs }: Place): FieldSpec {
  const found = refs.includes(ref) || !ref.startsWith('#') ? undefined : at(root, ref.slice(1))
  if (!isSchema(found)) return { ...common, kind: 'json' }
  return { ...fieldOf(found, { root, refs: [...refs, ref] }), ...given(common) }
}

function at(root: Schema, pointer: string): Json | undefined {
  let found: Json | undefined = root
  for (const part of pointer.split('/').slice(1)) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    found = isSchema(found) && Object.hasOwn(found, key) ? found[key] : undefined
  }
  return found
}

function commonOf(schema: Schema): Common {
  return {
    title: text(schema.title),
    description: text(schema.description),
    default: schema.default,
    isNullable: schema.nullable === true,
  }
}

/** What is said beside a reference counts more than what is said there. */
function given({ title, description, default: value }: Common): Partial<Common> {
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(value === undefined ? {} : { default: value }),
  }
}

const isSchema = (value: Json | undefined): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const schemas = (value: Json | undefined): readonly Schema[] | undefined =>
  Array.isArray(value) && value.every(isSchema) ? value : undefined

const text = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined)

const number = (value: Json | undefined): number | undefined =>
  typeof value === 'number' ? value : undefined

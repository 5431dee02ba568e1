/** Words of the console's answers. */

/** What JSON can carry. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** ISO 8601. */
export type Time = string

export type BlueprintId = string

/** As text of JSON; what JSON cannot carry, which another serializer may, becomes something a reader understands. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, readable) ?? 'null'
}

function readable(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (value instanceof Map) return Object.fromEntries(value)
  if (value instanceof Set || ArrayBuffer.isView(value)) return [...(value as Iterable<unknown>)]
  if (value instanceof Error) return { name: value.name, message: value.message }
  return value
}

/** A value as the page gets it: dates as texts. */
export function asJson<T>(value: unknown): T {
  return JSON.parse(jsonText(value)) as T
}

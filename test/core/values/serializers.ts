/** A serializer that carries more than JSON does, in the manner of superjson. */
import type { ISerializer } from 'flowcraft'

type Tagged = { $: string; v: unknown }

function pack(value: unknown): unknown {
  if (value === undefined) return { $: 'undefined', v: null }
  if (typeof value === 'bigint') return { $: 'bigint', v: `${value}` }
  if (typeof value === 'number' && !Number.isFinite(value)) return { $: 'number', v: `${value}` }
  if (value instanceof Date) return { $: 'date', v: value.getTime() }
  if (value instanceof Map) return { $: 'map', v: [...value].map((entry) => entry.map(pack)) }
  if (value instanceof Set) return { $: 'set', v: [...value].map(pack) }
  if (Array.isArray(value)) return value.map(pack)
  if (typeof value !== 'object' || value === null) return value
  return { $: 'object', v: Object.entries(value).map(([key, inner]) => [key, pack(inner)]) }
}

function unpack(packed: unknown): unknown {
  if (Array.isArray(packed)) return packed.map(unpack)
  if (typeof packed !== 'object' || packed === null) return packed
  const { $: type, v } = packed as Tagged
  const list = v as [unknown, unknown][]
  if (type === 'undefined') return undefined
  if (type === 'bigint') return BigInt(String(v))
  if (type === 'number') return Number(v)
  if (type === 'date') return new Date(Number(v))
  if (type === 'map') return new Map(list.map(([key, value]) => [unpack(key), unpack(value)]))
  if (type === 'set') return new Set(list.map(unpack))
  return Object.fromEntries(list.map(([key, value]) => [key, unpack(value)]))
}

export const tagged: ISerializer = {
  serialize: (data) => JSON.stringify(pack(data)),
  deserialize: (text) => unpack(JSON.parse(text)) as Record<string, unknown>,
}

/** Tells whether two calls carry the same: names the serializer's texts of what they carry by a short hash. Pure. */
import { createHash } from 'node:crypto'

/** 48 bits, which tell a repeated call from another one; they guard nothing. */
const CHARACTERS = 8

/** The order of keys makes no difference. */
export function contentHash(texts: readonly (readonly [name: string, text: string])[]): string {
  const hash = createHash('sha256')
  const sorted = texts.toSorted(([a], [b]) => (a < b ? -1 : 1))
  for (const [name, text] of sorted) hash.update(JSON.stringify([name, canonical(text)]))
  return hash.digest('base64url').slice(0, CHARACTERS)
}

function canonical(text: string): string {
  try {
    return JSON.stringify(sorted(JSON.parse(text)))
  } catch {
    // Another serializer's, or too deep to be looked through.
    return text
  }
}

/** Objects as lists of their entries: a key such as '__proto__' is one like any other. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { entries: entries.map(([key, inner]) => [key, sorted(inner)]) }
}

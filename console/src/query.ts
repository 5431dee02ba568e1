/** Addresses with queries. Pure. */

export type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>

/** `path?name=value`, a name for each value of a list; what is undefined or empty is left out. */
export function withQuery(path: string, query: Query): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === '') continue
    if (typeof value === 'string' || typeof value === 'number') params.append(name, String(value))
    else for (const one of value) params.append(name, one)
  }
  const text = params.toString()
  return text ? `${path}?${text}` : path
}

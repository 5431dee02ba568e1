/** Requests that have the attributes of their objects and nothing that those inherit. */
import type { Item } from './header.ts'

/**
 * The SDK sends what an object inherits too: a property that some library adds to `Object.prototype` would stand in every
 * header. So it is given objects that inherit nothing, before the document client makes attributes of them and after.
 */
export function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare)
  if (!isPlain(value)) return value
  const entries = Object.entries(value).map(([name, one]) => [name, bare(one)] as const)
  return Object.assign(Object.create(null) as object, Object.fromEntries(entries))
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  return [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)
}

interface Sent {
  readonly input: object
}

/** On the command, since the client may be used for others, that make no attributes. */
export function own<T extends { readonly middlewareStack: unknown }>(command: T): T {
  const stack = command.middlewareStack as {
    addRelativeTo(
      middleware: (next: (sent: Sent) => unknown) => (sent: Sent) => unknown,
      options: object,
    ): void
  }
  stack.addRelativeTo((next) => (sent) => next({ ...sent, input: bare(sent.input) as object }), {
    relation: 'after',
    toMiddleware: 'DocumentMarshall',
    name: 'flowcraftOwnProperties',
    override: true,
  })
  return command
}

/** An item that has its own attributes and inherits none. */
export function plain(item: Item | undefined): Item | undefined {
  return item && Object.assign(Object.create(null) as Item, item)
}

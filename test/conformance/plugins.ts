/** A small evaluator and a small serializer, as users plug in their own. */
import type { IEvaluator, ISerializer } from 'flowcraft'

/** `path`, `context["key"]`, `path < 3`, `path > other.path`, `path == value`. No code is run. */
export class ComparisonEvaluator implements IEvaluator {
  evaluate(expression: string, context: Record<string, unknown>): unknown {
    const match = /^(.+?) (<|>|==) (.+)$/.exec(expression)
    if (!match) return this.#operand(expression, context)
    const left = this.#operand(match[1] as string, context) as number
    const right = this.#operand(match[3] as string, context) as number
    if (match[2] === '<') return left < right
    return match[2] === '>' ? left > right : left === right
  }

  #operand(text: string, context: Record<string, unknown>): unknown {
    const key = /^context\["(.+)"\]$/.exec(text)?.[1]
    // In a condition the keys of the context stand side by side; in a transform they are in `context`.
    if (key !== undefined)
      return ((context['context'] as Record<string, unknown> | undefined) ?? context)[key]
    if (/^-?\d+$/.test(text)) return Number(text)
    let current: unknown = context
    for (const part of text.split('.')) current = (current as Record<string, unknown> | undefined)?.[part]
    return current
  }
}

/** As that one, but throws where an expression says this. */
export class ThrowingEvaluator extends ComparisonEvaluator {
  readonly #bad: string

  constructor(bad: string) {
    super()
    this.#bad = bad
  }

  override evaluate(expression: string, context: Record<string, unknown>): unknown {
    if (expression === this.#bad) throw new TypeError(`cannot read '${expression}'`)
    return super.evaluate(expression, context)
  }
}

/** JSON with tags for what JSON loses. */
export class RichSerializer implements ISerializer {
  serialize(data: Record<string, unknown>): string {
    return JSON.stringify(tag(data))
  }

  deserialize(text: string): Record<string, unknown> {
    return untag(JSON.parse(text)) as Record<string, unknown>
  }
}

function tag(value: unknown): unknown {
  if (value === undefined) return { $: 'undefined' }
  if (value instanceof Date) return { $: 'date', v: value.getTime() }
  if (value instanceof Map) return { $: 'map', v: [...value].map((pair) => pair.map(tag)) }
  if (Array.isArray(value)) return value.map(tag)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, tag(inner)]))
}

function untag(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(untag)
  if (typeof value !== 'object' || value === null) return value
  const tagged = value as { $?: string; v?: unknown }
  if (tagged.$ === 'undefined') return undefined
  if (tagged.$ === 'date') return new Date(tagged.v as number)
  if (tagged.$ === 'map') return new Map(untag(tagged.v) as [unknown, unknown][])
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, untag(inner)]))
}

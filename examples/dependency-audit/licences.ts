/** Licences: what a package says about itself, as an SPDX expression, and whether a policy allows it. */
import type { Manifest } from './sources.ts'

/** Common names that are no SPDX identifiers but leave no doubt. */
const ALIASES = new Map(
  Object.entries({
    'apache 2.0': 'Apache-2.0',
    'apache license 2.0': 'Apache-2.0',
    'apache license, version 2.0': 'Apache-2.0',
    'apache-2': 'Apache-2.0',
    'mit license': 'MIT',
    'mit/x11': 'MIT',
    'new bsd': 'BSD-3-Clause',
    'the mit license': 'MIT',
  }),
)

/** A sentence that only one licence has. The order matters: the longer text of two comes first. */
const SENTENCES: [phrase: RegExp, licence: string][] = [
  [/this is free and unencumbered software released into the public domain/i, 'Unlicense'],
  [/apache license version 2\.0/i, 'Apache-2.0'],
  [/mozilla public license,? version 2\.0/i, 'MPL-2.0'],
  [/to any person obtaining a copy.*the above copyright notice and this permission notice/i, 'MIT'],
  [/to any person obtaining a copy/i, 'MIT-0'],
  [/permission to use, copy, modify,? and(\/or)? distribute.*provided that the above copyright/i, 'ISC'],
  [/permission to use, copy, modify,? and(\/or)? distribute/i, '0BSD'],
  [/redistribution and use in source.*be used to endorse or promote/i, 'BSD-3-Clause'],
  [/redistribution and use in source/i, 'BSD-2-Clause'],
]

/**
 * The licence a manifest declares: `expression` if it is one, else the `file` it points to, else neither.
 * Knows today's string and both of the old forms, `{ type }` and a list of licences to choose from.
 */
export function declaredLicence({ license, licenses }: Manifest): { expression?: string; file?: string } {
  const names = [license ?? licenses]
    .flat()
    .map((entry: unknown) => (isTyped(entry) ? entry.type : entry))
    .filter((name) => typeof name === 'string')
    .map((name) => name.trim().replace(/^\(([^()]*)\)$/, '$1'))
    .map((name) => ALIASES.get(name.toLowerCase()) ?? name)
  const pointer = names.map((name) => /^see licen[cs]e in (.+)$/i.exec(name)?.[1]).find(Boolean)
  if (pointer) return { file: pointer.replace(/^\.\//, '') }
  return names.length > 0 && names.every(isExpression) ? { expression: names.join(' OR ') } : {}
}

/** Whether a text has the form of an SPDX expression: words, with AND, OR or WITH between every two. */
function isExpression(text: string): boolean {
  const words = text.replaceAll(/[()]/g, ' ').trim().split(/\s+/)
  const [ids, operators] = [words.filter((_, at) => at % 2 === 0), words.filter((_, at) => at % 2 === 1)]
  return (
    ids.length > operators.length &&
    ids.every((word) => /^[\w.+-]+$/.test(word)) &&
    operators.every((word) => ['AND', 'OR', 'WITH'].includes(word))
  )
}

function isTyped(value: unknown): value is { type: unknown } {
  return typeof value === 'object' && value !== null && 'type' in value
}

/** The licence that a text is, if it is one of the common ones. */
export function recogniseLicence(text: string): string | undefined {
  const plain = text.replaceAll(/\s+/g, ' ')
  return SENTENCES.find(([phrase]) => phrase.test(plain))?.[1]
}

/** Whether the allowed identifiers satisfy an SPDX expression: one side of an OR, both sides of an AND. */
export function isAllowed(expression: string, allow: string[]): boolean {
  const allowed = new Set(allow.map((id) => id.toLowerCase()))
  const tokens = expression.match(/[()]|[^\s()]+/g) ?? []
  const take = (token: string) => tokens[0] === token && tokens.shift() !== undefined
  const either = (): boolean => {
    let satisfied = both()
    while (take('OR')) satisfied = both() || satisfied
    return satisfied
  }
  const both = (): boolean => {
    let satisfied = one()
    while (take('AND')) satisfied = one() && satisfied
    return satisfied
  }
  const one = (): boolean => {
    if (take('(')) {
      const satisfied = either()
      return take(')') && satisfied
    }
    const id = (tokens.shift() ?? '').replace(/\+$/, '').toLowerCase()
    // An exception only ever adds a permission, and "or later" includes the version named.
    if (take('WITH')) tokens.shift()
    return allowed.has(id)
  }
  return either() && tokens.length === 0
}

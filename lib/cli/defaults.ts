/** `flowcraft.json` in the project's root: what the command line need not say. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as v from 'valibot'
import { messageOf } from '../core/common/errors.ts'
import { isPlainObject } from '../core/common/plain-object.ts'
import { problemsOf } from '../core/common/schema.ts'
import { propertyOf, show } from '../core/common/thrown.ts'
import { UsageError } from './exit-codes.ts'

export interface Defaults {
  readonly stack?: string
  readonly service?: string
  readonly region?: string
  readonly profile?: string
}

const FILE = 'flowcraft.json'
const NAMES = ['stack', 'service', 'region', 'profile'] as const

const isName = (name: string) => (NAMES as readonly string[]).includes(name)

const text = (name: string) => {
  const message = ({ input }: { readonly input: unknown }) => `${name} must be a text; got ${show(input)}`
  return v.optional(v.pipe(v.string(message), v.nonEmpty(message)))
}
const defaults = v.pipe(
  v.custom<object>(
    isPlainObject,
    ({ input }) => `it must be an object, such as { "stack": "Shop" }; got ${show(input)}`,
  ),
  v.check(
    (given) => Object.keys(given).every(isName),
    ({ input }) => {
      const others = Object.keys(input).filter((name) => !isName(name))
      return `it has no ${others.map(show).join(', ')}, only ${NAMES.join(', ')}`
    },
  ),
  v.object({
    stack: text('stack'),
    service: text('service'),
    region: text('region'),
    profile: text('profile'),
  }),
)

/** Those of the nearest `flowcraft.json`, in this folder or above. @throws UsageError */
export async function readDefaults(from: string): Promise<Defaults> {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, FILE)
    const found = await textOf(file)
    if (found !== undefined) return parsed(file, found)
    if (folder === dirname(folder)) return {}
  }
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (propertyOf(error, 'code') === 'ENOENT' || propertyOf(error, 'code') === 'ENOTDIR') return undefined
    throw new UsageError(`${file} cannot be read: ${messageOf(error)}`)
  }
}

function parsed(file: string, found: string): Defaults {
  let value: unknown
  try {
    value = JSON.parse(found)
  } catch (error) {
    throw new UsageError(`${file} is no JSON: ${messageOf(error)}`)
  }
  const problems = problemsOf(defaults, value)
  if (problems.length > 0) throw new UsageError(`${file}: ${problems.join('; ')}`)
  return value as Defaults
}

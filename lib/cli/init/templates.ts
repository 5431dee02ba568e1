/** The projects that this package ships, as files: what all have in common, and what each is. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packageRoot } from './own-package.ts'

/** Each with the flow that it has, and an input to start it with. */
export const TEMPLATES = {
  order: {
    about: 'an order that waits for an approval, and a charge that is tried again',
    flow: 'order',
    input: { orderId: 'A-17', total: 40 },
  },
  audit: {
    about: 'checks side by side, one of them for each item, and a verdict',
    flow: 'audit',
    input: { packages: [{ name: 'left-pad', version: '1.3.0', licence: 'WTFPL' }] },
  },
  agent: {
    about: 'a model that calls tools until it answers',
    flow: 'agent',
    input: { question: 'How is the weather in Oslo and in Rome?' },
  },
} as const

export type TemplateName = keyof typeof TEMPLATES

export const templateNames = Object.keys(TEMPLATES) as readonly TemplateName[]

/** Texts by their paths in a project, with `/` between folders. */
export type Files = ReadonlyMap<string, string>

/** What stands for the project's own names in a template. */
export interface Names {
  readonly name: string
  readonly stack: string
}

export async function filesOf(template: TemplateName, names: Names): Promise<Files> {
  const folders = await Promise.all(['common', template].map(readFolder))
  const all = folders.flat().toSorted(([a], [b]) => a.localeCompare(b, 'en'))
  return new Map(all.map(([path, text]) => [path, named(text, names)]))
}

/** Where a file of a template is in the package, for whoever compares. */
export function sourceOf(template: TemplateName, path: string): string {
  return `node_modules/flowcraft-aws/templates/${template}/${path}`
}

async function readFolder(folder: string): Promise<[path: string, text: string][]> {
  const root = join(packageRoot, 'templates', folder)
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
  return Promise.all(
    files.map(async (file) => {
      const path = file.slice(root.length + 1).replaceAll('\\', '/')
      return [dotted(path), await readFile(file, 'utf8')] as [string, string]
    }),
  )
}

/** npm publishes no file of the name `.gitignore`. */
function dotted(path: string): string {
  return path.replace(/^_/, '.')
}

function named(text: string, { name, stack }: Names): string {
  return text.replaceAll('__NAME__', name).replaceAll('__STACK__', stack)
}

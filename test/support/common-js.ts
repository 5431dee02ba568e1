/** Code as users have it: dependencies in CommonJS that use what an ES module does not have, beside modules of their own. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const DEPENDENCY = `
const { join } = require('path')
const hidden = ['node:', 'os'].join('')
exports.folder = __dirname
exports.file = join(__dirname, 'x').endsWith('x') && __filename
exports.os = typeof require(hidden).cpus
exports.resolves = typeof require.resolve
if (require.main === module) throw new Error('it takes itself for the program')
`

/** Declares the same names, as modules do that need them. */
const OWN = `
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
const __filename = fileURLToPath(import.meta.url)
const __dirname = dirname(__filename)
const require = createRequire(import.meta.url)
export const own = { folder: __dirname, os: typeof require('node:os').cpus }
`

export const ENTRIES = {
  'a dependency': "import * as dep from 'dep'\nexport const handler = async () => ({ dep: { ...dep } })",
  'own names': "import { own } from './own.mjs'\nexport const handler = async () => ({ own })",
  both: "import * as dep from 'dep'\nimport { own } from './own.mjs'\nexport const handler = async () => ({ dep: { ...dep }, own })",
} as const

export interface Project extends AsyncDisposable {
  readonly folder: string
  /** The file of an entry. */
  entry(source: string): Promise<string>
}

/** A folder of this project, so that the CDK finds esbuild, with such a dependency. */
export async function commonJsProject(): Promise<Project> {
  const folder = await mkdtemp(fileURLToPath(new URL('../../node_modules/.common-js-', import.meta.url)))
  const write = async (name: string, text: string) => {
    const file = join(folder, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
    return file
  }
  await write('node_modules/dep/package.json', JSON.stringify({ name: 'dep', main: 'index.js' }))
  await write('node_modules/dep/index.js', DEPENDENCY)
  await write('own.mjs', OWN)
  let entries = 0
  return {
    folder,
    entry: (source) => write(`entry-${entries++}.ts`, source),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

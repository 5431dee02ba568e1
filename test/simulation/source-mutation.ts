/** Bundles the simulation with a piece of the code under test replaced. */
import { mkdir, readFile, rm } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import type { noticed } from './noticed.ts'
import type { SourceMutant } from './source-mutants.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Where packages are found from. */
const CACHE = `${ROOT}node_modules/.cache/mutants/`
let count = 0

/** A piece of a file of lib/core, and what it is replaced by. */
export interface Replacement {
  readonly what: string
  /** A file, or a folder with a slash behind it. */
  readonly file: string
  /** Must be there exactly once. */
  readonly replace: RegExp
  readonly by: string
}

/** What a module exports where that is replaced in what it imports. `entry` is relative to the repository. */
export async function importMutated<T>(entry: string, ...replacements: readonly Replacement[]): Promise<T> {
  await mkdir(CACHE, { recursive: true })
  const name = replacements[0]?.what.replaceAll(/\W+/g, '-')
  const outfile = `${CACHE}${process.pid}-${++count}-${name}.mjs`
  try {
    await build({
      entryPoints: [`${ROOT}${entry}`],
      outfile,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'silent',
      plugins: [replacing(replacements)],
    })
    return (await import(pathToFileURL(outfile).href)) as T
  } finally {
    await rm(outfile, { force: true })
  }
}

/** What noticed the mutant; undefined where nothing did. */
export async function sourceNoticed(mutant: SourceMutant): Promise<string | undefined> {
  const { what, also = [], mutation = {} } = mutant
  const replacements = [mutant, ...also.map((one) => ({ what, ...one }))]
  const { noticed: tell } = await importMutated<{ noticed: typeof noticed }>(
    'test/simulation/noticed.ts',
    ...replacements,
  )
  return tell({ ...mutant, mutation })
}

/** Of a folder each file is looked at: code moves from one file to another. */
function replacing(replacements: readonly Replacement[]): Plugin {
  return {
    name: 'mutant',
    setup({ onLoad, onEnd }) {
      const found = replacements.map(() => 0)
      onLoad({ filter: /\.ts$/ }, async (args) => {
        if (!args.path.startsWith(`${ROOT}lib/core/`)) return undefined
        const path = args.path.slice(`${ROOT}lib/core/`.length)
        let contents: string | undefined
        for (const [at, { file, replace, by }] of replacements.entries()) {
          if (path !== file && !(file.endsWith('/') && path.startsWith(file))) continue
          contents ??= await readFile(args.path, 'utf8')
          found[at] = (found[at] ?? 0) + (contents.match(new RegExp(replace.source, 'g'))?.length ?? 0)
          contents = contents.replace(replace, by)
        }
        return contents === undefined ? undefined : { contents, loader: 'ts' }
      })
      onEnd(() => {
        for (const [at, { what, file, replace }] of replacements.entries()) {
          if (found[at] === 1) continue
          throw new Error(`mutant '${what}': ${found[at]} places in ${file} match ${replace}`)
        }
      })
    },
  }
}

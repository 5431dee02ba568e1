/** Bundles the simulation with a piece of the code under test replaced. */
import { mkdir, readFile, rm } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import type { noticed } from './noticed.ts'
import type { SourceMutant } from './source-mutants.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Where packages are found from. */
const CACHE = `${ROOT}node_modules/.cache/mutants/`
/** What noticed the mutant; undefined where nothing did. */
export async function sourceNoticed(mutant: SourceMutant): Promise<string | undefined> {
  await mkdir(CACHE, { recursive: true })
  const outfile = `${CACHE}${process.pid}-${mutant.what.replaceAll(/\W+/g, '-')}.mjs`
  try {
    await build({
      entryPoints: [`${ROOT}test/simulation/noticed.ts`],
      outfile,
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'silent',
      plugins: [replacing(mutant)],
    })
    const url = pathToFileURL(outfile).href
    const { noticed: tell } = (await import(url)) as { noticed: typeof noticed }
    return await tell({ ...mutant, mutation: {} })
  } finally {
    await rm(outfile, { force: true })
  }
}

function replacing({ what, file, replace, by }: SourceMutant): Plugin {
  const path = `${ROOT}lib/core/${file}`
  return {
    name: 'mutant',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async (args) => {
        if (args.path !== path) return undefined
        const text = await readFile(path, 'utf8')
        const found = text.match(new RegExp(replace.source, 'g'))?.length ?? 0
        if (found !== 1) throw new Error(`mutant '${what}': ${found} places in ${file} match ${replace}`)
        return { contents: text.replace(replace, by), loader: 'ts' }
      })
    },
  }
}

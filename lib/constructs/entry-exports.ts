/** What an entry exports, by esbuild's metafile: a handler that is not there would fail at each message. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { relative, resolve } from 'node:path'
import { Stack } from 'aws-cdk-lib'
import { type BundlingOptions, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'
import type { Construct } from 'constructs'
import type esbuild from 'esbuild'
import { folderOfEsbuild } from './entry-project.ts'

/** The prop that names an export, and the export. */
export type NamedExport = readonly [prop: string, name: string]

/** Empty where nothing is bundled, and where only the bundling itself can tell. */
export function exportProblems(
  scope: Construct,
  { entry, bundling }: { readonly entry?: string; readonly bundling?: BundlingOptions },
  named: readonly NamedExport[],
): string[] {
  if (!entry || !Stack.of(scope).bundlingRequired || bundling?.forceDockerBundling) return []
  const found = exportsOf(entry, bundling, named)
  if (!found) return []
  return named
    .filter(([, name]) => !found.includes(name))
    .map(([prop, name]) => {
      const list = found.length > 0 ? `it exports ${found.join(', ')}` : 'it exports nothing'
      return `${prop} must be an export of ${entry}, got ${name}: ${list}`
    })
}

/** First without packages, which is quick; with them only where a name is missing that one of them may export. */
function exportsOf(
  entry: string,
  bundling: BundlingOptions = {},
  named: readonly NamedExport[],
): readonly string[] | undefined {
  const folder = folderOfEsbuild()
  if (folder === undefined) return undefined
  const { buildSync: build } = createRequire(import.meta.url)(folder) as typeof esbuild
  const found = look(build, entry, bundling, 'external')
  if (!found || named.every(([, name]) => found.includes(name))) return found
  return look(build, entry, bundling, 'bundle')
}

function look(
  build: typeof esbuild.buildSync,
  entry: string,
  bundling: BundlingOptions,
  packages: 'bundle' | 'external',
): readonly string[] | undefined {
  const { externalModules = [], nodeModules = [], loader, define, tsconfig, format } = bundling
  try {
    const { metafile } = build({
      entryPoints: [resolve(entry)],
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'node',
      outfile: 'index.mjs',
      logLevel: 'silent',
      packages,
      external: [...externalModules, ...nodeModules],
      ...(loader && { loader: loader as Record<string, esbuild.Loader> }),
      ...(define && { define }),
      ...(tsconfig !== undefined && { tsconfig }),
    })
    if (packages === 'bundle' && exportsUnseen(metafile)) return undefined
    const isCommonJs = metafile.inputs[relative(process.cwd(), resolve(entry))]?.format === 'cjs'
    // Bundled as CommonJS its exports are what it assigns when it runs.
    if (isCommonJs && format === OutputFormat.CJS) return undefined
    return Object.values(metafile.outputs).flatMap(({ exports }) => exports)
  } catch {
    return undefined
  }
}

/** `export * from` a module that stays outside the bundle: what it has is not known. */
function exportsUnseen({ inputs }: esbuild.Metafile): boolean {
  return Object.entries(inputs).some(([file, { imports }]) => {
    const outside = imports.filter(({ external, kind }) => external === true && kind === 'import-statement')
    return outside.length > 0 && /\bexport\s*\*\s*from\b/.test(readFileSync(file, 'utf8'))
  })
}

// Bundles a handler with esbuild the way a CDK NodejsFunction would. Imports neither esbuild nor the CDK
// statically: the one is an optional peer, the other never belongs into run-time code.

import { rmSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, extname, join } from 'node:path'
import { bundleTarget, esmOptions } from '../../bundling.ts'
import { importOptional } from '../engine/optional.ts'
import { localError } from '../errors.ts'
import { freshName } from '../resources.ts'

/** The esbuild options of local bundles: an ES module for Node 20 and later with a source map, everything inside. */
export const bundlingOptions = {
  ...esmOptions,
  target: bundleTarget,
  sourcemap: true,
  sourcesContent: false,
} as const

/** Options of {@link bundleHandler}. */
export interface BundleHandlerOptions {
  /** The file that exports the handler, TypeScript or JavaScript. */
  entry: string
  /** Where the bundle goes; must end in `.mjs`. @default - a temporary file that goes when this process exits */
  outfile?: string
  /** Packages left out, for instance `@aws-sdk/*`, which the Lambda runtime brings. @default - none */
  external?: readonly string[]
  /** @default false */
  minify?: boolean
}

/** esbuild's account of a bundle: which files went in, and with how many bytes. */
export interface BundleMetafile {
  readonly inputs: Readonly<Record<string, { readonly bytes: number }>>
  readonly outputs: Readonly<
    Record<
      string,
      {
        readonly bytes: number
        readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>
      }
    >
  >
}

/** A finished bundle. */
export interface Bundle {
  readonly file: string
  readonly metafile: BundleMetafile
  /** Size of the file without its source map. */
  readonly bytes: number
}

interface Esbuild {
  build(options: Record<string, unknown>): Promise<{ metafile: BundleMetafile }>
}

/**
 * Bundles a handler into one file for {@link LocalAws.createFunction} or for AWS. Rejects with esbuild's own
 * error when the code does not build. esbuild's helper process stays until this process ends.
 *
 * @example
 * const { file } = await bundleHandler({ entry: 'src/worker.ts' })
 * const fn = await local.createFunction({ code: { file } })
 */
export async function bundleHandler(options: BundleHandlerOptions): Promise<Bundle> {
  const { entry, external = [], minify = false } = options
  const outfile = options.outfile ?? temporaryFile(`${basename(entry, extname(entry))}.mjs`)
  if (!outfile.endsWith('.mjs')) {
    throw localError(`outfile must end in .mjs, or Node would not see an ES module; got '${outfile}'`)
  }
  const esbuild = await importOptional<Esbuild>('esbuild', 'bundleHandler', 'esbuild')
  const { metafile } = await esbuild.build({
    ...bundlingOptions,
    entryPoints: [entry],
    outfile,
    external: [...external],
    minify,
    metafile: true,
    logLevel: 'silent', // Errors come as a rejection; printing them too would say everything twice.
  })
  return { file: outfile, metafile, bytes: (await stat(outfile)).size }
}

const temporaryFolders: string[] = []

function temporaryFile(name: string): string {
  const folder = join(tmpdir(), freshName('flowcraft-bundle'))
  if (temporaryFolders.length === 0) process.once('exit', removeTemporaryFolders)
  temporaryFolders.push(folder)
  return join(folder, name)
}

function removeTemporaryFolders(): void {
  for (const folder of temporaryFolders) rmSync(folder, { recursive: true, force: true })
}

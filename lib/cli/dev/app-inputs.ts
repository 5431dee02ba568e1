/** The files of the project that a CDK app is made of, so that a change of another file does not synthesise it anew. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type esbuild from 'esbuild'
import { importOptional } from '../../local/engine/optional.ts'

/** Empty where the command names no file of the project, or one that does not build. */
export async function appInputsOf(app: string, projectFolder: string): Promise<ReadonlySet<string>> {
  const entry = app
    .split(/\s+/)
    .map((part) => resolve(projectFolder, part.replaceAll(/["']/g, '')))
    .find((file) => /\.[cm]?[jt]s$/.test(file) && existsSync(file))
  if (entry === undefined) return new Set()
  const { build } = await importOptional<typeof esbuild>('esbuild', 'flowcraft-aws dev', 'esbuild')
  try {
    const { metafile } = await build({
      entryPoints: [entry],
      absWorkingDir: projectFolder,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      metafile: true,
      write: false,
      logLevel: 'silent',
    })
    return new Set(Object.keys(metafile.inputs).map((file) => resolve(projectFolder, file)))
  } catch {
    return new Set([entry])
  }
}

/**
 * Clients of AWS services that few functions need stand beside a worker's code, not in it: a function reads and compiles
 * all of its file each time that it starts. Only what this package imports is left out, so in what order the user's own
 * modules are evaluated stays as it is in one file; esbuild's `splitting` would change it.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AssetStaging } from 'aws-cdk-lib'
import { type BundlingOptions, type ICommandHooks, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'
import type esbuild from 'esbuild'
import { LAZY_CLIENTS, lazyClientOptions, lazyImports } from '../bundling.ts'
import { folderOfEsbuild } from './entry-project.ts'

/** The same where these clients cannot be bundled here: in Docker, for CommonJS, or where the SDK is that of the runtime. */
export function withLazyClients(bundling: BundlingOptions): BundlingOptions {
  const { format, forceDockerBundling, bundleAwsSDK, externalModules = [] } = bundling
  const folder = folderOfEsbuild()
  if (format !== OutputFormat.ESM || forceDockerBundling || !bundleAwsSDK || !folder) return bundling
  return {
    ...bundling,
    externalModules: [...externalModules, ...lazyImports],
    commandHooks: hooksOf(bundling, folder),
  }
}

/** The CDK asks for commands once it has made the folder of the bundle: the files are written while it asks. */
function hooksOf({ commandHooks: given, externalModules }: BundlingOptions, folder: string): ICommandHooks {
  return {
    beforeBundling: (inputDir, outputDir) => {
      if (outputDir !== AssetStaging.BUNDLING_OUTPUT_DIR) bundleClients(folder, outputDir, externalModules)
      return given?.beforeBundling(inputDir, outputDir) ?? []
    },
    beforeInstall: (inputDir, outputDir) => given?.beforeInstall(inputDir, outputDir) ?? [],
    afterBundling: (inputDir, outputDir) => given?.afterBundling(inputDir, outputDir) ?? [],
  }
}

function bundleClients(folder: string, outdir: string, external: string[] = []): void {
  const { buildSync } = createRequire(import.meta.url)(folder) as typeof esbuild
  const lib = fileURLToPath(new URL('../', import.meta.url))
  const entries = Object.entries(LAZY_CLIENTS).map(([name, path]) => [name, fileOf(`${lib}${path}`)])
  // Names in the code do not depend on where it is built: the same source gives the same bytes.
  buildSync({
    ...lazyClientOptions(Object.fromEntries(entries), outdir),
    absWorkingDir: dirname(lib),
    external,
  })
}

/** In the package, or in its source. */
function fileOf(path: string): string {
  return existsSync(`${path}.mjs`) ? `${path}.mjs` : `${path}.mts`
}

/** The code of the functions that come with the package: bundled when it was built, or from source in this repository. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { AssetHashType, DockerImage } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import type esbuild from 'esbuild'
import { type OwnHandler, ownHandlerOptions } from '../bundling.ts'

/** The package as it is published has its handlers in `dist/handlers`, beside `dist/lib`. */
export function ownHandler(name: OwnHandler): Code {
  const built = fileURLToPath(new URL(`../../handlers/${name}`, import.meta.url))
  return existsSync(built) ? Code.fromAsset(built) : fromSource(name)
}

/** Called from source there is esbuild, and the CDK caches what it makes. */
function fromSource(name: OwnHandler): Code {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  return Code.fromAsset(`${root}lambdas`, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: DockerImage.fromRegistry('never-used'),
      local: {
        tryBundle(outdir) {
          const { buildSync } = createRequire(import.meta.url)('esbuild') as typeof esbuild
          buildSync(ownHandlerOptions(root, name, outdir))
          return true
        },
      },
      // Part of the key by which the CDK caches bundles, as the bundling function is not.
      command: [name],
    },
  })
}

/**
 * The esbuild options of every bundle, for whoever bundles: the local AWS, the constructs, the package's own build.
 * Constants only.
 */

/** Gives CommonJS dependencies the `require` that an ES module does not have. */
export const REQUIRE_BANNER =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);"

/** An ES module with everything inside. */
export const esmOptions = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  mainFields: ['module', 'main'],
  banner: { js: REQUIRE_BANNER },
} as const

/** The functions that come bundled with the package, by the file in `lambdas/` that is their entry. */
export const OWN_HANDLERS = ['start-run', 'sweep', 'webhook'] as const

export type OwnHandler = (typeof OWN_HANDLERS)[number]

/** One of the package's own functions, as it is deployed: the same source gives the same bytes. */
export function ownHandlerOptions(root: string, name: OwnHandler, outdir: string) {
  return {
    ...esmOptions,
    mainFields: [...esmOptions.mainFields],
    absWorkingDir: root,
    entryPoints: [`lambdas/${name}.ts`],
    outfile: `${outdir}/index.mjs`,
    target: 'node24',
    minify: true,
    // Errors are told apart by their names.
    keepNames: true,
    sourcemap: false,
    logLevel: 'warning' as const,
  }
}

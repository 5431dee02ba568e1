/**
 * The esbuild options of every bundle, for whoever bundles: the local AWS, the constructs, the package's own build.
 * Constants only.
 */

/**
 * Gives CommonJS dependencies what an ES module does not have: `require`, `__filename` and `__dirname`. By `var`, since
 * a module of the user's may declare the same names itself, and esbuild makes `var` of what stands at the top of a
 * module; `const` beside it would be a syntax error.
 */
export const COMMONJS_BANNER = [
  "import { createRequire as __bundleRequire } from 'node:module';",
  "import { fileURLToPath as __bundlePath } from 'node:url';",
  "import { dirname as __bundleFolder } from 'node:path';",
  'var require = __bundleRequire(import.meta.url);',
  'var __filename = __bundlePath(import.meta.url);',
  'var __dirname = __bundleFolder(__filename);',
].join(' ')

/** An ES module with everything inside. */
export const esmOptions = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  mainFields: ['module', 'main'],
  banner: { js: COMMONJS_BANNER },
} as const

/** What the local AWS runs, and the oldest Node that a user's `runtime` may be. */
export const bundleTarget = 'node20'

/** The functions that come bundled with the package, by the file in `lambdas/` that is their entry. */
export const OWN_HANDLERS = ['start-run', 'sweep', 'webhook'] as const

export type OwnHandler = (typeof OWN_HANDLERS)[number]

/** One of the package's own functions, as it is deployed: the same source gives the same bytes. */
export function ownHandlerOptions(root: string, name: OwnHandler, outdir: string) {
  return {
    ...esmOptions,
    mainFields: [...esmOptions.mainFields],
    absWorkingDir: root,
    entryPoints: { index: `lambdas/${name}.ts` },
    outdir,
    outExtension: { '.js': '.mjs' },
    // What is imported when it is first needed, such as the client of S3, is not read when a function starts.
    splitting: true,
    target: bundleTarget,
    minify: true,
    // Errors are told apart by their names.
    keepNames: true,
    sourcemap: false,
    logLevel: 'warning' as const,
  }
}

/**
 * How `flowcraft-aws dev` learns which file a function is bundled from: by this variable it asks the constructs to say so in
 * the metadata of the cloud assembly, under this type. The template has nothing of it.
 */
export const DEV_SYNTH = { variable: 'FLOWCRAFT_AWS_DEV', metadata: 'flowcraft-aws:bundle' } as const

/** What bundles a function's code anew, as esbuild takes it. */
export interface BundleRecord {
  /** Options of esbuild, without where the bundle goes. JSON. */
  readonly options: Readonly<Record<string, unknown>> & { readonly entryPoints: readonly [string] }
  /** The file in the function's folder. */
  readonly outfile: 'index.js' | 'index.mjs'
}

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

/**
 * Clients that few functions need: modules of the package, by their path in `lib/` without its ending. The worker's code imports
 * them by name, from beside itself, when it first needs them.
 */
export const LAZY_CLIENTS = {
  'flowcraft-aws-s3': 'core/values/flowcraft-aws-s3',
  'flowcraft-aws-eventbridge': 'core/telemetry/flowcraft-aws-eventbridge',
} as const

/** What stays outside of a worker's bundle where these are bundled beside it: the imports of them, as they are written. */
export const lazyImports = Object.keys(LAZY_CLIENTS).map((name) => `./${name}.mjs`)

/** Bundles them into the folder of a worker's code. What both need is there once, in a folder of its own. */
export function lazyClientOptions(entryPoints: Record<string, string>, outdir: string) {
  return {
    ...esmOptions,
    mainFields: [...esmOptions.mainFields],
    entryPoints,
    outdir,
    outExtension: { '.js': '.mjs' },
    splitting: true,
    chunkNames: 'flowcraft-aws/[hash]',
    target: bundleTarget,
    minify: true,
    keepNames: true,
    sourcemap: false,
    logLevel: 'warning' as const,
  }
}

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

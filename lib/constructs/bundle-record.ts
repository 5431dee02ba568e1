/** What a function was bundled from, for `flowcraft-aws dev`, which bundles it anew when a file changes. */
import { dirname, resolve } from 'node:path'
import type { Function } from 'aws-cdk-lib/aws-lambda'
import { type BundlingOptions, OutputFormat, SourceMapMode } from 'aws-cdk-lib/aws-lambda-nodejs'
import { type BundleRecord, DEV_SYNTH } from '../bundling.ts'

/** What only the CDK can do: with one of these the app is synthesised anew in place of the bundle. */
const BEYOND_ESBUILD = [
  'nodeModules',
  'commandHooks',
  'forceDockerBundling',
  'esbuildArgs',
  'preCompilation',
] as const satisfies readonly (keyof BundlingOptions)[]

/** @param lockFile - of the project, whose folder is the root of what is bundled */
export function recordBundle(
  made: Function,
  entry: string,
  bundling: BundlingOptions,
  lockFile: string | undefined,
): void {
  if (process.env[DEV_SYNTH.variable] !== 'true') return
  const isBeyond = BEYOND_ESBUILD.some((name) => bundling[name] !== undefined && bundling[name] !== false)
  if (isBeyond || !made.node.defaultChild) return
  const record: BundleRecord = {
    options: esbuildOptions(resolve(entry), bundling, lockFile),
    outfile: bundling.format === OutputFormat.ESM ? 'index.mjs' : 'index.js',
  }
  made.node.defaultChild.node.addMetadata(DEV_SYNTH.metadata, record)
}

function esbuildOptions(entry: string, bundling: BundlingOptions, lockFile: string | undefined) {
  const { banner, footer, externalModules, bundleAwsSDK, sourceMap, sourceMapMode } = bundling
  const { minify, keepNames, sourcesContent, target, format, mainFields } = bundling
  const { define, loader, tsconfig, inject, charset } = bundling
  const sdk = bundleAwsSDK ? [] : ['@aws-sdk/*', '@smithy/*']
  return {
    bundle: true,
    platform: 'node',
    entryPoints: [entry] as const,
    absWorkingDir: lockFile === undefined ? process.cwd() : dirname(resolve(lockFile)),
    external: externalModules ?? sdk,
    banner: { js: banner ?? '' },
    footer: { js: footer ?? '' },
    sourcemap: sourceMapOf(sourceMap, sourceMapMode),
    minify,
    keepNames,
    sourcesContent,
    target,
    mainFields,
    define,
    loader,
    tsconfig,
    inject,
    charset,
    format: format ?? OutputFormat.CJS,
  }
}

function sourceMapOf(isOn: boolean | undefined, mode: SourceMapMode | undefined): string | boolean {
  if (!isOn && mode === undefined) return false
  return mode === undefined || mode === SourceMapMode.DEFAULT ? true : mode
}

/** The user's functions: bundled from their entry by esbuild, or bundled by themselves. */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { AssetStaging, Stack } from 'aws-cdk-lib'
import { type Code, Function, type FunctionProps, type Runtime } from 'aws-cdk-lib/aws-lambda'
import { type BundlingOptions, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'
import type { Construct } from 'constructs'
import { COMMONJS_BANNER, esmOptions } from '../bundling.ts'
import { recordBundle } from './bundle-record.ts'
import { checkEntryAtSynth } from './check-entry.ts'
import { exportProblems } from './entry-exports.ts'
import { nodeOf } from './function-overrides.ts'
import {
  esbuildEnvironment,
  esbuildProblems,
  folderOfEsbuild,
  lockFileOf,
  lockFileProblems,
} from './entry-project.ts'
import { withLazyClients } from './lazy-clients.ts'
import { warnOfNativeModules } from './native-modules.ts'

/** Where the user's code is. */
export interface UserCode {
  /**
   * The file that exports the handler, TypeScript or JavaScript; bundled by esbuild, which the app must have
   * installed. Excludes `code`.
   * @default - `code` and `handler`
   */
  readonly entry?: string
  /** Code that is bundled already; needs `handler`, excludes `entry`. @default - `entry` */
  readonly code?: Code
  /** The entry's export, or with `code` its file and export. @default 'handler', none with `code` */
  readonly handler?: string
  /** Additional esbuild options, which override the defaults. @default - an ES module for Node 24, minified, the AWS SDK inside */
  readonly bundling?: BundlingOptions
  /** The lock file of the entry's project, whose folder is the root of what is bundled. @default - found upwards from `entry` */
  readonly depsLockFilePath?: string
  /**
   * Whether the bundle is loaded once at synth, in a process of its own with the variables of its function: a module that
   * throws when it is loaded, or whose handler is no function, is an error then. What is known only when it is deployed
   * has a made-up value; there are no credentials. The process runs on the Node that runs the app.
   * @default false
   */
  readonly checkEntry?: boolean
}

export const USER_CODE = [
  'entry',
  'code',
  'handler',
  'bundling',
  'depsLockFilePath',
  'checkEntry',
] as const satisfies readonly (keyof UserCode)[]

/**
 * What was tested is what runs: the SDK is inside, as it was installed, not the one that the runtime brings. Names are
 * kept since flowcraft registers classes by theirs.
 */
const BUNDLING: BundlingOptions = {
  format: OutputFormat.ESM,
  bundleAwsSDK: true,
  minify: true,
  keepNames: true,
  sourceMap: true,
  sourcesContent: false,
}

/** What the runtime without a version in its name has at least. */
const NEWEST_NODE = 24

export function userFunction(
  scope: Construct,
  id: string,
  user: UserCode,
  options: Omit<FunctionProps, 'code' | 'handler'>,
): Function {
  const { entry, code, handler = 'handler', checkEntry } = user
  const environment = { NODE_OPTIONS: '--enable-source-maps', ...options.environment }
  if (code) return new Function(scope, id, { ...options, environment, code, handler })
  const bundling = bundlingOf(options.runtime, user)
  const depsLockFilePath = lockFileOf(user)
  const made = new NodejsFunction(scope, id, {
    ...options,
    environment,
    entry,
    handler,
    depsLockFilePath,
    bundling: withLazyClients(bundling),
  })
  recordBundle(made, entry as string, bundling, depsLockFilePath)
  const bundle = bundleOf(made)
  if (bundle === undefined) return made
  warnOfNativeModules(made, bundle, made.architecture)
  if (checkEntry) checkEntryAtSynth(made, entry as string, bundle, handler)
  return made
}

/** The folder of what was bundled; undefined where nothing was. */
function bundleOf(made: Function): string | undefined {
  if (!Stack.of(made).bundlingRequired) return undefined
  const staging = made.node.tryFindChild('Code')?.node.tryFindChild('Stage')
  return staging instanceof AssetStaging ? staging.absoluteStagedPath : undefined
}

/** A banner of the user's stands beside ours; in CommonJS, which has what ours gives, ours would not load. */
function bundlingOf(runtime: Runtime, user: UserCode): BundlingOptions {
  const { bundling: given = {} } = user
  const target = `node${nodeOf(runtime) ?? NEWEST_NODE}`
  const environment = { ...esbuildEnvironment(lockFileOf(user)), ...given.environment }
  const options = { ...BUNDLING, target, ...given, environment }
  if (options.format !== OutputFormat.ESM) return options
  const banner = [given.banner, COMMONJS_BANNER].filter((text) => text !== undefined).join(' ')
  return { mainFields: [...esmOptions.mainFields], ...options, banner }
}

/** The props that say where the code is, without those beside them. */
export function userCodeOf(user: UserCode): UserCode {
  const { entry, code, handler, bundling, depsLockFilePath, checkEntry } = user
  return { entry, code, handler, bundling, depsLockFilePath, checkEntry }
}

/** The same code, another export of it. */
export function withExport(user: UserCode, name: string): UserCode {
  if (!user.code) return { ...user, handler: name }
  const [file] = (user.handler as string).split('.', 1)
  return { ...user, handler: `${file}.${name}` }
}

export function userCodeProblems(
  scope: Construct,
  user: UserCode,
  findsEsbuild: () => boolean = esbuildIsInstalled,
): string[] {
  const { entry, code, handler, bundling, depsLockFilePath, checkEntry } = user
  if (!entry === !code) return [`give either entry or code with handler, got ${code ? 'both' : 'neither'}`]
  if (code) return codeProblems(handler, { bundling, depsLockFilePath, checkEntry })
  if (!/\.([cm]?[jt]s|[jt]sx)$/.test(entry as string)) {
    return [`entry must be a TypeScript or JavaScript file, got ${entry}`]
  }
  const problems: string[] = []
  if (!bundling?.forceDockerBundling && !findsEsbuild()) {
    problems.push(
      'entry needs esbuild to be bundled, which is not installed beside aws-cdk-lib: npm install --save-dev esbuild, or give code and handler',
    )
  }
  if (handler?.includes('.')) problems.push(`handler must be the name of an export of entry, got ${handler}`)
  if (!existsSync(entry as string)) {
    return [`entry must be a file, got ${entry}, which is not there`, ...problems]
  }
  const ofLockFile = lockFileProblems(user)
  problems.push(...ofLockFile)
  if (ofLockFile.length === 0 && !bundling?.forceDockerBundling) {
    problems.push(...esbuildProblems(lockFileOf(user)))
  }
  if (handler?.includes('.')) return problems
  return [...problems, ...exportProblems(scope, user, [['handler', handler ?? 'handler']])]
}

function codeProblems(
  handler: string | undefined,
  forEntry: Pick<UserCode, 'bundling' | 'depsLockFilePath' | 'checkEntry'>,
): string[] {
  const problems: string[] = []
  if (!handler) problems.push("code needs handler, such as 'index.handler'")
  else if (!/^[^.]+\.[^.]+/.test(handler)) {
    problems.push(`handler must be file and export beside code, such as 'index.handler', got ${handler}`)
  }
  for (const [name, value] of Object.entries(forEntry)) {
    if (value !== undefined) problems.push(`${name} is for entry, not for code`)
  }
  return problems
}

/** As the CDK looks for it: from its own files, then among the commands. Without it, it would start Docker. */
function esbuildIsInstalled(): boolean {
  if (folderOfEsbuild() !== undefined) return true
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.some((folder) => existsSync(join(folder, 'esbuild')))
}

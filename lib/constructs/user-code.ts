/** The user's functions: bundled from their entry by esbuild, or bundled by themselves. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { type Code, Function, type FunctionProps } from 'aws-cdk-lib/aws-lambda'
import { type BundlingOptions, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'
import type { Construct } from 'constructs'
import { COMMONJS_BANNER, esmOptions } from '../bundling.ts'

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
  /** The app's lock file, whose folder is the root of the project. @default - found upwards from where the app runs */
  readonly depsLockFilePath?: string
}

export const USER_CODE = [
  'entry',
  'code',
  'handler',
  'bundling',
  'depsLockFilePath',
] as const satisfies readonly (keyof UserCode)[]

/**
 * What was tested is what runs: the SDK is inside, as it was installed, not the one that the runtime brings. Names are
 * kept since flowcraft registers classes by theirs.
 */
const BUNDLING: BundlingOptions = {
  format: OutputFormat.ESM,
  target: 'node24',
  bundleAwsSDK: true,
  minify: true,
  keepNames: true,
  sourceMap: true,
  sourcesContent: false,
}

export function userFunction(
  scope: Construct,
  id: string,
  { entry, code, handler, bundling, depsLockFilePath }: UserCode,
  options: Omit<FunctionProps, 'code' | 'handler'>,
): Function {
  const environment = { NODE_OPTIONS: '--enable-source-maps', ...options.environment }
  if (code) return new Function(scope, id, { ...options, environment, code, handler: handler as string })
  return new NodejsFunction(scope, id, {
    ...options,
    environment,
    entry,
    handler: handler ?? 'handler',
    depsLockFilePath,
    bundling: bundlingOf(bundling),
  })
}

/** A banner of the user's stands beside ours; in CommonJS, which has what ours gives, ours would not load. */
function bundlingOf(given: BundlingOptions = {}): BundlingOptions {
  const options = { ...BUNDLING, ...given }
  if (options.format !== OutputFormat.ESM) return options
  const banner = [given.banner, COMMONJS_BANNER].filter((text) => text !== undefined).join(' ')
  return { mainFields: [...esmOptions.mainFields], ...options, banner }
}

/** The props that say where the code is, without those beside them. */
export function userCodeOf({ entry, code, handler, bundling, depsLockFilePath }: UserCode): UserCode {
  return { entry, code, handler, bundling, depsLockFilePath }
}

/** The same code, another export of it. */
export function withExport(user: UserCode, name: string): UserCode {
  if (!user.code) return { ...user, handler: name }
  const [file] = (user.handler as string).split('.', 1)
  return { ...user, handler: `${file}.${name}` }
}

export function userCodeProblems(user: UserCode, findsEsbuild: () => boolean = esbuildIsInstalled): string[] {
  const { entry, code, handler, bundling, depsLockFilePath } = user
  if (!entry === !code) return [`give either entry or code with handler, got ${code ? 'both' : 'neither'}`]
  if (code) return codeProblems(handler, { bundling, depsLockFilePath })
  if (!/\.([cm]?[jt]s|[jt]sx)$/.test(entry as string)) {
    return [`entry must be a TypeScript or JavaScript file, got ${entry}`]
  }
  const problems: string[] = []
  if (!existsSync(entry as string)) problems.push(`entry must be a file, got ${entry}, which is not there`)
  if (handler?.includes('.')) problems.push(`handler must be the name of an export of entry, got ${handler}`)
  if (!bundling?.forceDockerBundling && !findsEsbuild()) {
    problems.push(
      'entry needs esbuild to be bundled, which is not installed beside aws-cdk-lib: npm install --save-dev esbuild, or give code and handler',
    )
  }
  return problems
}

function codeProblems(
  handler: string | undefined,
  forEntry: Pick<UserCode, 'bundling' | 'depsLockFilePath'>,
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
  const require = createRequire(import.meta.url)
  try {
    createRequire(require.resolve('aws-cdk-lib')).resolve('esbuild')
    return true
  } catch {
    const folders = (process.env['PATH'] ?? '').split(delimiter)
    return folders.some((folder) => existsSync(join(folder, 'esbuild')))
  }
}

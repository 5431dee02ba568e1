/** The CDK CLI of this repository, as a user calls it. */
import { join } from 'node:path'
import { repository } from './paths.ts'
import { runCommand } from './process.ts'
import type { Target } from './target.ts'

export interface CdkOptions {
  /** The app's command or a folder with what it synthesised. @default - what cdk.json says */
  readonly app?: string
  /** Where the templates go. */
  readonly output?: string
  readonly context?: Readonly<Record<string, string>>
  /** The project. @default - this repository */
  readonly cwd?: string
}

/** Deployments to AWS take minutes; one that is killed goes on in CloudFormation. */
const TIMEOUT_MS = 1_800_000

/**
 * Runs one command of the CLI and gives what it printed.
 * On the emulator a warning is a failure. In an account it may be about the account, so it is shown.
 * @throws Error where it fails
 */
export async function cdk(
  target: Pick<Target, 'cliEnv' | 'isEmulator'>,
  args: readonly string[],
  { app, output, context = {}, cwd = repository }: CdkOptions = {},
): Promise<string> {
  const options = [
    ...(app === undefined ? [] : ['--app', app]),
    ...(output === undefined ? [] : ['--output', output]),
    ...Object.entries(context).flatMap(([key, value]) => ['--context', `${key}=${value}`]),
  ]
  const cli = join(repository, 'node_modules/aws-cdk/bin/cdk')
  const printed = await runCommand(process.execPath, [cli, ...args, ...options], {
    env: target.cliEnv,
    cwd,
    timeoutMs: TIMEOUT_MS,
  })
  const warnings = printed.split('\n').filter((line) => /warn/i.test(line))
  if (warnings.length > 0) {
    const text = `cdk ${args[0]} printed warnings: ${warnings.join('\n')}`
    if (target.isEmulator) throw new Error(text)
    console.error(text)
  }
  return printed
}

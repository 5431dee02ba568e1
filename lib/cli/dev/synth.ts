/** Runs the user's CDK app, as the CDK's own command does, without its start of some seconds. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import * as v from 'valibot'
import { DEV_SYNTH } from '../../bundling.ts'
import { UsageError } from '../exit-codes.ts'

/** What an app may know of where it is deployed to: the account that the local AWS plays. */
export interface SynthOptions {
  readonly projectFolder: string
  /** The command that runs the app. */
  readonly app: string
  /** As `cdk -c` gives it. */
  readonly context: Readonly<Record<string, string>>
  /** Where the cloud assembly goes; what was there goes. */
  readonly outdir: string
  readonly region: string
  readonly accountId: string
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

/** An app that does not run: what it printed says why. */
export class SynthError extends Error {
  override readonly name = 'SynthError'
}

const cdkJson = v.object({
  app: v.optional(v.string()),
  context: v.optional(v.record(v.string(), v.unknown()), {}),
})

/** The command of `cdk.json`. @throws UsageError where there is none */
export async function appOf(projectFolder: string): Promise<string> {
  const { app } = await readSettings(projectFolder)
  if (app !== undefined) return app
  throw new UsageError(
    `no CDK app in ${projectFolder}: cdk.json has no "app"; give --app 'npx tsx app.ts', or --no-cdk with the file of a worker`,
  )
}

/** @throws SynthError with what the app printed */
export async function synthesize(options: SynthOptions): Promise<void> {
  const { projectFolder, outdir, region, accountId } = options
  await rm(outdir, { recursive: true, force: true })
  const bin = join(projectFolder, 'node_modules', '.bin')
  const env = {
    ...options.env,
    PATH: [bin, options.env['PATH']].join(delimiter),
    CDK_OUTDIR: outdir,
    CDK_CONTEXT_JSON: JSON.stringify({ ...(await contextOf(projectFolder)), ...options.context }),
    CDK_DEFAULT_REGION: region,
    CDK_DEFAULT_ACCOUNT: accountId,
    [DEV_SYNTH.variable]: 'true',
  }
  const { code, printed } = await run(commandOf(options.app, projectFolder, bin), env, options)
  if (code === 0 && existsSync(join(outdir, 'manifest.json'))) return
  const why = printed.trim() || `it ended with status ${code}`
  throw new SynthError(code === 0 ? `the app wrote no cloud assembly (app.synth()): ${why}` : why)
}

/** As the CDK reads it: context of the project, of the lookups that were made, and of its own commands. */
async function contextOf(projectFolder: string): Promise<Record<string, unknown>> {
  const { context } = await readSettings(projectFolder)
  const looked = await readJson(join(projectFolder, 'cdk.context.json'))
  return {
    ...context,
    ...(looked as Record<string, unknown> | undefined),
    'aws:cdk:enable-path-metadata': true,
    'aws:cdk:enable-asset-metadata': true,
  }
}

async function readSettings(projectFolder: string) {
  const file = join(projectFolder, 'cdk.json')
  const parsed = v.safeParse(cdkJson, (await readJson(file)) ?? {})
  if (parsed.success) return parsed.output
  throw new UsageError(`${file}: ${parsed.issues[0].message}`)
}

async function readJson(file: string): Promise<unknown> {
  if (!existsSync(file)) return undefined
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown
  } catch (error) {
    throw new UsageError(`${file} is no JSON: ${(error as Error).message}`)
  }
}

/** `npx` looks around for half a second before it runs what is installed; a script is run by this Node. */
function commandOf(app: string, projectFolder: string, bin: string): string {
  const [, direct] = /^npx (?:--no-install |-y |--yes )*(\S.*)$/.exec(app) ?? []
  const [name = ''] = (direct ?? '').split(' ', 1)
  if (direct !== undefined && existsSync(join(bin, name))) return direct
  const isScript = /\.[cm]?js$/.test(app) && existsSync(join(projectFolder, app))
  return isScript ? `"${process.execPath}" "${app}"` : app
}

function run(command: string, env: NodeJS.ProcessEnv, { projectFolder, signal }: SynthOptions) {
  return new Promise<{ code: number | null; printed: string }>((resolve, reject) => {
    const child = spawn(command, { cwd: projectFolder, env, shell: true, detached: true, stdio: 'pipe' })
    let printed = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (printed = (printed + text).slice(-20_000)))
    // The shell's own children too.
    const end = () => child.pid !== undefined && killGroup(child.pid)
    signal.addEventListener('abort', end, { once: true })
    child.once('error', reject)
    child.once('close', (code) => {
      signal.removeEventListener('abort', end)
      resolve({ code, printed })
    })
  })
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

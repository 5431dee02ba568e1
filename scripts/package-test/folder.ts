/** A folder of a user: files in it, commands in it, and the package as npm would publish it. */
import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))

/** The versions that this repository is tested with. */
export const { devDependencies: versions } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly devDependencies: Readonly<Record<string, string>>
}

/** What is downloaded already is taken from there, and nothing else is asked of the registry. */
const NPM = { npm_config_prefer_offline: 'true', npm_config_audit: 'false', npm_config_fund: 'false' }

/** Prints the command, and what it wrote where it fails. */
export function run(folder: string, command: string, ...args: string[]): string {
  return ended([command, ...args].join(' '), spawnSync(command, args, optionsFor(folder)))
}

/** A command as one types it, with `env` beside what this process has. */
export function shell(folder: string, command: string, env: NodeJS.ProcessEnv = {}): string {
  return ended(command, spawnSync(command, { ...optionsFor(folder, env), shell: true }))
}

function optionsFor(cwd: string, env: NodeJS.ProcessEnv = {}) {
  return { cwd, env: { ...process.env, ...NPM, ...env }, encoding: 'utf8', maxBuffer: 2 ** 26 } as const
}

function ended(command: string, { status, stdout, stderr, error }: SpawnSyncReturns<string>): string {
  console.log(`$ ${command}`)
  if (status === 0) return stdout
  throw new Error(`'${command}' ended with ${status ?? error}:\n${stdout}\n${stderr}`)
}

/** @returns the path of a package's tarball, of this one unless another of this repository is named */
export function pack(folder: string, source = '.'): string {
  const printed = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: join(root, source),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [{ filename }] = JSON.parse(printed) as [{ filename: string }]
  return join(folder, filename)
}

export function write(folder: string, name: string, content: string | object): void {
  const file = join(folder, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2))
}

export interface Template {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties: { readonly Code?: { S3Key: string } } }>
  >
}

export function functionsOf(assembly: string, stack: string): Template['Resources'][string][] {
  const { Resources } = JSON.parse(readFileSync(join(assembly, `${stack}.template.json`), 'utf8')) as Template
  return Object.values(Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function')
}

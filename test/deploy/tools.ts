/**
 * What the deployment test needs beyond npm packages of this repository: the emulator, in a Python environment of its
 * own, and the Node version that the deployed functions ask for. Installed once, into a folder that git ignores.
 */
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { repository } from './paths.ts'
import { runCommand } from './process.ts'

export interface Tools {
  readonly ministack: string
  /** The folder with the `node` that runs the functions. */
  readonly nodeFolder: string
}

const NODE_VERSION = '24.21.0'
const INSTALL_TIMEOUT_MS = 180_000

/** @throws Error where Python 3.10 or newer, openssl or a registry is not there */
export async function installTools(): Promise<Tools> {
  const folder = join(repository, '.emulator')
  const requirements = join(repository, 'test/deploy/requirements.txt')
  const wanted = `${readFileSync(requirements, 'utf8')}node ${NODE_VERSION}\n`
  const stamp = join(folder, 'installed')
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    await Promise.all([installPython(folder, requirements), installNode(folder)])
    await writeFile(stamp, wanted)
  }
  return { ministack: join(folder, 'python/bin/ministack'), nodeFolder: nodeFolderOf(folder) }
}

async function installPython(folder: string, requirements: string): Promise<void> {
  const options = { env: process.env, cwd: folder, timeoutMs: INSTALL_TIMEOUT_MS }
  await runCommand('python3', ['-m', 'venv', 'python'], options)
  const quiet = ['--quiet', '--no-input', '--disable-pip-version-check']
  await runCommand('python/bin/pip', ['install', ...quiet, '--requirement', requirements], options)
}

/** A binary inside a package: no install script, nothing outside the folder. */
async function installNode(folder: string): Promise<void> {
  if (isNewEnough()) return
  const options = { env: process.env, cwd: folder, timeoutMs: INSTALL_TIMEOUT_MS }
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error']
  const node = `node-${process.platform}-${process.arch}@${NODE_VERSION}`
  await runCommand('npm', ['install', ...quiet, '--prefix', '.', node], options)
}

function nodeFolderOf(folder: string): string {
  if (isNewEnough()) return dirname(process.execPath)
  return join(folder, `node_modules/node-${process.platform}-${process.arch}/bin`)
}

function isNewEnough(): boolean {
  return Number(process.versions.node.split('.')[0]) >= 24
}

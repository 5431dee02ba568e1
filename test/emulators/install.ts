/**
 * Fetches the emulators that npm does not have, once, into a folder that git ignores: ElasticMQ by Maven, moto by pip into a
 * Python environment of its own.
 */
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { messageOf } from '../../lib/core/common/errors.ts'
import { repository } from '../deploy/paths.ts'
import { runCommand } from '../deploy/process.ts'

const FOLDER = join(repository, '.engines')
const INSTALL_TIMEOUT_MS = 300_000
const NEEDED_TIMEOUT_MS = 60_000

/** What an emulator is not started without: one sentence that says what to do. */
export class EmulatorMissing extends Error {}

interface Install {
  readonly name: string
  /** The file, beside this one, that pins what is fetched: what was fetched by an older one is fetched anew. */
  readonly pins: string
  /** Commands that must be there, and what brings them. */
  readonly needs: readonly { readonly command: readonly [string, ...string[]]; readonly help: string }[]
  /** Commands that fetch it into its folder, run there. */
  readonly commands: (pins: string, folder: string) => readonly (readonly [string, ...string[]])[]
}

const JAVA = { command: ['java', '-version'], help: 'install Java 11 or newer' } as const

const ELASTICMQ: Install = {
  name: 'ElasticMQ',
  pins: 'pom.xml',
  needs: [JAVA, { command: ['mvn', '--version'], help: 'install Maven 3.6 or newer' }],
  commands: (pins, folder) => [
    [
      'mvn',
      '--batch-mode',
      '--quiet',
      '--file',
      pins,
      'dependency:copy-dependencies',
      `-DoutputDirectory=${folder}`,
    ],
  ],
}

const MOTO: Install = {
  name: 'moto',
  pins: 'requirements.txt',
  needs: [{ command: ['python3', '--version'], help: 'install Python 3.10 or newer, with its module venv' }],
  commands: (pins) => [
    ['python3', '-m', 'venv', '.'],
    ['bin/pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', '--requirement', pins],
  ],
}

/** Gives the folder of ElasticMQ's jars. @throws EmulatorMissing without Java, Maven or its registry */
export const installElasticmq = (): Promise<string> => install(ELASTICMQ)

/** Gives the folder of moto's Python environment. @throws EmulatorMissing without Python or its registry */
export const installMoto = (): Promise<string> => install(MOTO)

async function install({ name, pins, needs, commands }: Install): Promise<string> {
  const options = { env: process.env, cwd: repository, timeoutMs: NEEDED_TIMEOUT_MS }
  for (const { command, help } of needs) {
    const [program, ...args] = command
    await runCommand(program, args, options).catch((error: unknown) => {
      throw new EmulatorMissing(`${name} needs ${program}, which does not run here: ${help}`, {
        cause: error,
      })
    })
  }
  const folder = join(FOLDER, name.toLowerCase())
  const stamp = join(folder, 'installed')
  const file = fileURLToPath(new URL(pins, import.meta.url))
  const wanted = readFileSync(file, 'utf8')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return folder
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  try {
    for (const [program, ...args] of commands(file, folder)) {
      await runCommand(program, args, { env: process.env, cwd: folder, timeoutMs: INSTALL_TIMEOUT_MS })
    }
  } catch (error) {
    throw new EmulatorMissing(
      `${name} could not be fetched: is its registry reachable? ${messageOf(error)}`,
      { cause: error },
    )
  }
  await writeFile(stamp, wanted)
  return folder
}

/**
 * The dev server of a project, as other programs find it: `.flowcraft/dev.json` in the project's root, while
 * `flowcraft-aws dev` runs.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import * as v from 'valibot'
import { propertyOf } from '../core/common/thrown.ts'

/** One service of the stacks that run there. */
export interface DevService {
  readonly stack: string
  readonly name: string
  /** The variables of `flows.environment`, FLOWCRAFT_QUEUE_URL and so on. */
  readonly environment: Readonly<Record<string, string>>
  /** Names of its functions. */
  readonly functions: readonly string[]
}

export interface DevServer {
  readonly pid: number
  /** ISO 8601. */
  readonly startedAt: string
  readonly region: string
  /** The SDK's variables that lead to the local AWS: AWS_ENDPOINT_URL_SQS and so on. */
  readonly env: Readonly<Record<string, string>>
  readonly services: readonly DevService[]
  /** Address of the web console, where there is one. */
  readonly console?: string
}

export interface FoundDevServer extends DevServer {
  /** Where `.flowcraft` is. */
  readonly projectFolder: string
}

const FOLDER = '.flowcraft'

export function devServerFile(projectFolder: string): string {
  return join(projectFolder, FOLDER, 'dev.json')
}

/** Lines of the functions' logs, a JSON object each: `{ time, function, line }`. */
export function devServerLogFile(projectFolder: string): string {
  return join(projectFolder, FOLDER, 'logs.jsonl')
}

/** Crash before the rename: a file that nobody looks at is left. After it: a file whose process is gone, which is ignored. */
export async function writeDevServer(projectFolder: string, server: DevServer): Promise<void> {
  const file = devServerFile(projectFolder)
  await mkdir(dirname(file), { recursive: true })
  const next = `${file}.${randomUUID()}`
  // The console's address has its token in it.
  await writeFile(next, `${JSON.stringify(server, undefined, 2)}\n`, { mode: 0o600 })
  await rename(next, file)
}

/** Removes the file of this process; that of another dev server, which has taken the place since, stays. */
export async function removeDevServer(projectFolder: string, pid: number = process.pid): Promise<void> {
  const server = await readDevServer(projectFolder)
  if (server?.pid === pid) await rm(devServerFile(projectFolder), { force: true })
}

const texts = v.record(v.string(), v.string())
const devServer = v.object({
  pid: v.pipe(v.number(), v.integer(), v.minValue(1)),
  startedAt: v.string(),
  region: v.string(),
  env: texts,
  services: v.array(
    v.object({
      stack: v.string(),
      name: v.string(),
      environment: texts,
      functions: v.array(v.string()),
    }),
  ),
  console: v.optional(v.string()),
})

/** Undefined where there is none, and where it is none that this version understands. */
async function readDevServer(projectFolder: string): Promise<DevServer | undefined> {
  try {
    const parsed = v.safeParse(
      devServer,
      JSON.parse(await readFile(devServerFile(projectFolder), 'utf8')) as unknown,
    )
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}

/** The dev server that runs in this folder or in the nearest one above. What a dead one left behind is removed. */
export async function findDevServer(from: string): Promise<FoundDevServer | undefined> {
  for (let folder = from; ; folder = dirname(folder)) {
    const server = await readDevServer(folder)
    if (server) {
      if (await isAlive(server)) return { ...server, projectFolder: folder }
      await rm(devServerFile(folder), { force: true }).catch(() => {})
    }
    if (folder === dirname(folder)) return undefined
  }
}

/** Another process may have its number by now, so that its DynamoDB is asked too. */
async function isAlive({ pid, env }: DevServer): Promise<boolean> {
  return isProcess(pid) && (await answers(env['AWS_ENDPOINT_URL_DYNAMODB'] ?? ''))
}

function isProcess(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Somebody else's, which may not be signalled.
    return propertyOf(error, 'code') === 'EPERM'
  }
}

/** Whether somebody listens; a server that is busy has its connections taken by the system. */
async function answers(endpoint: string): Promise<boolean> {
  if (!URL.canParse(endpoint)) return false
  const { hostname, port } = new URL(endpoint)
  return new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

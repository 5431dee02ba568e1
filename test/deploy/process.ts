/** Child processes in groups of their own, and folders, all of which end with this process. */
import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const groups = new Set<number>()
const folders = new Set<string>()

// Whatever ends this process: success, a failure, a signal, an exception in between.
process.on('exit', () => {
  for (const group of groups) signalGroup(group, 'SIGKILL')
  for (const folder of folders)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
})

/** A new folder that is removed when this process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'flowcraft-deploy-'))
  folders.add(folder)
  return folder
}

export interface ChildOptions {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
}

/** Starts a process that stays; what it prints goes to a file. */
export function startProcess(
  command: string,
  args: readonly string[],
  options: ChildOptions & { logFile: string },
): ChildProcess {
  const child = spawnGroup(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const log = createWriteStream(options.logFile)
  child.stdout?.pipe(log, { end: false })
  child.stderr?.pipe(log, { end: false })
  return child
}

/** Ends a process and all it started: asks first, then does not. */
export async function endProcess(child: ChildProcess, graceMs = 5_000): Promise<void> {
  const { pid } = child
  if (pid === undefined) return
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit')
    signalGroup(pid, 'SIGTERM')
    await Promise.race([ended, sleep(graceMs, undefined, { ref: false })])
  }
  signalGroup(pid, 'SIGKILL')
  groups.delete(pid)
}

/**
 * Runs a command to its end and gives what it printed, both streams together. `expected` is its exit code.
 * @throws Error with the last lines, where it fails or takes longer than `timeoutMs`
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  { timeoutMs, expected = 0, ...options }: ChildOptions & { timeoutMs: number; expected?: number },
): Promise<string> {
  const child = spawnGroup(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (printed += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (printed += text))
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    void endProcess(child)
  }, timeoutMs)
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  clearTimeout(timer)
  if (child.pid !== undefined) groups.delete(child.pid)
  if (code === expected && !isLate) return printed
  const how = isLate ? `took longer than ${timeoutMs / 1000} s` : `ended with ${signal ?? code}`
  const last = printed.trimEnd().split('\n').slice(-30).join('\n')
  throw new Error(`${[command, ...args].join(' ')}: ${how}; it printed\n${last}`)
}

function spawnGroup(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(command, args, { ...options, detached: true })
  if (child.pid !== undefined) groups.add(child.pid)
  return child
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal)
  } catch {
    // It has ended.
  }
}

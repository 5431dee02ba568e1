// Finds and runs the dynoxide binary (DynamoDB in Rust, in memory). It must never outlive this process.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { localError, messageOf } from '../errors.ts'
import { close, listen } from '../proxy/http.ts'
import type { Engine } from './fauxqs.ts'

const START_ATTEMPTS = 5
const START_TIMEOUT_MS = 10_000

/**
 * Runs the binary and kills it when standard input ends, which happens even if this process is killed itself.
 * The shell gives commands in the background no standard input, hence descriptor 3.
 */
const WATCHDOG =
  'exec 3<&0; "$@" </dev/null & pid=$!; { read -r _ <&3; kill -9 $pid; } 2>/dev/null & wait $pid'

/** The binary's path, or undefined where there is none. Throws if `DYNOXIDE_BIN` names a missing file. */
export function findDynoxide(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const given = env['DYNOXIDE_BIN']
  if (given) {
    if (existsSync(given)) return given
    throw localError(`DYNOXIDE_BIN names a file that does not exist: ${given}`)
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined
  try {
    const manifest = createRequire(import.meta.url).resolve('@dynoxide/linux-x64/package.json')
    return join(dirname(manifest), 'dynoxide')
  } catch {
    return undefined // The optional dependency was not installed; the caller decides what then.
  }
}

/** Starts dynoxide on a free port of 127.0.0.1. `database` is a file for its data, which are in memory else. */
export async function startDynoxide(binary: string, database?: string): Promise<Engine> {
  const where = database === undefined ? [] : ['--db-path', database]
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const child = spawn(
      '/bin/sh',
      ['-c', WATCHDOG, 'sh', binary, '--host', '127.0.0.1', '--port', String(port), ...where],
      {
        stdio: ['pipe', 'ignore', 'pipe'],
        // Ctrl-C is for whoever runs the local AWS: it stops this last.
        detached: true,
      },
    )
    try {
      await ready(child)
      return { origin: `http://127.0.0.1:${port}`, stop: () => stop(child) }
    } catch (error) {
      await stop(child)
      // Somebody else may have taken the port between our look and the start.
      if (attempt === START_ATTEMPTS || !/already in use/.test(messageOf(error))) throw error
    }
  }
}

/** Waits for the line that tells the address; asking the port could reach somebody else's server. */
function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = ''
    const fail = (reason: string) =>
      reject(localError(`dynoxide did not start: ${reason}. ${printed.trim()}`))
    const timer = setTimeout(() => fail(`nothing heard for ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS)
    const settle = (act: () => void) => {
      clearTimeout(timer)
      act()
    }
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      printed = (printed + text).slice(-2_000)
      if (printed.includes('listening on')) settle(resolve)
    })
    child.once('error', (error) => settle(() => fail(error.message)))
    child.once('close', (code) => settle(() => fail(`it exited with status ${code}`)))
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return
  child.stdin?.on('error', () => {}) // It ended by itself: then there is nobody to tell to end.
  child.stdin?.end()
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

async function freePort(): Promise<number> {
  const server = createServer()
  const origin = await listen(server)
  await close(server)
  return Number(new URL(origin).port)
}

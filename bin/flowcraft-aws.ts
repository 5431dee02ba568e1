#!/usr/bin/env node
/** `npx flowcraft-aws`: the terminal for runs. */
import { createInterface } from 'node:readline/promises'
import { main } from '../lib/cli/main.ts'

// The SDK's reminder of Node 22, at each command: the package runs on Node 20 too.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
/** npm hands on the signal that the terminal has sent already: so soon it is the same Ctrl-C. */
const SAME_SIGNAL_MS = 500

/** Whatever does not end by itself then is ended: nobody presses Ctrl-C to wait. */
const LONGEST_END_MS = 1_800

const interrupted = new AbortController()
interrupted.signal.addEventListener('abort', () =>
  setTimeout(() => process.exit(process.exitCode ?? 130), LONGEST_END_MS).unref(),
)
process.once('SIGINT', () => {
  interrupted.abort()
  const at = Date.now()
  // A second Ctrl-C ends it at once.
  process.on('SIGINT', () => Date.now() - at > SAME_SIGNAL_MS && process.exit(130))
})
// A terminal that closes and a supervisor that stops it mean the same.
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupted.abort())
// Whoever reads the answer has had enough: `| head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
})

async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await lines.question(`${question} [y/N] `, { signal: interrupted.signal })
  lines.close()
  return /^y(es)?$/i.test(answer.trim())
}

process.exitCode = await main(process.argv.slice(2), {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  env: process.env,
  cwd: process.cwd(),
  isTerminal: process.stdout.isTTY === true,
  // It may change while a command runs.
  get columns() {
    return process.stdout.columns
  },
  showsProgress: process.stderr.isTTY === true,
  signal: interrupted.signal,
  now: Date.now,
  confirm,
})

/** `npm run dev` of a new project, in a terminal: a run, a change, Ctrl-C, and the run once more. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { run, shell, write } from './folder.ts'

const INPUT = '{"orderId":"A-17","total":12}'
/** A machine may be busy; who waits longer has found a defect. */
const PATIENCE_MS = 300_000

export async function testDev(folder: string, tarball: string): Promise<void> {
  write(folder, 'tools/package.json', { private: true })
  run(join(folder, 'tools'), 'npm', 'install', tarball)
  const began = Date.now()
  shell(join(folder, 'tools'), 'npx flowcraft-aws init ../shop')
  const project = join(folder, 'shop')
  shell(project, `npm install ${tarball}`)
  const installed = Date.now()

  const first = await devOf(project)
  const ready = Date.now()
  const receipt = receiptOf(project, 'r1')
  if (receipt !== 'receipt-A-17') throw new Error(`the run's receipt is ${receipt}`)
  console.log(
    `  installed in ${installed - began} ms, up in ${ready - installed}, a run in ${Date.now() - ready}`,
  )

  await testConsole(project)

  const payments = join(project, 'src/payments.ts')
  writeFileSync(payments, readFileSync(payments, 'utf8').replaceAll('receipt-', 'bon-'))
  const changed = Date.now()
  await first.says('updated')
  console.log(`  a change runs after ${Date.now() - changed} ms`)
  const later = receiptOf(project, 'r2')
  if (later !== 'bon-A-17') throw new Error(`after the change the run's receipt is ${later}`)
  await first.stop()

  const second = await devOf(project)
  const { status } = JSON.parse(shell(project, 'npx flowcraft-aws get r1 --json')) as { status: string }
  if (status !== 'completed') throw new Error(`at the second start the first run is ${status}`)
  await second.stop()
}

/** What a browser has to load at most. */
const PAGE_AT_MOST_BYTES = 300 * 1024

/** The console comes with the package: its page, and what that asks for. */
async function testConsole(project: string): Promise<void> {
  const { console: url = '' } = JSON.parse(readFileSync(join(project, '.flowcraft/dev.json'), 'utf8')) as {
    console?: string
  }
  const { origin } = new URL(url)
  const entered = await fetch(url, { redirect: 'manual' })
  const cookie = (entered.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const get = async (path: string) => {
    const answer = await fetch(`${origin}${path}`, { headers: { cookie } })
    if (!answer.ok) throw new Error(`the console answers ${path} with ${answer.status}`)
    return answer.text()
  }
  const page = await get('/')
  const files = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path as string)
  if (files.length === 0) throw new Error(`the console's page has no files: ${page}`)
  const texts = [page, ...(await Promise.all(files.map(get)))]
  const bytes = texts.reduce((sum, text) => sum + gzipSync(text).byteLength, 0)
  console.log(`  the console's page is ${bytes} bytes, compressed`)
  if (bytes > PAGE_AT_MOST_BYTES)
    throw new Error(`the console's page has more than ${PAGE_AT_MOST_BYTES} bytes`)
  const { blueprints } = JSON.parse(await get('/api/blueprints')) as { blueprints: { blueprintId: string }[] }
  if (!blueprints.some(({ blueprintId }) => blueprintId === 'order'))
    throw new Error(`the console knows of no blueprint 'order': ${JSON.stringify(blueprints)}`)
  const shown = shell(project, 'npx flowcraft-aws console').trim()
  if (shown !== url) throw new Error(`the command prints ${shown} in place of the console's address`)
}

function receiptOf(project: string, runId: string): unknown {
  shell(project, `npx flowcraft-aws start order --run-id ${runId} --input '${INPUT}' --wait`)
  const run = JSON.parse(shell(project, `npx flowcraft-aws get ${runId} --json`)) as {
    context: Record<string, unknown>
  }
  return run.context['charge']
}

/** In a pseudo-terminal, as a person starts it; `script` makes one. */
async function devOf(project: string) {
  console.log('$ npm run dev')
  const child = spawn('script', ['-qfec', 'npm run dev', '/dev/null'], { cwd: project, stdio: 'pipe' })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  const exited = once(child, 'exit')
  const says = async (text: string) => {
    for (const until = Date.now() + PATIENCE_MS; !said.includes(text); await sleep(50)) {
      if (child.exitCode !== null || Date.now() > until)
        throw new Error(`dev does not say '${text}':\n${said}`)
    }
  }
  const stop = async () => {
    const children = descendantsOf(child.pid as number)
    const began = Date.now()
    child.stdin.write('\u0003')
    await exited
    console.log(`  Ctrl-C ends it after ${Date.now() - began} ms`)
    const left = children.filter(isAlive)
    if (left.length > 0) throw new Error(`${left.length} of its processes are left`)
    if (existsSync(join(project, '.flowcraft/dev.json'))) throw new Error('dev.json is left')
  }
  await says('ready')
  return { says, stop }
}

/** The processes that a process started, and those that these did. */
function descendantsOf(pid: number): number[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  const all = lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number])
  const below = (parent: number): number[] =>
    all.flatMap(([child, of]) => (of === parent ? [child, ...below(child)] : []))
  return below(pid)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** The console as `flowcraft-aws dev` serves it, over the flows of `shop/`, and a browser that looks at it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import AxeBuilder from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { setTimeout as sleep } from 'node:timers/promises'
import { main } from '../../lib/cli/main.ts'
import { ioOf, told } from '../cli/io.ts'

const worker = fileURLToPath(new URL('shop/worker.ts', import.meta.url))
/** Debian's; another one by CHROMIUM. */
const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

export interface ConsoleServer {
  /** With its token. */
  readonly url: string
  readonly folder: string
  readonly browser: Browser
  /** A command of the terminal, against the same service. */
  cli(...args: string[]): ReturnType<typeof told>
  /** A page that is let in. What the browser complains about is kept. */
  open(path?: string, options?: BrowserContextOptions): Promise<OpenPage>
  stop(): Promise<void>
}

export interface OpenPage {
  readonly page: Page
  /** Errors of the page's console, and what its policy refused. */
  readonly complaints: readonly string[]
}

export async function startConsole(): Promise<ConsoleServer> {
  const folder = await mkdtemp(join(tmpdir(), 'flowcraft-browser-test-'))
  await writeFile(join(folder, 'package.json'), '{ "name": "shop", "type": "module" }')
  const stop = new AbortController()
  const { io, out, err } = ioOf({ cwd: folder, signal: stop.signal, env: { ...process.env }, now: Date.now })
  const ended = main(['dev', '--no-cdk', worker], io)
  await until(() => [...out, ...err].some((line) => line.includes('console:')))
  const [url = ''] = /http:\S+token=\S+/.exec(out.join('\n')) ?? []
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  return {
    url,
    folder,
    browser,
    cli: (...args) => told([...args, '--local'], { cwd: folder }),
    open: (path = '', options = {}) => openPage(browser, `${url}${path}`, options),
    stop: async () => {
      await browser.close()
      stop.abort()
      await ended
      await rm(folder, { recursive: true })
    },
  }
}

/** On a busy machine a dev server takes half a minute to start. */
const STARTS_MS = 120_000

async function until(check: () => boolean): Promise<void> {
  for (const end = Date.now() + STARTS_MS; !check(); await sleep(50))
    if (Date.now() > end) throw new Error('the console did not start in time')
}

/** What `flowcraft-aws console --file` serves, and a page of it. */
export async function startFileConsole(browser: Browser, file: string) {
  const stop = new AbortController()
  const { io, out } = ioOf({ signal: stop.signal, env: process.env, now: Date.now })
  const ended = main(['console', '--file', file], io)
  await until(() => out.length > 0)
  const opened = await openPage(browser, out[0] as string, {})
  return {
    ...opened,
    stop: async () => {
      await opened.page.context().close()
      stop.abort()
      await ended
    },
  }
}

async function openPage(browser: Browser, url: string, options: BrowserContextOptions): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(url)
  return { page, complaints }
}

/** What axe finds wrong with the page as it stands, in a line each. */
export async function accessibilityOf(page: Page): Promise<string[]> {
  // The page's policy lets no text be run there; what the browser's own protocol runs is not of the page.
  await page.evaluate(AxeBuilder.source)
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
    }
    return (await axe.run()).violations
  })
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 150)).join(' | ')}`)
}

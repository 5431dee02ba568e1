/** The commands of docs/tutorial, in their order, print what the pages show; the app of the tutorial is one that the CDK takes. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { main } from '../../lib/cli/main.ts'
import { sections } from '../../site/navigation.ts'
import { ioOf, told } from '../cli/io.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const { pages } = sections.find(({ title }) => title === 'Tutorial') as (typeof sections)[number]

/** On a busy machine an app is synthesised in half a minute. */
vi.setConfig({ testTimeout: 400_000, hookTimeout: 400_000 })

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowcraft-tutorial-'))
  await writeFile(join(folder, 'package.json'), '{ "name": "expenses", "type": "module" }')
  await writeFile(join(folder, 'package-lock.json'), '{ "lockfileVersion": 3, "packages": {} }')
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  await symlink(join(root, 'examples/tutorial'), join(folder, 'src'))
})
afterAll(() => rm(folder, { recursive: true }))

/** A command of a page, and what it prints. */
interface Shown {
  readonly page: string
  readonly args: readonly string[]
  readonly prints: string
}

async function commandsOf(page: string): Promise<Shown[]> {
  const text = await readFile(join(root, 'docs', page), 'utf8')
  return [...text.matchAll(/^```console\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
    block.split(/^\$ npx flowcraft-aws /m).flatMap((part) => {
      const [command = '', ...lines] = part.split('\n')
      return command === '' ? [] : [{ page, args: wordsOf(command), prints: lines.join('\n').trimEnd() }]
    }),
  )
}

/** As a shell takes it apart: words, and texts in single quotes. */
const wordsOf = (command: string) =>
  [...command.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''))

/** Without what differs from one time to another: dates, how long, how much. Columns are as wide as what is in them. */
const comparable = (text: string) =>
  text
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replace(/(?<![\w.])[\d.]+(?:ms|s)\b/g, '<long>')
    .replace(/\$[\d.]+/g, '<usd>')
    .replace(/^((?:write|read) units) +\d+$/gm, '$1 <n>')
    .replace(/ +/g, ' ')
    // What a run cost most stands first.
    .split('\n')
    .toSorted((a, b) => (a.endsWith('<usd>') && b.endsWith('<usd>') ? a.localeCompare(b) : 0))
    .join('\n')

/** Commands that look only: they are asked again until the run has come so far. */
const LOOKS = ['get', 'history', 'failures', 'list', 'cost']
const BEFORE_GIVING_UP_MS = 60_000

async function printed({ args, prints }: Shown): Promise<string> {
  const giveUpAt = Date.now() + BEFORE_GIVING_UP_MS
  for (;;) {
    const { out, err } = await told(args, { cwd: folder })
    const text = comparable([...out, ...(out.length === 0 ? err : [])].join('\n'))
    const isAsShown = text === comparable(prints)
    if (isAsShown || !LOOKS.includes(args[0] as string) || Date.now() > giveUpAt) return text
    await sleep(250)
  }
}

describe('the tutorial', () => {
  it('prints what its pages show', async () => {
    const shown = (await Promise.all(pages.map(commandsOf))).flat()
    expect(shown.length).toBeGreaterThan(15)
    const stop = new AbortController()
    const { io, out, err } = ioOf({
      cwd: folder,
      signal: stop.signal,
      env: { ...process.env },
      now: Date.now,
    })
    const ended = main(['dev', '--no-cdk', 'src/worker.ts'], io)
    try {
      await vi.waitFor(() => expect([...out, ...err].join('\n')).toContain('ready'), { timeout: 120_000 })
      for (const command of shown) {
        expect(await printed(command), `${command.page}: ${command.args.join(' ')}`).toBe(
          comparable(command.prints),
        )
      }
    } finally {
      stop.abort()
      await ended
    }
  })

  it('deploys an app with a function that may start runs', async () => {
    const assembly = join(folder, 'cdk.out')
    await promisify(execFile)(
      process.execPath,
      ['--import', join(root, 'node_modules/tsx/dist/loader.mjs'), 'src/app.ts'],
      {
        cwd: folder,
        env: {
          ...process.env,
          CDK_OUTDIR: assembly,
          CDK_VALIDATION: 'false',
          TSX_TSCONFIG_PATH: join(root, 'tsconfig.json'),
        },
      },
    )
    const template = await readFile(join(assembly, 'Expenses.template.json'), 'utf8')
    expect(Object.keys(JSON.parse(template).Outputs)).toEqual(['SubmitFunction'])
    expect(template).toContain('FLOWCRAFT_START_RUN_FUNCTION_NAME')
  })
})

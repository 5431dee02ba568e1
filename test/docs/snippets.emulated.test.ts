import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { runLocally as runByHand } from '../../examples/local/by-hand.ts'
import { greet } from '../../examples/quick-start/client.ts'
import { greeting } from '../../examples/quick-start/flows.ts'
import { runLocally } from '../../examples/quick-start/local.ts'
import { environmentVariables } from '../../lib/index.ts'
import { pagesOf } from '../../site/pages.ts'
import { adapterOf, deploy, type TestDeployment } from '../support/service.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const quickStart = `${root}examples/quick-start`

/** Every fenced block of code in the README and the docs, with the file that a comment above it names. */
async function snippets(): Promise<{ page: string; file: string | undefined; code: string }[]> {
  const pages = ['README.md', ...pagesOf(`${root}docs`).map((name) => `docs/${name}`)]
  const found = await Promise.all(
    pages.map(async (page) => {
      const text = await readFile(root + page, 'utf8')
      const blocks = text.matchAll(/(?:<!-- ([\w./-]+) -->\n)?```(?:ts|js|yaml)\n([\s\S]*?)```/g)
      return [...blocks].map(([, file, code]) => ({ page, file, code: code as string }))
    }),
  )
  return found.flat()
}

describe('the code in the README and the docs', () => {
  it('is what stands in a file that is checked and run', async () => {
    const all = await snippets()
    expect(all.length).toBeGreaterThan(3)
    for (const { page, file, code } of all) {
      expect(file, `a block of code in ${page} names no file: ${code.slice(0, 80)}`).toBeDefined()
      expect(code, `${file} in ${page}`).toBe(await readFile(root + file, 'utf8'))
    }
  })
})

describe('the quick start', () => {
  let deployment: TestDeployment | undefined

  afterEach(async () => {
    vi.unstubAllEnvs()
    await deployment?.aws.stop()
  })

  it("gives a client the worker's result", async () => {
    deployment = await deploy()
    for (const [name, value] of Object.entries(deployment.aws.env)) vi.stubEnv(name, value)
    vi.stubEnv(environmentVariables.queueUrl, deployment.queueUrl)
    vi.stubEnv(environmentVariables.tableName, deployment.tableName)
    const adapter = adapterOf(deployment, { flows: [greeting], concurrency: 1 })
    adapter.start()
    try {
      expect(await greet('Ada')).toBe('HELLO, ADA!')
    } finally {
      await adapter.stop()
    }
  })

  it('runs on the local AWS as bundled functions', async () => {
    expect(await runByHand(`${quickStart}/worker.ts`, 'Ada')).toBe('HELLO, ADA!')
  })
})

describe('the stack of the quick start', () => {
  let assembly: string

  beforeAll(async () => {
    assembly = await mkdtemp(join(tmpdir(), 'flowcraft-quick-start-'))
    const env = { ...process.env, CDK_OUTDIR: assembly, CDK_VALIDATION: 'false' }
    await promisify(execFile)(process.execPath, ['--import', 'tsx', `${quickStart}/app.mts`], {
      env,
      cwd: root,
    })
  }, 120_000)
  afterAll(() => rm(assembly, { recursive: true }))

  it('runs on the local AWS', async () => {
    expect(await runLocally(assembly, 'Ada')).toBe('HELLO, ADA!')
  })

  it('runs until Ctrl-C', async () => {
    const file = `${root}examples/local/serve.mts`
    const server = spawn(process.execPath, ['--import', 'tsx', file, assembly, 'Greetings'], { cwd: root })
    const ended = once(server, 'exit')
    try {
      let printed = ''
      for await (const chunk of server.stdout) {
        printed += String(chunk)
        if (/AWS_ENDPOINT_URL_LAMBDA: '(http:[^']*)'/.test(printed)) break
      }
      expect(printed).toMatch(/StartRun: 'Greetings-FlowsStartRun/)
      server.kill('SIGINT')
      expect(await ended).toEqual([0, null])
    } finally {
      server.kill('SIGKILL')
    }
  })
})

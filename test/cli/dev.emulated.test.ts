/** `flowcraft-aws dev`: a project on the local AWS, kept up with its files, and its runs between two starts. */
import { existsSync } from 'node:fs'
import { appendFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { watchFiles } from '../../lib/cli/dev/watch-files.ts'
import { main } from '../../lib/cli/main.ts'
import { ioOf, json, told } from './io.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const before = { ...process.env }

/** On a busy machine an app is synthesised in half a minute. */
vi.setConfig({ testTimeout: 400_000 })

let folder: string
const dev: { stop(): Promise<number>; out: string[]; err: string[] }[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowcraft-dev-test-'))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), '{ "name": "shop", "type": "module" }')
  await writeFile(join(folder, 'package-lock.json'), '{ "lockfileVersion": 3, "packages": {} }')
})
afterEach(async () => {
  for (const one of dev.splice(0)) await one.stop()
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
  Object.assign(process.env, before)
  await rm(folder, { recursive: true })
})

const write = async (file: string, text: string) => {
  await mkdir(join(folder, 'src'), { recursive: true })
  await writeFile(join(folder, file), text)
}

const flows = (word: string) => `
import { createFlow } from 'flowcraft'
export const greet = createFlow('greet')
  .wait('asked')
  .node('hello', async () => ({ output: ${JSON.stringify(word)} }))
  .edge('asked', 'hello')
`
const worker = `
import { createWorkerHandler } from ${JSON.stringify(join(root, 'lib', 'index.ts'))}
import { greet } from './flows.js'
export const handler = createWorkerHandler({ flows: [greet] })
`
const app = (more = '') => `
import { App, CfnOutput, Stack } from 'aws-cdk-lib'
import { FlowcraftService } from ${JSON.stringify(join(root, 'lib', 'constructs', 'index.ts'))}
const stack = new Stack(new App(), 'Shop')
const flows = new FlowcraftService(stack, 'Flows', { entry: 'src/worker.ts' })
new CfnOutput(stack, 'Table', { value: flows.state.table.tableName })
${more}
`

/** Runs the command until it is told to stop. */
function run(...args: string[]) {
  const interrupted = new AbortController()
  const { io, out, err } = ioOf({ cwd: folder, signal: interrupted.signal, env: { ...before } })
  const code = main(['dev', ...args], io)
  const one = {
    out,
    err,
    code,
    stop: () => {
      interrupted.abort()
      return code
    },
  }
  dev.push(one)
  return one
}

const until = (check: () => unknown) => vi.waitFor(check, { timeout: 120_000, interval: 50 })
const ready = (one: { out: string[]; err: string[] }) =>
  until(() => expect(one.out.join('\n') + one.err.join('\n')).toContain('ready'))
const cli = (...args: string[]) => told([...args, '--local'], { cwd: folder })

async function startRun(runId: string): Promise<void> {
  expect((await cli('start', 'greet', '--run-id', runId)).code).toBe(0)
  await until(async () => expect((await cli('get', runId)).out.join('\n')).toContain('asked  waiting'))
}

/** Gives the run what it waits for, and what came of it. */
async function finish(runId: string): Promise<unknown> {
  expect((await cli('resume', runId, '--node', 'asked')).code).toBe(0)
  await until(async () =>
    expect(json(await cli('get', runId, '--json'))).toMatchObject({ status: 'completed' }),
  )
  return json<{ context: Record<string, unknown> }>(await cli('get', runId, '--json')).context['hello']
}

describe('a worker by itself', () => {
  beforeEach(async () => {
    await write('src/flows.ts', flows('hello'))
    await write('src/worker.ts', worker)
  })

  it('runs, and takes new code while runs wait', async () => {
    const one = run('--no-cdk', 'src/worker.ts')
    await ready(one)
    await startRun('r1')
    await startRun('r2')
    expect(await finish('r1')).toBe('hello')

    await write('src/flows.ts', flows('good day'))
    await until(() => expect(one.out.join('\n')).toContain('updated Worker flows.ts'))
    expect(await finish('r2')).toBe('good day')
  })

  it('takes new code of another package of the workspace', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'flowcraft-dev-other-'))
    const file = join(elsewhere, 'words.ts')
    await writeFile(file, "export const word = 'hello'")
    await write('src/flows.ts', flows('hello').replace('"hello"', 'word') + `import { word } from '${file}'`)
    const one = run('--no-cdk', 'src/worker.ts')
    await ready(one)
    await startRun('r1')
    await writeFile(file, "export const word = 'good day'")
    await until(() => expect(one.out.join('\n')).toContain('updated Worker words.ts'))
    expect(await finish('r1')).toBe('good day')
    await one.stop()
    await rm(elsewhere, { recursive: true })
  })

  it('says where code does not build, and goes on with what it had', async () => {
    const one = run('--entry', 'src/worker.ts')
    await ready(one)
    await appendFile(join(folder, 'src/flows.ts'), 'const = 1')
    await until(() => expect(one.err.join('\n')).toMatch(/not updated: .*src\/flows\.ts:\d+:\d+ /))
    await startRun('r1')
    expect(await finish('r1')).toBe('hello')
  })

  it('keeps its runs between two starts, and forgets them with --fresh', async () => {
    const first = run('--no-cdk', 'src/worker.ts')
    await ready(first)
    await startRun('r1')
    expect(await first.stop()).toBe(0)
    expect(existsSync(join(folder, '.flowcraft', 'dev.json'))).toBe(false)
    expect((await cli('get', 'r1')).code).not.toBe(0)

    const second = run('--no-cdk', 'src/worker.ts')
    await ready(second)
    expect(await finish('r1')).toBe('hello')
    const log = await readFile(join(folder, '.flowcraft', 'logs.jsonl'), 'utf8')
    expect(JSON.parse(log.trim().split('\n').at(-1) ?? '')).toMatchObject({
      function: expect.stringContaining('Worker'),
      line: expect.stringContaining('"runId":"r1"'),
    })
    expect((await cli('logs', 'r1')).out.join('\n')).toContain('hello')
    await second.stop()

    const third = run('--no-cdk', 'src/worker.ts', '--fresh')
    await ready(third)
    expect((await cli('get', 'r1')).code).toBe(3)
  })

  it('tells of a wrong input at once', async () => {
    await ready(run('--no-cdk', 'src/worker.ts'))
    await cli('start', 'gret', '--run-id', 'r1')
    await until(async () =>
      expect(json(await cli('get', 'r1', '--json'))).toMatchObject({ status: 'failed' }),
    )
  })
})

describe('a CDK app', () => {
  it('runs as it would be deployed, takes code by itself, and the rest by another synthesis', async () => {
    await write('src/flows.ts', flows('hello'))
    await write('src/worker.ts', worker)
    await write('src/app.ts', app())
    await write('cdk.json', '{ "app": "npx tsx src/app.ts" }')
    const one = run()
    await ready(one)
    expect(one.out.join('\n')).toContain('Shop.Table = ')
    await startRun('r1')

    await write('src/flows.ts', flows('good day'))
    await until(() => expect(one.out.join('\n')).toMatch(/updated Flows.* flows\.ts/))
    await write('src/app.ts', app(`new CfnOutput(stack, 'More', { value: 'more' })`))
    await until(() => expect(one.out.join('\n')).toContain('updated Shop app.ts'))
    expect(await finish('r1')).toBe('good day')

    await write('src/app.ts', 'throw new Error("no stack today")')
    await until(() => expect(one.err.join('\n')).toContain('no stack today'))
    await startRun('r2')
    expect(await finish('r2')).toBe('good day')
    expect(await one.stop()).toBe(0)
  })
})

const failed = async (...args: string[]) => {
  const one = run(...args)
  return { code: await one.code, err: one.err.join('\n') }
}

it('a watcher that was stopped does not begin anew for files that are learned of later', async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'flowcraft-dev-other-'))
  const file = join(elsewhere, 'words.ts')
  await writeFile(file, 'one')
  const before = process.getActiveResourcesInfo().filter((name) => name === 'FSEventWrap').length
  const watch = await watchFiles(folder, () => {})
  await watch.stop()
  watch.add([file])
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(process.getActiveResourcesInfo().filter((name) => name === 'FSEventWrap').length).toBe(before)
  await rm(elsewhere, { recursive: true })
})

it('an app takes context and parameters, and is deployed in part', async () => {
  await write(
    'src/app.ts',
    `
import { App, CfnOutput, CfnParameter, CfnResource, Stack } from 'aws-cdk-lib'
const app = new App()
const shop = new Stack(app, 'Shop')
const size = new CfnParameter(shop, 'Size')
new CfnResource(shop, 'People', { type: 'AWS::Cognito::UserPool' })
new CfnOutput(shop, 'What', { value: app.node.tryGetContext('stage') + size.valueAsString })
new CfnResource(new Stack(app, 'Other'), 'Machine', { type: 'AWS::StepFunctions::StateMachine' })
`,
  )
  const refused = run('--app', 'npx tsx src/app.ts', '--stack', 'Shop')
  expect(await refused.code).not.toBe(0)
  expect(refused.err.join('\n')).toContain('People is of type AWS::Cognito::UserPool')

  const options = ['-c', 'stage=test', '--parameters', 'Size=3', '--ignore', 'AWS::Cognito::UserPool']
  const one = run('--app', 'npx tsx src/app.ts', '--stack', 'Shop', ...options)
  await ready(one)
  expect(one.out).toContain('  Shop.What = test3')
  expect(one.out.join('\n')).toContain('ready Shop ')
})

describe('what is wrong is said in a line', () => {
  it.each([
    [[], 2, 'no CDK app in'],
    [['--no-cdk'], 2, '--no-cdk needs the file of a worker'],
    [['--no-cdk', 'src/wroker.ts'], 2, 'there is no file src/wroker.ts'],
    [['src/worker.ts'], 2, 'give --no-cdk with the file of a worker'],
    [['--app', 'x', '--entry', 'src/worker.ts'], 2, 'give either --app or a worker'],
    [['--app', 'node -e "throw new Error(1234)"'], 1, '1234'],
    [['--app', 'node -e 1'], 1, 'the app wrote no cloud assembly'],
  ])('%s', async (args, code, text) => {
    expect(await failed(...args)).toMatchObject({ code, err: expect.stringContaining(text) })
  })

  it('an entry without a handler', async () => {
    await write('src/worker.ts', 'export const handle = 1')
    const { code, err } = await failed('--no-cdk', 'src/worker.ts')
    expect(err).toMatch(/worker\.ts must export handler, .*; it exports handle/)
    expect(code).toBe(2)
  })

  it('a cdk.json that is none', async () => {
    await write('cdk.json', '{ "app": ')
    expect(await failed()).toMatchObject({ code: 2, err: expect.stringContaining('cdk.json is no JSON') })
  })

  it('a second dev server of the same project', async () => {
    await write('src/flows.ts', flows('hello'))
    await write('src/worker.ts', worker)
    await ready(run('--no-cdk', 'src/worker.ts'))
    const { code, err } = await failed('--no-cdk', 'src/worker.ts')
    expect(err).toContain('is in use by process')
    expect(code).not.toBe(0)
    expect(existsSync(join(folder, '.flowcraft', 'dev.json'))).toBe(true)
  })
})

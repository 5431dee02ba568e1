/** `flowcraft-aws init`: what it writes where, and what it leaves alone. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { packageNameOf, stackIdOf } from '../../lib/cli/init/names.ts'
import { packageManagerOf } from '../../lib/cli/init/package-manager.ts'
import { templateNames, TEMPLATES } from '../../lib/cli/init/templates.ts'
import { writeProject } from '../../lib/cli/init/write.ts'
import { main } from '../../lib/cli/main.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flowcraft-init-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Document {
  readonly stack: string
  readonly written: readonly string[]
  readonly changed: readonly string[]
  readonly unchanged: readonly string[]
  readonly leftAlone: readonly { readonly path: string; readonly reason: string }[]
  readonly added: { readonly dependencies: readonly string[]; readonly scripts: readonly string[] }
  readonly addToApp?: string
  readonly next: readonly string[]
}

async function init(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const [out, err]: [string[], string[]] = [[], []]
  const code = await main(['init', ...args], {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    env,
    cwd: folder,
    isTerminal: false,
    signal: new AbortController().signal,
    now: () => 0,
    confirm: () => Promise.reject(new Error('it asked')),
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

/** What --json says of the project at this path. */
async function made(path: string, ...args: string[]): Promise<Document> {
  const { code, out, err } = await init([join(folder, path), '--json', ...args])
  expect([code, err]).toEqual([0, ''])
  return JSON.parse(out) as Document
}

const read = (path: string) => readFileSync(join(folder, path), 'utf8')
const manifestOf = (path: string) =>
  JSON.parse(read(`${path}/package.json`)) as Record<string, Record<string, string>>
function put(path: string, content: string | object): void {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
}

function allFiles(): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
}

async function refused(...args: string[]): Promise<string> {
  const before = allFiles()
  const { code, out, err } = await init(args)
  expect([code, out]).toEqual([2, ''])
  expect(allFiles()).toEqual(before)
  expect(err.split('\n')).toHaveLength(1)
  return err
}

function fakeNpm(script: string): NodeJS.ProcessEnv {
  put('bin/npm', `#!/bin/sh\n${script}\n`)
  chmodSync(join(folder, 'bin/npm'), 0o755)
  return { PATH: `${join(folder, 'bin')}:${process.env['PATH']}` }
}

describe('a new project', () => {
  it.each(templateNames)('of template %s has all its parts, by its own name', async (template) => {
    const { written, stack } = await made('my-shop', '--template', template)

    expect(written).toEqual(
      expect.arrayContaining(['.gitignore', 'cdk.json', 'package.json', 'tsconfig.json']),
    )
    expect(written).toEqual(
      expect.arrayContaining(['src/app.ts', 'src/flows.ts', 'src/flows.test.ts', 'src/worker.ts']),
    )
    expect(stack).toBe('MyShop')
    expect(read('my-shop/src/app.ts')).toContain("new Stack(new App(), 'MyShop')")
    const input = JSON.stringify(TEMPLATES[template].input)
    expect(read('my-shop/README.md')).toContain(`start ${TEMPLATES[template].flow} --input '${input}'`)
    for (const file of allFiles()) expect(readFileSync(file, 'utf8'), file).not.toMatch(/__[A-Z]+__/)
  })

  it('depends on this version, and on versions that this one is tested with', async () => {
    await made('shop')
    const own = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
      version: string
      devDependencies: Record<string, string>
      peerDependencies: Record<string, string>
    }
    const { name, type, scripts, dependencies, devDependencies } = manifestOf('shop')
    expect([name, type]).toEqual(['shop', 'module'])
    expect(Object.keys(scripts ?? {})).toEqual(['dev', 'test', 'typecheck', 'synth', 'deploy'])
    expect(dependencies?.['flowcraft-aws']).toBe(`^${own.version}`)
    expect(dependencies?.['flowcraft']).toBe(`^${own.devDependencies['flowcraft']}`)
    // All that the package may ask for, but the engine that is for one kind of computer.
    const peers = Object.keys(own.peerDependencies).filter((peer) => peer !== '@dynoxide/linux-x64')
    expect(Object.keys({ ...dependencies, ...devDependencies })).toEqual(expect.arrayContaining(peers))
  })

  it("has the CDK's flags for new projects", async () => {
    await made('shop')
    const { context } = JSON.parse(read('shop/cdk.json')) as { context: object }
    const flags = readFileSync(`${root}node_modules/aws-cdk-lib/recommended-feature-flags.json`, 'utf8')
    expect(context).toEqual(JSON.parse(flags))
  })

  it('says what to do next, for the package manager that runs it', async () => {
    const { out } = await init([join(folder, 'shop')], {
      npm_config_user_agent: 'pnpm/10.1.0 npm/? node/v22',
    })
    expect(out).toMatch(/^Made shop from template 'order'\n/)
    expect(out).toMatch(/\n {2}new {2}src\/flows\.ts\n/)
    expect(out).toMatch(/\n {2}cd shop\n {2}pnpm install\n {2}pnpm run dev\n/)
    expect(out).toContain('pnpm exec flowcraft-aws start order --input \'{"orderId":"A-17"')
  })

  it.each([
    ['npm', { overrides: { fauxqs: { cookie: '^1.0.2' } }, allowScripts: { esbuild: false } }],
    ['yarn', { resolutions: { cookie: '^1.0.2' } }],
    ['pnpm', { resolutions: { cookie: '^1.0.2' } }],
    ['bun', { overrides: { cookie: '^1.0.2' } }],
  ])('installs on Node 20 by %s without a warning of engines', async (manager, fields) => {
    await init(['shop'], { npm_config_user_agent: `${manager}/1.0.0 node/v20` })
    expect(manifestOf('shop')).toMatchObject(fields)
  })

  it('may have folders above it that are not there yet', async () => {
    await made('a/b/shop')
    expect(readdirSync(join(folder, 'a/b'))).toEqual(['shop'])
  })

  it('may lie beside what harms nobody, which stays', async () => {
    put('shop/README.md', '# Mine\n')
    put('shop/.git/HEAD', 'ref: refs/heads/main\n')
    put('shop/.gitignore', '*.log\n/node_modules/')
    const { changed, leftAlone, written } = await made('shop')
    expect(read('shop/README.md')).toBe('# Mine\n')
    expect(read('shop/.gitignore')).toBe('*.log\n/node_modules/\ncdk.out\n.flowcraft/\n')
    expect([changed, leftAlone.map(({ path }) => path)]).toEqual([['.gitignore'], ['README.md']])
    expect(written).toContain('package.json')
  })

  it('is complete when the command is given again', async () => {
    await made('shop')
    const before = allFiles().map((file) => readFileSync(file, 'utf8'))
    const { written, changed, leftAlone } = await made('shop')
    expect([written, changed, leftAlone]).toEqual([[], [], []])
    expect(allFiles().map((file) => readFileSync(file, 'utf8'))).toEqual(before)
  })
})

describe('a project that is there', () => {
  const cdkInit = {
    name: 'shop',
    version: '0.1.0',
    scripts: { build: 'tsc', test: 'jest', dev: 'vite' },
    devDependencies: { jest: '^29', typescript: '~5.6.3', 'aws-cdk': '2.1000.0' },
    dependencies: { 'aws-cdk-lib': '2.260.0', constructs: '^10.0.0' },
  }

  it('of the CDK gets what it lacks, and keeps all it has', async () => {
    put('shop/package.json', `${JSON.stringify(cdkInit, undefined, '\t')}\n`)
    put('shop/cdk.json', { app: 'npx ts-node bin/shop.ts' })
    put('shop/tsconfig.json', {})
    put('shop/src/worker.ts', '// mine\n')

    const { written, changed, leftAlone, added, addToApp } = await made('shop')

    expect(written).toEqual(['.gitignore', 'src/flows.ts', 'src/payments.ts'])
    expect(changed).toEqual(['package.json'])
    expect(leftAlone.map(({ path }) => path)).toEqual(['src/worker.ts', 'tsconfig.json', 'src/flows.test.ts'])
    expect(leftAlone[0]?.reason).toContain('node_modules/flowcraft-aws/templates/order/src/worker.ts')
    expect(addToApp).toContain("new FlowcraftService(this, 'Flows', { entry: 'src/worker.ts'")
    expect(added.scripts).toEqual(['typecheck', 'synth', 'deploy'])
    expect(added.dependencies).toEqual([
      '@valibot/to-json-schema',
      'flowcraft',
      'flowcraft-aws',
      'valibot',
      '@types/node',
      'dynalite',
      'esbuild',
      'fauxqs',
    ])
    expect(read('shop/package.json')).toMatch(/^\{\n\t"name": "shop",\n/)
    const after = manifestOf('shop')
    expect(after).toMatchObject(cdkInit)
    expect(after).toMatchObject({ overrides: { fauxqs: { cookie: '^1.0.2' } } })
    expect(after).not.toHaveProperty('type')
    expect(read('shop/src/worker.ts')).toBe('// mine\n')
  })

  it('without the CDK gets an app too, and a test in place of none', async () => {
    const scripts = { test: 'echo "Error: no test specified" && exit 1' }
    put('shop/package.json', { name: 'shop', type: 'commonjs', scripts })
    const { written, addToApp } = await made('shop')
    expect(written).toEqual(expect.arrayContaining(['cdk.json', 'src/app.ts', 'src/flows.test.ts']))
    expect(addToApp).toBeUndefined()
    const after = manifestOf('shop')
    expect(after['scripts']?.['test']).toBe('vitest run')
    expect(after['type']).toBe('commonjs')
    expect(after['devDependencies']).toHaveProperty('aws-cdk-lib')
  })

  it('that has a src/app.ts keeps it, and gets no cdk.json for it', async () => {
    put('shop/package.json', { name: 'shop' })
    put('shop/src/app.ts', '// an app of another kind\n')
    const { written, addToApp } = await made('shop')
    expect(written).not.toContain('cdk.json')
    expect(addToApp).toContain('FlowcraftService')
    expect(read('shop/src/app.ts')).toBe('// an app of another kind\n')
  })

  it('says so in lines', async () => {
    put('shop/package.json', cdkInit)
    const { out } = await init([join(folder, 'shop')])
    expect(out).toMatch(/^Added template 'order' to shop\n/)
    expect(out).toMatch(
      / {2}more {2}package\.json: @valibot\/to-json-schema, flowcraft, flowcraft-aws, .*npm run deploy\n/,
    )
    expect(out).toContain('left alone: src/flows.test.ts: your tests are not those of vitest')
    expect(out).toContain(
      "Add to your stack:\n\n  import { FlowcraftService } from 'flowcraft-aws/constructs'",
    )
  })
})

describe('what cannot become a project', () => {
  it('is a template that there is not', async () => {
    expect(await refused(join(folder, 'shop'), '--template', 'ordre')).toBe(
      "error: --template must be one of order, audit, agent; got 'ordre'",
    )
  })

  it('is a file, or something below one', async () => {
    put('shop', 'a file')
    expect(await refused(join(folder, 'shop'))).toBe(`error: ${folder}/shop is a file: name a folder`)
    expect(await refused(join(folder, 'shop/inside'))).toBe(`error: ${folder}/shop is a file: name a folder`)
  })

  it('is a folder with something else in it', async () => {
    for (const name of ['a.py', 'b.py', 'c.py', 'd.py']) put(`shop/${name}`, '')
    expect(await refused(join(folder, 'shop'))).toContain(
      'shop is not empty (a.py, b.py, c.py and 1 more) and has no package.json: name a new folder',
    )
    put('other/cdk.json', { app: 'python3 app.py' })
    expect(await refused(join(folder, 'other'))).toContain('its app is in another language')
  })

  it('is a package.json that is none', async () => {
    put('shop/package.json', '{ "name": ')
    expect(await refused(join(folder, 'shop'))).toContain(`cannot read ${folder}/shop/package.json: `)
    put('shop/package.json', '[]')
    expect(await refused(join(folder, 'shop'))).toContain('it is no object')
  })

  it.runIf(process.platform === 'linux')('is a folder that nobody may write to', async () => {
    expect(await refused('/proc/self/shop')).toMatch(
      /^error: nothing was written to \/proc\/self\/shop: ENOENT/,
    )
  })
})

describe('what breaks off', () => {
  it('leaves no half of a new project', async () => {
    const changes = [
      { path: 'src/a.ts', text: 'a' },
      { path: 'src', text: 'in the way' },
    ]
    await expect(writeProject(join(folder, 'deep/shop'), changes)).rejects.toThrow('nothing was written')
    expect(readdirSync(folder)).toEqual([])
  })

  it('leaves a project that is there as it was', async () => {
    put('shop/package.json', '{}')
    put('shop/src/taken.ts', 'mine')
    const changes = [
      { path: 'package.json', text: '{ "name": "shop" }', before: '{}' },
      { path: 'lib/new.ts', text: 'new' },
      { path: 'src/taken.ts', text: 'theirs' },
    ]
    await expect(writeProject(join(folder, 'shop'), changes)).rejects.toThrow('nothing was written')
    expect(allFiles().toSorted()).toEqual([
      join(folder, 'shop/package.json'),
      join(folder, 'shop/src/taken.ts'),
    ])
    expect([read('shop/package.json'), read('shop/src/taken.ts')]).toEqual(['{}', 'mine'])
    expect(existsSync(join(folder, 'shop/lib'))).toBe(false)
  })
})

describe('--install', () => {
  it.skipIf(process.platform === 'win32')('installs, in the project', async () => {
    const env = fakeNpm('echo "$@" > installed')
    const { code, out } = await init([join(folder, 'shop'), '--install'], env)
    expect(code).toBe(0)
    expect(read('shop/installed')).toBe('install\n')
    expect(out).not.toContain('npm install')
  })

  it.skipIf(process.platform === 'win32')('fails where that does, and the files stay', async () => {
    const env = fakeNpm('exit 3')
    const { code, err } = await init([join(folder, 'shop'), '--install'], env)
    expect(code).toBe(1)
    expect(err).toContain("'npm install' ended with 3; all files are there: run it in ")
    expect(existsSync(join(folder, 'shop/package.json'))).toBe(true)
  })
})

it('names packages as npm takes them, and stacks as CloudFormation does', () => {
  const names = ['shop', 'My Shop', '.hidden_', 'Café №1', '日本', '2-fast', 'flowcraft-aws', 'x'.repeat(300)]
  const packages = names.map((name) => packageNameOf(`/home/${name}`))
  expect(packages.slice(0, 7)).toEqual([
    'shop',
    'my-shop',
    'hidden',
    'cafe-no1',
    'flows',
    '2-fast',
    'flowcraft-aws-app',
  ])
  expect(stackIdOf('@acme/my.shop')).toBe('AcmeMyShop')
  expect(stackIdOf('2-fast')).toBe('Flows2Fast')
  for (const name of packages) {
    expect(name).toMatch(/^[a-z0-9][a-z0-9._-]{0,213}$/)
    expect(stackIdOf(name)).toMatch(/^[A-Z][A-Za-z0-9]{0,99}$/)
  }
})

it('is for the package manager of the lock file, of who runs it, or npm', () => {
  const env = { npm_config_user_agent: 'yarn/1.22.22 npm/? node/v20' }
  expect(packageManagerOf(['pnpm-lock.yaml'], env).name).toBe('pnpm')
  expect(packageManagerOf([], env).name).toBe('yarn')
  expect(packageManagerOf([], {}).name).toBe('npm')
  expect(packageManagerOf([], { npm_config_user_agent: 'other/1' }).name).toBe('npm')
})

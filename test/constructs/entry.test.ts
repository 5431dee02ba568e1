/** Entries as users write them, bundled by the CDK: what is wrong is said at synth. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { App, Stack } from 'aws-cdk-lib'
import { Architecture, Code } from 'aws-cdk-lib/aws-lambda'
import { type BundlingOptions, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FlowcraftService, type FlowcraftServiceProps } from '../../lib/constructs/index.ts'
import { exportProblems } from '../../lib/constructs/entry-exports.ts'
import { warningsOf } from './support.ts'

/** A project elsewhere, with files of its own. */
let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'flowcraft-entry-')))
  write({ 'package.json': '{ "type": "module" }', 'package-lock.json': '{}' })
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(files: Readonly<Record<string, string | Buffer>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
}

/** With bundling, and without the rest of a service that says nothing of it. */
function serviceOf(props: Partial<FlowcraftServiceProps>): Stack {
  const stack = new Stack(new App({ analyticsReporting: false, stackTraces: false }), 'Stack')
  const entry = props.code ? undefined : join(folder, 'src/worker.ts')
  new FlowcraftService(stack, 'Flows', { entry, dashboard: false, alarms: false, ...props })
  return stack
}

/** What the synthesis says, without the folder. */
function problemsOf(props: Partial<FlowcraftServiceProps> = {}): string[] {
  try {
    ;(serviceOf(props).node.root as App).synth()
  } catch (error) {
    const { message } = error as Error
    return message
      .replaceAll(join(folder, '/'), '')
      .split(/\n- |^invalid props of [\w/]+: |^Validation failed.*\n +|\n +(?=\[)/m)
      .filter((line) => !/^invalid props|^$/.test(line.trim()))
      .map((line) => line.trim())
  }
  return []
}

/** As the constructs look, without bundling. */
function exportsMissing(file = 'src/worker.ts', bundling: BundlingOptions = {}): string[] {
  const scope = new Stack(new App(), 'Stack')
  const found = exportProblems(scope, { entry: join(folder, file), bundling }, [['handler', 'handler']])
  return found.map((text) => text.replaceAll(join(folder, '/'), ''))
}

const HANDLER = 'export const handler = async () => {}\n'

describe('an entry without the export that is asked for', () => {
  it('is refused with what there is, all names at once', () => {
    write({ 'src/worker.ts': 'export const work = 1\nexport default 2\nexport type T = string\n' })
    expect(problemsOf({ startRunHandler: 'nope' })).toEqual([
      'handler must be an export of src/worker.ts, got handler: it exports default, work',
      'startRunHandler must be an export of src/worker.ts, got nope: it exports default, work',
    ])
    write({ 'src/worker.ts': 'console.log(1)' })
    expect(problemsOf({ handler: 'work' })).toEqual([
      'handler must be an export of src/worker.ts, got work: it exports nothing',
    ])
  })

  it.each<[string, string]>([
    ['by a list', 'const a = async () => {}\nexport { a as handler }'],
    ['from a file', "export { handler } from './other.js'"],
    ['with all of a file', "export * from './other.js'"],
    ['from a package', "export { handler } from 'dep'"],
    ['with all of a package', "export * from 'dep'"],
  ])('is found %s', (_, source) => {
    write({
      'src/worker.ts': source,
      'src/other.js': HANDLER,
      'node_modules/dep/index.js': HANDLER,
      'node_modules/dep/package.json': '{ "type": "module", "main": "index.js" }',
    })
    expect(exportsMissing()).toEqual([])
  })

  it('is not judged where only the loading tells: all of an outside module, CommonJS in CommonJS', () => {
    write({
      'src/worker.ts': "export * from '@outside/layer'",
      'src/worker.cjs': 'exports.handler = async () => {}',
    })
    expect(exportsMissing('src/worker.ts', { externalModules: ['@outside/layer'] })).toEqual([])
    expect(exportsMissing('src/worker.cjs', { format: OutputFormat.CJS })).toEqual([])
    // As an ES module it has no name but default, and Lambda finds no handler.
    expect(exportsMissing('src/worker.cjs')).toEqual([
      'handler must be an export of src/worker.cjs, got handler: it exports default',
    ])
  })

  it('is not looked for where nothing is bundled', () => {
    const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Stack')
    write({ 'src/worker.ts': '//' })
    expect(() => new FlowcraftService(stack, 'Flows', { entry: join(folder, 'src/worker.ts') })).not.toThrow()
  })
})

describe('checkEntry', () => {
  const needsVariable = `if (!process.env.DATABASE_URL) throw new Error('DATABASE_URL must be set')\n${HANDLER}`

  it("loads each function's bundle with its variables, those that are added later too", () => {
    write({ 'src/worker.ts': `${needsVariable}export const startRun = handler` })
    expect(problemsOf({ checkEntry: true, startRunHandler: 'startRun' })).toEqual([
      expect.stringMatching(
        /^\[Stack\/Flows\/Worker\/Resource\] checkEntry: src\/worker\.ts must load with the function's variables, got: .*Error: DATABASE_URL must be set/,
      ),
      expect.stringMatching(/^\[Stack\/Flows\/StartRun\/Resource\] checkEntry: .*DATABASE_URL must be set/),
    ])
    expect(
      problemsOf({ checkEntry: true, startRunHandler: 'startRun', environment: { DATABASE_URL: 'db' } }),
    ).toEqual([])
    expect(problemsOf()).toEqual([])
    const stack = serviceOf({ checkEntry: true })
    const service = stack.node.findChild('Flows') as FlowcraftService
    service.addEnvironment('DATABASE_URL', service.state.table.tableName)
    expect(() => (stack.node.root as App).synth()).not.toThrow()
  })

  it('gives what is known only when it is deployed in its form', () => {
    write({
      'src/worker.ts': `
        new URL(process.env.FLOWCRAFT_QUEUE_URL)
        new URL(JSON.parse(process.env.FLOWCRAFT_POOLS).heavy.queueUrl)
        if (!process.env.FLOWCRAFT_TABLE_NAME) throw new Error('no table')
        ${HANDLER}`,
    })
    expect(problemsOf({ checkEntry: true, pools: { heavy: { nodes: ['a'] } } })).toEqual([])
  })

  it('refuses a handler that is no function, and a module that never loads', () => {
    write({ 'src/worker.ts': 'export const handler = 1' })
    expect(problemsOf({ checkEntry: true })).toEqual([
      expect.stringContaining('got: handler must be a function, got number'),
    ])
    write({ 'src/worker.ts': `process.exit(1)\n${HANDLER}` })
    expect(problemsOf({ checkEntry: true })).toEqual([expect.stringContaining('it ended the process (1)')])
  })

  it('is for entry', () => {
    const code = Code.fromInline('//')
    expect(problemsOf({ code, handler: 'index.handler', checkEntry: true })).toEqual([
      'checkEntry is for entry, not for code',
    ])
  })
})

describe('the lock file of an entry', () => {
  it('is found upwards from the entry, not from where the app runs', () => {
    write({ 'service/package-lock.json': '{}', 'service/src/worker.ts': HANDLER })
    expect(problemsOf({ entry: join(folder, 'service/src/worker.ts') })).toEqual([])
  })

  it('must be there, alone, and above', () => {
    write({ 'src/worker.ts': HANDLER, 'other/yarn.lock': '' })
    const depsLockFilePath = join(folder, 'other/yarn.lock')
    expect(problemsOf({ depsLockFilePath })).toEqual([
      'depsLockFilePath must be in a folder above entry (src/worker.ts), got other/yarn.lock',
    ])
    expect(problemsOf({ depsLockFilePath: join(folder, 'none.lock') })).toEqual([
      'depsLockFilePath must be a lock file, got none.lock, which is not there',
    ])
    write({ 'yarn.lock': '' })
    expect(problemsOf()).toEqual([
      expect.stringMatching(
        /^entry has 2 lock files \(.*yarn\.lock, .*package-lock\.json\): give depsLockFilePath/,
      ),
    ])
    for (const name of ['yarn.lock', 'package-lock.json']) rmSync(join(folder, name))
    expect(problemsOf()).toEqual([
      expect.stringMatching(
        /^entry must be in a project with a lock file .*, got src\/worker\.ts: give depsLockFilePath/,
      ),
    ])
  })
})

function nothing(): string[] {
  return []
}

/** The head of an ELF file for a machine. */
function elf(machine: number): Buffer {
  const header = Buffer.alloc(64)
  header.write('\u007fELF', 'latin1')
  header.writeUInt16LE(machine, 18)
  return header
}
const [X64, ARM64] = [elf(0x3e), elf(0xb7)]

function warningsWith(files: Record<string, Buffer>, props: Partial<FlowcraftServiceProps> = {}): string[] {
  write({ 'src/worker.ts': HANDLER, ...files })
  const commandHooks = {
    beforeBundling: nothing,
    beforeInstall: nothing,
    afterBundling: (_: string, out: string) => [`cp -r ${folder}/native ${out}/node_modules`],
  }
  return warningsOf(serviceOf({ bundling: { commandHooks }, ...props }))
}

describe('native modules in a bundle', () => {
  it('come with a warning where none fits the function, with the ways out', () => {
    const files = { 'native/@img/sharp-linux-x64/sharp.node': X64 }
    expect(warningsWith(files)).toEqual([
      expect.stringMatching(
        /^the bundle of Stack\/Flows\/Worker\/Resource has native modules that do not load on Linux arm64: node_modules\/@img\/sharp-linux-x64\/sharp\.node \(x86_64\)\. .*--os=linux --cpu=arm64.*forceDockerBundling/,
      ),
    ])
    expect(warningsWith(files, { architecture: Architecture.X86_64 })).toEqual([])
    expect(warningsWith(files, { workerProps: { architecture: Architecture.X86_64 } })).toEqual([])
  })

  it('may be of several platforms, if one fits', () => {
    expect(
      warningsWith({
        'native/@img/sharp-linux-x64/sharp.node': X64,
        'native/@img/sharp-linux-arm64/sharp.node': ARM64,
        'native/dep/prebuilds/darwin-arm64/dep.node': Buffer.from('\u00cf\u00fa\u00ed\u00fe', 'latin1'),
        'native/dep/prebuilds/linux-arm64/dep.node': ARM64,
      }),
    ).toEqual([])
    expect(warningsWith({ 'native/mac/mac.node': Buffer.from('none') })).toEqual([
      expect.stringContaining('mac.node (not of Linux)'),
    ])
  })
})

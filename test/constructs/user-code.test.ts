import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { App, Stack } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import { type BundlingOptions, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'
import { describe, expect, it } from 'vitest'
import { FlowcraftService } from '../../lib/constructs/index.ts'
import { userCodeProblems } from '../../lib/constructs/user-code.ts'
import { commonJsProject, ENTRIES } from '../support/common-js.ts'
import { entry, newStack } from './support.ts'

/** The files of each asset that functions have, by the function's logical id without its hash. */
function bundles(make: (stack: Stack) => void): Map<string, { folder: string; files: string[] }> {
  const stack = new Stack(new App(), 'Stack')
  make(stack)
  const { directory } = (stack.node.root as App).synth()
  const template = JSON.parse(readFileSync(join(directory, 'Stack.template.json'), 'utf8')) as {
    Resources: Record<string, { Type: string; Properties: { Code: { S3Key: string } } }>
  }
  const functions = Object.entries(template.Resources).filter(
    ([, { Type }]) => Type === 'AWS::Lambda::Function',
  )
  return new Map(
    functions.map(([id, { Properties }]) => {
      const folder = join(directory, `asset.${Properties.Code.S3Key.replace('.zip', '')}`)
      return [id.slice(0, -8), { folder, files: readdirSync(folder) }]
    }),
  )
}

function bundleService() {
  return bundles((stack) => {
    const pools = { heavy: { nodes: ['transcode'] } }
    const service = { entry, startRunHandler: 'startRun', webhook: {}, pools }
    new FlowcraftService(stack, 'Flows', service)
  })
}

describe('a bundled service', () => {
  const first = bundleService()

  it("has the user's entry with a source map, the SDK inside, once for all functions that run it", () => {
    const worker = first.get('FlowsWorker')
    const ofLazyClients = ['flowcraft-aws', 'flowcraft-aws-eventbridge.mjs', 'flowcraft-aws-s3.mjs']
    expect(worker?.files.toSorted()).toEqual([...ofLazyClients, 'index.mjs', 'index.mjs.map'])
    const code = readFileSync(join(worker?.folder ?? '', 'index.mjs'), 'utf8')
    expect(code).not.toMatch(/from\s*["']@aws-sdk/)
    expect(code).toContain('createRequire')
    expect(first.get('FlowsStartRun')?.folder).toBe(worker?.folder)
    expect(first.get('FlowsPoolsheavyWorker')?.folder).toBe(worker?.folder)
  })

  it('has the clients that few functions need beside its code', async () => {
    const folder = first.get('FlowsWorker')?.folder ?? ''
    const code = readFileSync(join(folder, 'index.mjs'), 'utf8')
    const inside = ['sqs', 's3', 'eventbridge'].filter((service) => code.includes(`com.amazonaws.${service}`))
    expect(inside).toEqual(['sqs'])
    const clients = await Promise.all(
      ['flowcraft-aws-s3.mjs', 'flowcraft-aws-eventbridge.mjs'].map(
        (file) => import(pathToFileURL(join(folder, file)).href) as Promise<Record<string, unknown>>,
      ),
    )
    const exported = clients.flatMap((client) => Object.keys(client))
    const needed = [
      'EventBridgeClient',
      'GetObjectCommand',
      'PutEventsCommand',
      'PutObjectCommand',
      'S3Client',
    ]
    expect(exported.toSorted()).toEqual(needed)
  })

  it.each<[string, BundlingOptions]>([
    ['CommonJS', { format: OutputFormat.CJS }],
    ["the runtime's SDK", { bundleAwsSDK: false }],
  ])('is one file with %s', (_, bundling) => {
    const made = bundles((stack) => void new FlowcraftService(stack, 'Flows', { entry, bundling }))
    const files = made.get('FlowsWorker')?.files ?? []
    expect(files.filter((file) => !/^index\.m?js(\.map)?$/.test(file))).toEqual([])
  })

  it("runs the user's own commands, before and after", () => {
    const asked: string[] = []
    const say = (when: string) => (_: string, outputDir: string) => {
      asked.push(when)
      return outputDir === '/asset-output' ? [] : [`touch "${outputDir}/${when}"`]
    }
    const commandHooks = {
      beforeBundling: say('before'),
      beforeInstall: say('install'),
      afterBundling: say('after'),
    }
    const made = bundles(
      (stack) => void new FlowcraftService(stack, 'Flows', { entry, bundling: { commandHooks } }),
    )
    expect(made.get('FlowsWorker')?.files).toEqual(
      expect.arrayContaining(['before', 'after', 'flowcraft-aws-s3.mjs']),
    )
    expect(asked).toContain('before')
  })

  it('exports what the functions are told to run', async () => {
    const { handler, startRun } = await exportsOf(first.get('FlowsWorker')?.folder)
    expect([typeof handler, typeof startRun]).toEqual(['function', 'function'])
  })

  it.each(['FlowsSweep', 'FlowsWebhook'])(
    "has the package's own %s, and what few calls need beside it",
    async (id) => {
      const { folder = '', files = [] } = first.get(id) ?? {}
      expect(files).toContain('index.mjs')
      expect(files.filter((file) => !file.endsWith('.mjs'))).toEqual([])
      const putsObjects = (file: string) =>
        readFileSync(join(folder, file), 'utf8').includes('PutObjectCommand')
      expect(files.filter(putsObjects).length).toBeGreaterThan(0)
      expect(typeof (await exportsOf(folder))['handler']).toBe('function')
    },
  )

  it('is the same when it is made again, byte by byte', () => {
    const hashes = (all: typeof first) => [...all.values()].map(({ folder }) => folder.split('asset.')[1])
    expect(hashes(bundleService())).toEqual(hashes(first))
  })
})

describe('an entry with CommonJS in it', () => {
  it.each<[string, string, object]>([
    ...Object.entries(ENTRIES).map(([name, source]): [string, string, object] => [name, source, {}]),
    ['a banner of its own', ENTRIES.both, { banner: '/* of Ada */' }],
    ['a bundle in CommonJS', ENTRIES['a dependency'], { format: OutputFormat.CJS }],
  ])('loads with %s', async (_, source, bundling) => {
    await using project = await commonJsProject()
    const own = await project.entry(source)
    const made = bundles((stack) => {
      new FlowcraftService(stack, 'Flows', { entry: own, bundling })
    })
    const { folder = '', files = [] } = made.get('FlowsWorker') ?? {}
    const file = files.find((name) => /^index\.m?js$/.test(name)) as string

    const { handler } = (await import(join(folder, file))) as { handler: () => Promise<object> }

    expect(await handler()).toMatchObject({
      ...(source.includes("'dep'") && { dep: { folder, file: join(folder, file), os: 'function' } }),
      ...(source.includes('own.mjs') && { own: { folder, os: 'function' } }),
    })
    if ('banner' in bundling) expect(readFileSync(join(folder, file), 'utf8')).toMatch(/^\/\* of Ada \*\//)
  })
})

/** Loads a bundle as Lambda would, with the environment that the constructs set. */
async function exportsOf(folder: string | undefined): Promise<Record<string, unknown>> {
  const environment = { FLOWCRAFT_QUEUE_URL: 'https://sqs.local/jobs', FLOWCRAFT_TABLE_NAME: 'state' }
  Object.assign(process.env, { AWS_REGION: 'eu-central-1', ...environment })
  return (await import(join(folder ?? '', 'index.mjs'))) as Record<string, unknown>
}

describe('where the code is', () => {
  const code = Code.fromInline('//')

  it.each<[string, Parameters<typeof userCodeProblems>[1], string[]]>([
    ['nothing', {}, ['give either entry or code with handler, got neither']],
    ['both', { entry, code, handler: 'a.b' }, ['give either entry or code with handler, got both']],
    ['code without a handler', { code }, ["code needs handler, such as 'index.handler'"]],
    [
      'code with an export alone',
      { code, handler: 'handler' },
      ["handler must be file and export beside code, such as 'index.handler', got handler"],
    ],
    [
      'code that is to be bundled',
      { code, handler: 'a.b', bundling: {}, depsLockFilePath: 'lock' },
      ['bundling is for entry, not for code', 'depsLockFilePath is for entry, not for code'],
    ],
    [
      'an entry of another kind',
      { entry: 'worker.py' },
      ['entry must be a TypeScript or JavaScript file, got worker.py'],
    ],
    [
      'an entry that is not there',
      { entry: 'src/none.ts' },
      ['entry must be a file, got src/none.ts, which is not there'],
    ],
  ])('must not be %s', (_, props, problems) => {
    expect(userCodeProblems(newStack(), props)).toEqual(problems)
  })

  it.each([{ entry }, { code, handler: 'index.handler' }, { code, handler: 'dist/index.handler' }])(
    'may be %o',
    (props) => {
      expect(userCodeProblems(newStack(), props)).toEqual([])
    },
  )

  it('is not bundled without esbuild: that would need Docker', () => {
    const [problem] = userCodeProblems(newStack(), { entry }, () => false)
    expect(problem).toBe(
      'entry needs esbuild to be bundled, which is not installed beside aws-cdk-lib: npm install --save-dev esbuild, or give code and handler',
    )
    expect(
      userCodeProblems(newStack(), { entry, bundling: { forceDockerBundling: true } }, () => false),
    ).toEqual([])
  })
})

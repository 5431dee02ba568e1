import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build, type Metafile } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { OWN_HANDLERS } from '../../lib/bundling.ts'
import { bundlingOptions } from '../../lib/local/index.ts'

const root = new URL('../../', import.meta.url)
/** Brought along by the Lambda runtime, and not this package's to weigh. */
const SDK = ['@aws-sdk/*', '@smithy/*']

async function bundle(entry: string, external: string[] = []): Promise<Metafile> {
  const { metafile } = await build({
    ...bundlingOptions,
    mainFields: [...bundlingOptions.mainFields],
    entryPoints: [fileURLToPath(new URL(entry, root))],
    external: [...external, 'fauxqs', 'dynalite', 'esbuild'],
    minify: true,
    metafile: true,
    write: false,
    sourcemap: false,
    outfile: 'out.mjs',
    logLevel: 'silent',
  })
  return metafile
}

describe('what runs in Lambda', () => {
  it.each([
    'lib/index.ts',
    'lambdas/index.ts',
    'lambdas/worker.ts',
    'lib/testing/index.ts',
    'lib/local/index.ts',
  ])('%s never reaches the CDK', async (entry) => {
    const { inputs } = await bundle(entry, SDK)
    const files = Object.keys(inputs)
    const core = files.filter((file) => file.startsWith('lib/core/'))
    expect(core).not.toEqual([])
    if (entry === 'lib/local/index.ts')
      expect(core.filter((file) => !file.startsWith('lib/core/common/'))).toEqual([])
    expect(
      files.filter((file) => /node_modules\/(aws-cdk-lib|constructs)\/|lib\/constructs\//.test(file)),
    ).toEqual([])
  })

  it('is at most 430 KB of worker without user code and without the AWS SDK', async () => {
    const { outputs } = await bundle('lambdas/index.ts', SDK)
    expect(outputs['out.mjs']?.bytes).toBeLessThan(430_000)
  })
})

/** The packages that are evaluated when a module is loaded: what is imported when it is first needed is in chunks of its own. */
async function evaluatedAtStart(entry: string): Promise<{ packages: Set<string>; bytes: number }> {
  const { metafile } = await build({
    ...bundlingOptions,
    mainFields: [...bundlingOptions.mainFields],
    absWorkingDir: fileURLToPath(root),
    entryPoints: [entry],
    external: ['esbuild'],
    splitting: true,
    outdir: 'out',
    minify: true,
    metafile: true,
    write: false,
    sourcemap: false,
    logLevel: 'silent',
  })
  const { outputs } = metafile
  const begun = Object.keys(outputs).filter((file) => outputs[file]?.entryPoint === entry)
  const files = new Set(begun)
  for (const file of files) {
    for (const { kind, path } of outputs[file]?.imports ?? [])
      if (kind === 'import-statement' && outputs[path]) files.add(path)
  }
  const inputs = [...files].flatMap((file) => Object.keys(outputs[file]?.inputs ?? {}))
  const names = inputs.flatMap((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? [])
  const bytes = [...files].reduce((sum, file) => sum + (outputs[file]?.bytes ?? 0), 0)
  return { packages: new Set(names), bytes }
}

describe('what is evaluated when a function starts', () => {
  const entries = ['worker', ...OWN_HANDLERS].map((name) => `lambdas/${name}.ts`)
  it.each(entries)('of %s: of clients those of DynamoDB and SQS, and no other', async (entry) => {
    const { packages, bytes } = await evaluatedAtStart(entry)

    const clients = [...packages].filter((name) => name.startsWith('@aws-sdk/client-'))
    expect(clients.toSorted()).toEqual(['@aws-sdk/client-dynamodb', '@aws-sdk/client-sqs'])
    // They come with the client of S3 and with credentials of accounts, which Lambda gives otherwise.
    for (const name of ['@aws-sdk/nested-clients', '@aws-sdk/middleware-sdk-s3', '@aws-sdk/token-providers'])
      expect(packages).not.toContain(name)
    expect(bytes).toBeLessThan(800_000)
  })
})

describe('a function that starts runs', () => {
  it('gets less than 14 KB from this package, without the engine', async () => {
    const { outputs, inputs } = await bundle('examples/deployment/order-api.ts', SDK)
    expect(Object.keys(inputs)).toContain('lib/client/start-run-invoker.ts')
    expect(outputs['out.mjs']?.bytes).toBeLessThan(15_000)
  })

  it('gets no code of the flows whose types it has', async () => {
    const { outputs, inputs } = await bundle('examples/types/order-api.ts', SDK)
    expect(Object.keys(inputs).filter((file) => /examples\/types\/flows|\/zod\//.test(file))).toEqual([])
    expect(outputs['out.mjs']?.bytes).toBeLessThan(15_000)
  })
})

describe('constructs', () => {
  it('take constants, pure checks and types from the core, nothing of weight', async () => {
    const { inputs } = await bundle('lib/constructs/index.ts', ['aws-cdk-lib', 'aws-cdk-lib/*', 'constructs'])
    const outside = Object.keys(inputs).filter((file) => !file.startsWith('lib/constructs/'))
    expect(outside.toSorted()).toEqual([
      'lib/bundling.ts',
      'lib/core/common/environment.ts',
      'lib/core/common/history-mode.ts',
      'lib/core/common/identifiers.ts',
      'lib/core/common/labels.ts',
      'lib/core/common/lease-mode.ts',
      'lib/core/common/plain-object.ts',
      'lib/core/common/prices.ts',
      'lib/core/common/sqs-limits.ts',
      'lib/core/common/texts.ts',
      'lib/core/common/thrown.ts',
      'lib/core/queue/pool-rules.ts',
      'lib/core/store/retention.ts',
      'lib/core/store/schema.ts',
      'lib/core/telemetry/names.ts',
    ])
  })

  // Flowcraft is an ES module: an older TypeScript refuses its types in an app that is CommonJS.
  it("name none of the engine's types, however far", async () => {
    const seen = new Set<string>()
    const follow = async (file: string): Promise<string[]> => {
      if (seen.has(file)) return []
      seen.add(file)
      const text = await readFile(new URL(file), 'utf8')
      const imports = [...text.matchAll(/ from '([^']+)'/g)].map((match) => match[1] as string)
      const own = imports.filter((path) => path.startsWith('.')).map((path) => new URL(path, file).href)
      const found = (await Promise.all(own.map(follow))).flat()
      return imports.includes('flowcraft') ? [file, ...found] : found
    }
    expect(await follow(new URL('lib/constructs/index.ts', root).href)).toEqual([])
    expect(seen.size).toBeGreaterThan(50)
  })
})

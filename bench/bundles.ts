/** How large what is deployed is, and of what. */
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build, type BuildOptions, type Metafile } from 'esbuild'
import {
  bundleTarget,
  esmOptions,
  LAZY_CLIENTS,
  lazyClientOptions,
  lazyImports,
  OWN_HANDLERS,
  ownHandlerOptions,
} from '../lib/bundling.ts'

export interface BundleSize {
  readonly id: string
  /** Bytes, minified, of all files; of those that are read when the function starts; and of all as gzip packs them. */
  readonly bytes: number
  readonly loadedBytes: number
  readonly gzipBytes: number
  /** Bytes of all files by package, the largest first; this one's own is 'flowcraft-aws'. */
  readonly packages: readonly { readonly name: string; readonly bytes: number }[]
}

const root = fileURLToPath(new URL('../', import.meta.url))

/** What is compared with the own functions, which are bundled as the package's build does it. */
const ENTRIES: Readonly<Record<string, string>> = {
  bare: 'export const handler = async () => {}',
  'two clients': `
    import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
    import { SQSClient } from '@aws-sdk/client-sqs'
    const clients = [new DynamoDBClient({}), new SQSClient({})]
    export const handler = async () => clients.length`,
  worker: `
    import { createFlow } from 'flowcraft'
    import { createWorkerHandler } from './lambdas/index.ts'
    const flow = createFlow('one').node('only', async () => ({ output: 'ok' }))
    export const handler = createWorkerHandler({ flows: [flow] })`,
}

/** Bundles each into a folder of its own in `outdir`; gives sizes, and the file of the handler by name. */
export async function bundleAll(
  outdir: string,
): Promise<{ sizes: BundleSize[]; files: Map<string, string> }> {
  const files = new Map<string, string>()
  const sizes: BundleSize[] = []
  const add = async (id: string, options: BuildOptions) => {
    const { metafile } = await build({ ...options, metafile: true })
    files.set(id, join(folderOf(id), 'index.mjs'))
    const beside = id === 'worker' ? await besideWorker(folderOf(id)) : {}
    sizes.push(await sizeOf(id, { ...metafile?.outputs, ...beside }))
  }
  const folderOf = (id: string) => join(outdir, id.replaceAll(' ', '-'))
  for (const [id, contents] of Object.entries(ENTRIES)) await add(id, optionsOf(id, contents, folderOf(id)))
  for (const name of OWN_HANDLERS) await add(name, ownHandlerOptions(root, name, folderOf(name)))
  return { sizes, files }
}

/** As a worker's function is bundled: one file, without the clients that stand beside it. */
function optionsOf(id: string, contents: string, folder: string): BuildOptions {
  return {
    ...esmOptions,
    mainFields: [...esmOptions.mainFields],
    absWorkingDir: root,
    stdin: { contents, resolveDir: root, sourcefile: `${id}.ts`, loader: 'ts' },
    external: [...lazyImports],
    outfile: join(folder, 'index.mjs'),
    target: bundleTarget,
    minify: true,
    keepNames: true,
    logLevel: 'warning',
  }
}

/** The clients that few functions need, in files of their own. */
async function besideWorker(folder: string): Promise<Metafile['outputs']> {
  const entries = Object.entries(LAZY_CLIENTS).map(([name, path]) => [name, `lib/${path}.mts`])
  const options = lazyClientOptions(Object.fromEntries(entries), folder)
  const { metafile } = await build({ ...options, absWorkingDir: root, metafile: true })
  return metafile.outputs
}

async function sizeOf(id: string, outputs: Metafile['outputs']): Promise<BundleSize> {
  const packages = new Map<string, number>()
  for (const { inputs } of Object.values(outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const name = packageOf(file)
      packages.set(name, (packages.get(name) ?? 0) + bytesInOutput)
    }
  }
  const sorted = [...packages].map(([name, bytes]) => ({ name, bytes })).filter(({ bytes }) => bytes > 0)
  const code = await Promise.all(Object.keys(outputs).map((file) => readFile(resolve(root, file))))
  return {
    id,
    bytes: sum(Object.values(outputs).map(({ bytes }) => bytes)),
    loadedBytes: sum(loadedOf(outputs).map((file) => outputs[file]?.bytes ?? 0)),
    gzipBytes: gzipSync(Buffer.concat(code)).length,
    packages: sorted.toSorted((a, b) => b.bytes - a.bytes || a.name.localeCompare(b.name)),
  }
}

/** The entry, and what it imports before anybody calls it. */
export function loadedOf(outputs: Metafile['outputs']): string[] {
  // A chunk that is imported when it is first needed is an entry point to esbuild as well.
  const loaded = new Set(Object.keys(outputs).filter((file) => /(^|\/)index\.mjs$/.test(file)))
  // It grows while it is walked.
  for (const file of loaded) {
    for (const { kind, path } of outputs[file]?.imports ?? [])
      if (kind === 'import-statement' && outputs[path]) loaded.add(path)
  }
  return [...loaded]
}

/** Of a file as esbuild names it. */
export function packageOf(file: string): string {
  const [, name] = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file) ?? []
  return name ?? 'flowcraft-aws'
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

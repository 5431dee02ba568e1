/** How large what is deployed is, and of what. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build, type Metafile } from 'esbuild'
import { bundleTarget, esmOptions } from '../lib/bundling.ts'

export interface BundleSize {
  readonly id: string
  /** Bytes of the minified file, and of it as gzip packs it. */
  readonly bytes: number
  readonly gzipBytes: number
  /** Bytes by package, the largest first; this one's own is 'flowcraft-aws'. */
  readonly packages: readonly { readonly name: string; readonly bytes: number }[]
}

const root = fileURLToPath(new URL('../', import.meta.url))

/** What is bundled, by name. The worker has one flow of one node. */
const ENTRIES: Readonly<Record<string, string>> = {
  bare: 'export const handler = async () => {}',
  'two clients': `
    import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
    import { SQSClient } from '@aws-sdk/client-sqs'
    const clients = [new DynamoDBClient({}), new SQSClient({})]
    export const handler = async () => clients.length`,
  'start-run': "export { handler } from './lambdas/start-run.ts'",
  webhook: "export { handler } from './lambdas/webhook.ts'",
  sweep: "export { handler } from './lambdas/sweep.ts'",
  worker: `
    import { createFlow } from 'flowcraft'
    import { createWorkerHandler } from './lambdas/index.ts'
    const flow = createFlow('one').node('only', async () => ({ output: 'ok' }))
    export const handler = createWorkerHandler({ flows: [flow] })`,
}

/** Bundles each into a file of its own in `outdir`, as the construct does: everything inside, one file or chunks. */
export async function bundleAll(
  outdir: string,
): Promise<{ sizes: BundleSize[]; files: Map<string, string> }> {
  const files = new Map<string, string>()
  const sizes: BundleSize[] = []
  for (const [id, contents] of Object.entries(ENTRIES)) {
    const folder = join(outdir, id.replaceAll(' ', '-'))
    const outfile = join(folder, 'index.mjs')
    const { metafile } = await build({
      ...esmOptions,
      mainFields: [...esmOptions.mainFields],
      absWorkingDir: root,
      stdin: { contents, resolveDir: root, sourcefile: `${id}.ts`, loader: 'ts' },
      outfile,
      target: bundleTarget,
      minify: true,
      keepNames: true,
      metafile: true,
      logLevel: 'warning',
    })
    files.set(id, outfile)
    sizes.push(sizeOf(id, metafile, await readFile(outfile)))
  }
  return { sizes, files }
}

function sizeOf(id: string, { outputs }: Metafile, code: Buffer): BundleSize {
  const packages = new Map<string, number>()
  for (const { inputs } of Object.values(outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const name = packageOf(file)
      packages.set(name, (packages.get(name) ?? 0) + bytesInOutput)
    }
  }
  const sorted = [...packages].map(([name, bytes]) => ({ name, bytes })).filter(({ bytes }) => bytes > 0)
  return {
    id,
    bytes: code.length,
    gzipBytes: gzipSync(code).length,
    packages: sorted.toSorted((a, b) => b.bytes - a.bytes || a.name.localeCompare(b.name)),
  }
}

/** Of a file as esbuild names it. */
export function packageOf(file: string): string {
  const [, name] = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file) ?? []
  return name ?? 'flowcraft-aws'
}

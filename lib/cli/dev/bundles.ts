/** Bundles of functions: built anew when a file changes, each with what esbuild kept from the time before. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type esbuild from 'esbuild'
import { createHash } from 'node:crypto'
import { type BundleRecord, DEV_SYNTH } from '../../bundling.ts'
import { importOptional } from '../../local/engine/optional.ts'

/** Which function of which stack has a bundle. */
export interface BundledFunction {
  readonly stackName: string
  readonly logicalId: string
}

/** One entry, bundled in one way, for all functions that are made of it. */
export class DevBundle {
  readonly functions: BundledFunction[] = []
  /** What the entry exports; known once it was built. */
  exports: readonly string[] = []
  /** The files that went in, by absolute path. */
  inputs: ReadonlySet<string> = new Set()
  readonly #record: BundleRecord
  readonly #folder: string
  #context: esbuild.BuildContext | undefined
  #hash: string | undefined

  constructor(record: BundleRecord, folder: string) {
    this.#record = record
    this.#folder = folder
  }

  get entry(): string {
    return this.#record.options.entryPoints[0]
  }

  /** Finds out which files go in. What runs may be older than they are: the next build counts as new. */
  async learn(): Promise<void> {
    await this.#rebuild()
  }

  /**
   * @returns the folder with the code; undefined where it is what it was
   * @throws esbuild's error, with `errors`
   */
  async build(): Promise<string | undefined> {
    const outputFiles = await this.#rebuild()
    const hash = createHash('sha256')
    for (const { contents } of outputFiles) hash.update(contents)
    const found = hash.digest('hex')
    if (found === this.#hash) return undefined
    await mkdir(this.#folder, { recursive: true })
    for (const { path, contents } of outputFiles) await writeFile(path, contents)
    this.#hash = found
    return this.#folder
  }

  async #rebuild(): Promise<readonly esbuild.OutputFile[]> {
    const { metafile, outputFiles = [] } = await (await this.#start()).rebuild()
    const { absWorkingDir } = this.#record.options
    const root = typeof absWorkingDir === 'string' ? absWorkingDir : process.cwd()
    this.inputs = new Set(Object.keys(metafile?.inputs ?? {}).map((file) => resolve(root, file)))
    this.exports = Object.values(metafile?.outputs ?? {}).flatMap(({ entryPoint, exports }) =>
      entryPoint === undefined ? [] : exports,
    )
    return outputFiles
  }

  async stop(): Promise<void> {
    await this.#context?.dispose()
    this.#context = undefined
  }

  async #start(): Promise<esbuild.BuildContext> {
    if (this.#context) return this.#context
    const { context } = await importOptional<typeof esbuild>('esbuild', 'flowcraft-aws dev', 'esbuild')
    this.#context = await context({
      ...this.#record.options,
      entryPoints: [this.entry],
      outfile: join(this.#folder, this.#record.outfile),
      metafile: true,
      write: false,
      logLevel: 'silent',
    })
    return this.#context
  }
}

interface Metadata {
  readonly type: string
  readonly data?: unknown
}

interface Artifact {
  readonly type?: string
  readonly metadata?: Readonly<Record<string, readonly Metadata[]>>
  readonly additionalMetadataFile?: string
  readonly properties?: { readonly stackName?: string }
}

/** The bundles of an assembly, by a text that tells them apart. Those of stages are in folders of it. */
export async function bundlesOf(
  assembly: string,
): Promise<Map<string, { record: BundleRecord; functions: BundledFunction[] }>> {
  const found = new Map<string, { record: BundleRecord; functions: BundledFunction[] }>()
  const folders = (await readdir(assembly, { withFileTypes: true })).filter(
    (entry) => entry.isDirectory() && entry.name.startsWith('assembly-'),
  )
  for (const folder of folders) {
    for (const [key, bundle] of await bundlesOf(join(assembly, folder.name))) found.set(key, bundle)
  }
  const manifest = await readJson<{ artifacts?: Record<string, Artifact> }>(assembly, 'manifest.json')
  for (const [id, artifact] of Object.entries(manifest.artifacts ?? {})) {
    const { type, metadata, additionalMetadataFile: file, properties = {} } = artifact
    if (type !== 'aws:cloudformation:stack') continue
    const { stackName = id } = properties
    const elsewhere = file === undefined ? {} : await readJson<Artifact['metadata']>(assembly, file)
    for (const entries of Object.values({ ...metadata, ...elsewhere })) {
      const record = dataOf<BundleRecord>(entries, DEV_SYNTH.metadata)
      const logicalId = dataOf<string>(entries, 'aws:cdk:logicalId')
      if (!record || logicalId === undefined) continue
      const key = JSON.stringify(record)
      const bundle = found.get(key) ?? { record, functions: [] }
      bundle.functions.push({ stackName, logicalId })
      found.set(key, bundle)
    }
  }
  return found
}

function dataOf<T>(entries: readonly Metadata[], type: string): T | undefined {
  return entries.find((entry) => entry.type === type)?.data as T | undefined
}

async function readJson<T>(...path: string[]): Promise<T> {
  return JSON.parse(await readFile(join(...path), 'utf8')) as T
}

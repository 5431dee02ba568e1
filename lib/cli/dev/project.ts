/** What `dev` runs: the stacks of a CDK app, or one worker by itself. */
import { join } from 'node:path'
import type { BundleRecord } from '../../bundling.ts'
import { UsageError } from '../exit-codes.ts'
import type { LocalAws } from '../../local/index.ts'
import { appInputsOf } from './app-inputs.ts'
import { type BundledFunction, bundlesOf, DevBundle } from './bundles.ts'
import { PLAIN_STACK, plainRecord, writePlainAssembly } from './plain-assembly.ts'
import { appOf, synthesize } from './synth.ts'

interface Synthesis {
  readonly aws: Pick<LocalAws, 'region' | 'accountId'>
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

type Bundles = ReadonlyMap<
  string,
  { readonly record: BundleRecord; readonly functions: readonly BundledFunction[] }
>

export interface Project {
  /** The folder of the cloud assembly. */
  synthesize(synthesis: Synthesis): Promise<string>
  /** What its functions are bundled from. */
  bundles(assembly: string): Promise<Bundles>
  /** The files whose change takes a synthesis, by absolute path. */
  readonly inputs: ReadonlySet<string>
}

class CdkProject implements Project {
  inputs: ReadonlySet<string> = new Set()
  readonly #projectFolder: string
  readonly #app: string
  readonly #context: Readonly<Record<string, string>>

  constructor(projectFolder: string, app: string, context: Readonly<Record<string, string>>) {
    this.#projectFolder = projectFolder
    this.#app = app
    this.#context = context
  }

  async synthesize({ aws: { region, accountId }, env, signal }: Synthesis): Promise<string> {
    const projectFolder = this.#projectFolder
    const outdir = join(projectFolder, '.flowcraft', 'cdk.out')
    this.inputs = await appInputsOf(this.#app, projectFolder)
    const context = this.#context
    await synthesize({ projectFolder, app: this.#app, context, outdir, region, accountId, env, signal })
    return outdir
  }

  bundles(assembly: string): Promise<Bundles> {
    return bundlesOf(assembly)
  }
}

/** A worker without a CDK app. */
class WorkerProject implements Project {
  readonly inputs: ReadonlySet<string> = new Set()
  readonly #projectFolder: string
  readonly #record: BundleRecord

  constructor(projectFolder: string, entry: string) {
    this.#projectFolder = projectFolder
    this.#record = plainRecord(entry)
  }

  async synthesize(): Promise<string> {
    const folder = join(this.#projectFolder, '.flowcraft')
    const worker = join(folder, 'worker')
    const bundle = new DevBundle(this.#record, worker)
    try {
      await bundle.build()
    } finally {
      await bundle.stop()
    }
    const { exports, entry } = bundle
    if (!exports.includes('handler')) {
      const what = exports.length > 0 ? exports.join(', ') : 'nothing'
      throw new UsageError(
        `${entry} must export handler, such as createWorkerHandler({ flows }) makes; it exports ${what}`,
      )
    }
    const outdir = join(folder, 'cdk.out')
    await writePlainAssembly(outdir, worker)
    return outdir
  }

  async bundles(): Promise<Bundles> {
    const functions = [{ stackName: PLAIN_STACK, logicalId: 'Worker' }]
    return new Map([['worker', { record: this.#record, functions }]])
  }
}

interface ProjectOptions {
  readonly app?: string | undefined
  readonly worker?: string | undefined
  /** Of the app, besides that of `cdk.json`. */
  readonly context?: Readonly<Record<string, string>> | undefined
}

/** A worker by itself where one is named, else the app, by default that of `cdk.json`. @throws UsageError */
export async function projectOf(
  projectFolder: string,
  { app, worker, context = {} }: ProjectOptions,
): Promise<Project> {
  if (worker !== undefined) return new WorkerProject(projectFolder, worker)
  return new CdkProject(projectFolder, app ?? (await appOf(projectFolder)), context)
}

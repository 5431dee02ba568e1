/** A dev server: the project's stacks on the local AWS, kept up with its files until it is told to end. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { environmentVariables } from '../../core/common/environment.ts'
import type { LocalAws, LocalStack } from '../../local/index.ts'
import { startLocalAws } from '../../local/index.ts'
import { removeDevServer, writeDevServer } from '../dev-server.ts'
import type { Colors, Io } from '../io.ts'
import { DevBundle } from './bundles.ts'
import { DevConsole } from './console.ts'
import { LogLines } from './log-lines.ts'
import type { Project } from './project.ts'
import { servicesOf } from './services.ts'
import { replaceCode } from './replace-code.ts'
import { sayFailure, sayStarted, sayUpdated } from './say.ts'
import { changedElsewhere, type Watch, watchFiles } from './watch-files.ts'

/** What Ctrl-C leaves to the nodes that are at work: all of it is over within two seconds. */
const DRAIN_MS = 800

/** There is no older worker here that a newer one follows, but for the moment of an update. */
const DEPLOY_GRACE_MS = '2000'

/** What of the project is deployed. */
interface Deployment {
  /** The stack, with those that it needs. @default - all of them */
  readonly stackName?: string | undefined
  /** Types and logical ids of resources to leave out. */
  readonly ignore?: readonly string[] | undefined
  /** Values of the template's parameters. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
}

export interface SessionOptions {
  readonly project: Project
  readonly projectFolder: string
  /** Forgets the runs of the times before. */
  readonly fresh: boolean
  readonly deployment: Deployment
  readonly io: Io
  readonly colors: Colors
}

/** Runs until the signal of `io`. @throws where the first synthesis or deployment fails */
export async function serve(options: SessionOptions): Promise<void> {
  const session = await Session.start(options)
  try {
    // First, so that what changes during the deployment is seen.
    await session.watch()
    await session.begin()
    await aborted(options.io.signal)
  } finally {
    await session.stop()
  }
}

class Session {
  readonly #options: SessionOptions
  readonly #aws: LocalAws
  readonly #log: LogLines
  readonly #console: DevConsole
  readonly #bundles = new Map<string, DevBundle>()
  #stacks: Readonly<Record<string, LocalStack>> = {}
  #watch: Watch | undefined
  #folders = 0
  /** Whether it is known which files the bundles are made of. */
  #learned: Promise<void> = Promise.resolve()
  /** What was begun, one after the other. */
  #work: Promise<void> = Promise.resolve()

  private constructor(options: SessionOptions, aws: LocalAws, log: LogLines) {
    this.#options = options
    this.#aws = aws
    this.#log = log
    this.#console = new DevConsole({ ...options, aws })
  }

  static async start(options: SessionOptions): Promise<Session> {
    const { projectFolder, fresh, io, colors } = options
    const folder = join(projectFolder, '.flowcraft')
    const dataFolder = join(folder, 'data')
    if (fresh) {
      await rm(dataFolder, { recursive: true, force: true })
      await rm(join(folder, 'logs.jsonl'), { force: true })
    }
    const aws = await startLocalAws({ dataFolder })
    const log = await LogLines.open(join(folder, 'logs.jsonl'), io, colors)
    return new Session(options, aws, log)
  }

  async begin(): Promise<void> {
    await this.#console.start()
    const deployed = this.#deploy(new Set())
    this.#work = deployed.catch(() => {})
    await deployed
  }

  /**
   * Synthesises the project and makes, or updates, its stacks.
   * @param changed - the files because of which; none at the start
   */
  async #deploy(changed: ReadonlySet<string>): Promise<void> {
    const { project, projectFolder, io, colors } = this.#options
    const began = io.now()
    const since = Date.now()
    const assembly = await project.synthesize({ aws: this.#aws, env: io.env, signal: io.signal })
    this.#stacks = await this.#make(assembly)
    this.#learned = this.#follow(assembly, since)
    if (io.signal.aborted) return
    const services = servicesOf(this.#stacks)
    const { env, region } = this.#aws
    const startedAt = new Date(io.now()).toISOString()
    const { url } = this.#console
    const server = { pid: process.pid, startedAt, region, env, services, ...(url ? { console: url } : {}) }
    this.#console.update(server)
    await writeDevServer(projectFolder, server)
    const done = { stacks: this.#stacks, services, ms: io.now() - began, changed, console: url }
    if (changed.size === 0) sayStarted(io, colors, done)
    else sayUpdated(io, colors, Object.keys(this.#stacks).join(', '), done)
  }

  async #make(assembly: string): Promise<Record<string, LocalStack>> {
    const { stackName, ignore, parameters } = this.#options.deployment
    const options = {
      assembly,
      ...(ignore && { ignore }),
      ...(parameters && { parameters }),
      update: true,
      environment: { [environmentVariables.deployGraceMs]: DEPLOY_GRACE_MS },
      onLog: (line: string, logicalId: string) => this.#log.take(line, logicalId, this.#nameOf(logicalId)),
    }
    if (stackName === undefined) return this.#aws.deployAll(options)
    const stack = await this.#aws.deploy({ ...options, stackName })
    return { [stack.stackName]: stack }
  }

  async watch(): Promise<void> {
    const { projectFolder } = this.#options
    this.#watch = await watchFiles(projectFolder, (files) => {
      // One after the other: a deployment of old files must not end after one of new ones.
      this.#work = this.#work.then(() => this.#take(files))
    })
  }

  async stop(): Promise<void> {
    const { projectFolder } = this.#options
    await removeDevServer(projectFolder)
    await this.#watch?.stop()
    await this.#learned
    await this.#console.stop()
    await this.#aws.stop({ drainMs: DRAIN_MS })
    await Promise.all([...this.#bundles.values()].map((bundle) => bundle.stop()))
    await this.#log.close()
  }

  /** Those of another package of a workspace are elsewhere. */
  #watchInputs(): void {
    for (const { inputs } of this.#bundles.values()) this.#watch?.add(inputs)
  }

  /** Code is swapped in a moment; what else the app is made of takes a synthesis. */
  async #take(files: ReadonlySet<string>): Promise<void> {
    const { project, io, colors } = this.#options
    if (io.signal.aborted) return
    try {
      await this.#learned
      const bundles = [...this.#bundles.values()].filter(({ inputs }) =>
        [...files].some((file) => inputs.has(file)),
      )
      for (const bundle of bundles) await this.#swap(bundle, files)
      const known = new Set(bundles.flatMap(({ inputs }) => [...inputs]))
      const needs = [...files].some((file) => project.inputs.has(file) || !known.has(file))
      if (needs) await this.#deploy(files)
    } catch (error) {
      if (!io.signal.aborted) sayFailure(io, colors, error)
    }
  }

  async #swap(bundle: DevBundle, files: ReadonlySet<string>): Promise<void> {
    const { io, colors } = this.#options
    const began = io.now()
    const folder = await bundle.build()
    if (folder === undefined) return
    for (const { stackName, logicalId } of bundle.functions) {
      const stack = this.#stacks[stackName]
      if (stack) await replaceCode(stack, logicalId, folder)
    }
    this.#watchInputs()
    const names = bundle.functions.map(({ logicalId }) => logicalId).join(', ')
    sayUpdated(io, colors, names, { ms: io.now() - began, changed: files })
  }

  /** Knows from now on what each function is bundled from. */
  async #follow(assembly: string, since: number): Promise<void> {
    const { io, colors } = this.#options
    const found = await this.#options.project.bundles(assembly)
    for (const [key, bundle] of this.#bundles) {
      if (found.has(key)) continue
      await bundle.stop()
      this.#bundles.delete(key)
    }
    for (const [key, { record, functions }] of found) {
      const bundle = this.#bundles.get(key) ?? new DevBundle(record, this.#newFolder())
      this.#bundles.set(key, bundle)
      bundle.functions.splice(0, Infinity, ...functions)
      // One that does not build was told by whoever deployed it, or changed since and is told then.
      await bundle.learn().catch((error: unknown) => sayFailure(io, colors, error))
    }
    this.#watchInputs()
    const inputs = [...this.#bundles.values()].flatMap((bundle) => [...bundle.inputs])
    const late = await changedElsewhere(this.#options.projectFolder, inputs, since)
    if (late.size > 0) this.#work = this.#work.then(() => this.#take(late))
  }

  #newFolder(): string {
    return join(this.#options.projectFolder, '.flowcraft', 'bundles', String(this.#folders++))
  }

  #nameOf(logicalId: string): string {
    for (const { resources } of Object.values(this.#stacks)) {
      const found = resources[logicalId]
      if (found) return found.ref
    }
    return logicalId
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

// A Lambda function: its code, its versions and aliases, and its counts.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { localError, resourceName, wholeNumber } from '../errors.ts'
import { freshName } from '../resources.ts'
import { Alias } from './alias.ts'
import { deployCode, deployRuntime } from './code.ts'
import type { DeployedCode } from './code.ts'
import { Environments } from './environments.ts'
import type { Release } from './environments.ts'
import { FunctionError, ThrottledError } from './errors.ts'
import { checkEnvironment } from './limits.ts'
import type {
  AliasRouting,
  FunctionCode,
  FunctionStats,
  LocalAlias,
  LocalFunctionOptions,
  LocalVersion,
  ManagedFunction,
} from './types.ts'

/** Largest event or result, bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const PAYLOAD_LIMIT_BYTES = 6 * 1024 * 1024
const KEPT_LOG_LINES = 1_000

/** What a function gets from the local AWS. */
export interface FunctionHost {
  readonly region: string
  readonly accountId: string
  readonly env: Readonly<Record<string, string>>
  /** Where code may be put. */
  readonly folder: string
  /** Whether what Lambda refuses is refused. */
  readonly strict: boolean
}

/** Makes a function. */
export async function createLocalFunction(
  host: FunctionHost,
  options: LocalFunctionOptions,
): Promise<ManagedFunction> {
  const name = resourceName('the name of a function', options.name ?? freshName('function'), 64)
  const timeoutSeconds = wholeNumber('timeoutSeconds', options.timeoutSeconds ?? 30, 1, 900, 'seconds')
  const memoryMb = wholeNumber('memoryMb', options.memoryMb ?? 1024, 128, 10_240, 'MB')
  const maxConcurrency = wholeNumber('maxConcurrency', options.maxConcurrency ?? 1000, 0, 100_000)
  if (host.strict) checkEnvironment(name, options.environment ?? {})
  const folder = join(host.folder, freshName(name))
  const code = await deployCode(options.code, options.handler, join(folder, '1'))
  const bootstrap = await deployRuntime(folder)
  const settings = { timeoutSeconds, memoryMb, maxConcurrency }
  return new ProcessFunction({ ...options, ...settings, name, folder, code, bootstrap, host })
}

interface Settings {
  name: string
  timeoutSeconds: number
  memoryMb: number
  maxConcurrency: number
  handler?: string
  role?: string
  environment?: Record<string, string>
  onLog?: (line: string) => void
  folder: string
  code: DeployedCode
  bootstrap: string
  host: FunctionHost
}

type Counts = { -readonly [K in keyof FunctionStats]: number }

const LATEST = '$LATEST'

class ProcessFunction implements ManagedFunction {
  readonly name: string
  readonly arn: string
  readonly timeoutSeconds: number
  readonly memoryMb: number
  readonly logs: string[] = []
  readonly #settings: Settings
  readonly #stats: Omit<Counts, 'coldStarts'> = {
    invocations: 0,
    errors: 0,
    timeouts: 0,
    throttles: 0,
    billedMs: 0,
  }
  readonly #environments: Environments
  /** What was published, by version; what `$LATEST` runs is no part of it. */
  readonly #published = new Map<string, { readonly version: LocalVersion; readonly release: Release }>()
  readonly #aliases = new Map<string, LocalAlias>()
  #inFlight = 0
  #deploys = 1
  #latest: Release
  #stopped: Promise<void> | undefined

  constructor(settings: Settings) {
    const { name, host, code, environment } = settings
    this.#settings = settings
    this.#latest = { version: LATEST, code }
    this.name = name
    this.arn = `arn:aws:lambda:${host.region}:${host.accountId}:function:${name}`
    this.timeoutSeconds = settings.timeoutSeconds
    this.memoryMb = settings.memoryMb
    this.#environments = new Environments({
      ...settings,
      variables: { ...host.env, ...environment },
      onLog: (line) => this.#log(line),
      watched: settings.onLog !== undefined,
    })
  }

  get role(): string | undefined {
    return this.#settings.role
  }

  get environment(): Readonly<Record<string, string>> {
    return { ...this.#settings.environment }
  }

  get stats(): FunctionStats {
    return { ...this.#stats, coldStarts: this.#environments.coldStarts }
  }

  invoke(event: unknown): Promise<unknown> {
    return this.#invoke(this.#latest, this.arn, event)
  }

  publishVersion(): LocalVersion {
    this.#assertRunning()
    const { code } = this.#latest
    const last = [...this.#published.values()].at(-1)
    if (last?.release.code === code) return last.version
    const number = String(this.#published.size + 1)
    const release: Release = { version: number, code }
    const arn = `${this.arn}:${number}`
    const { timeoutSeconds } = this
    const invoke = (event: unknown) => this.#invoke(release, arn, event)
    const version: LocalVersion = { version: number, arn, timeoutSeconds, invoke }
    this.#published.set(number, { version, release })
    return version
  }

  version(version: string): LocalVersion | undefined {
    return this.#published.get(version)?.version
  }

  createAlias(name: string, routing: AliasRouting): LocalAlias {
    this.#assertRunning()
    if (this.#aliases.has(name)) throw localError(`function ${this.name} has an alias ${name} already`)
    const arn = `${this.arn}:${name}`
    const host = {
      functionName: this.name,
      arn,
      timeoutSeconds: this.timeoutSeconds,
      version: (version: string) => this.version(version),
      invoke: async (version: string, event: unknown) =>
        this.#invoke(this.#published.get(version)?.release ?? this.#latest, arn, event),
    }
    const alias = new Alias(name, host, routing)
    this.#aliases.set(name, alias)
    return alias
  }

  alias(name: string): LocalAlias | undefined {
    return this.#aliases.get(name)
  }

  async replaceCode(code: string | FunctionCode): Promise<void> {
    this.#assertRunning()
    this.#deploys += 1
    const { handler, folder } = this.#settings
    const given = typeof code === 'string' ? { file: code } : code
    const made = await deployCode(given, handler, join(folder, String(this.#deploys)))
    const old = this.#latest
    this.#latest = { version: LATEST, code: made }
    this.#environments.retire(old)
  }

  retire(): void {
    for (const { release } of this.#published.values()) this.#environments.retire(release)
    this.#environments.retire(this.#latest)
  }

  kill(): number {
    return this.#environments.kill()
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#end())
  }

  async #end(): Promise<void> {
    await this.#environments.end()
    await rm(this.#settings.folder, { recursive: true, force: true })
  }

  async #invoke(release: Release, arn: string, event: unknown): Promise<unknown> {
    this.#assertRunning()
    const payload = JSON.stringify(event) ?? 'null'
    checkSize(`the event for function ${this.name}`, payload)
    if (this.#inFlight >= this.#settings.maxConcurrency) {
      this.#stats.throttles += 1
      throw new ThrottledError(this.name, this.#settings.maxConcurrency)
    }
    this.#inFlight += 1
    this.#stats.invocations += 1
    try {
      return await this.#run(release, arn, payload)
    } catch (error) {
      this.#stats.errors += 1
      if (error instanceof FunctionError && error.errorType === 'Sandbox.Timedout') this.#stats.timeouts += 1
      throw error
    } finally {
      this.#inFlight -= 1
    }
  }

  async #run(release: Release, arn: string, payload: string): Promise<unknown> {
    const environment = await this.#environments.take(release)
    const started = performance.now()
    try {
      const result = await environment.invoke(payload, arn)
      checkResponse(this.name, result)
      return JSON.parse(result) as unknown
    } finally {
      this.#stats.billedMs += Math.ceil(performance.now() - started)
      this.#environments.giveBack(environment)
    }
  }

  #log(line: string): void {
    this.logs.push(line)
    if (this.logs.length > KEPT_LOG_LINES) this.logs.shift()
    this.#settings.onLog?.(line)
  }

  #assertRunning(): void {
    if (this.#stopped) throw localError(`function ${this.name} was stopped`)
  }
}

/** As Lambda says it: the function has done its work, and nobody gets its result. */
function checkResponse(functionName: string, json: string): void {
  if (Buffer.byteLength(json) <= PAYLOAD_LIMIT_BYTES) return
  throw new FunctionError(functionName, {
    errorType: 'Function.ResponseSizeTooLarge',
    errorMessage: `Response payload size exceeded maximum allowed payload size (${PAYLOAD_LIMIT_BYTES} bytes).`,
  })
}

function checkSize(what: string, json: string): void {
  const bytes = Buffer.byteLength(json)
  if (bytes <= PAYLOAD_LIMIT_BYTES) return
  throw localError(`${what} is ${bytes} bytes of JSON, Lambda allows ${PAYLOAD_LIMIT_BYTES}`)
}

// A Lambda function: its code, its environments and its counts. The only place that decides which environment
// an invocation gets.

import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { localError, messageOf, resourceName, wholeNumber } from '../errors.ts'
import { freshName } from '../resources.ts'
import { deployCode, deployRuntime } from './code.ts'
import type { DeployedCode } from './code.ts'
import { ExecutionEnvironment } from './environment.ts'
import { FunctionError, ThrottledError } from './errors.ts'
import type { FunctionCode, FunctionStats, LocalFunction, LocalFunctionOptions } from './types.ts'

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
}

/** Makes a function. */
export async function createLocalFunction(
  host: FunctionHost,
  options: LocalFunctionOptions,
): Promise<LocalFunction> {
  const name = resourceName('the name of a function', options.name ?? freshName('function'), 64)
  const timeoutSeconds = wholeNumber('timeoutSeconds', options.timeoutSeconds ?? 30, 1, 900, 'seconds')
  const memoryMb = wholeNumber('memoryMb', options.memoryMb ?? 1024, 128, 10_240, 'MB')
  const maxConcurrency = wholeNumber('maxConcurrency', options.maxConcurrency ?? 1000, 0, 100_000)
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
  environment?: Record<string, string>
  onLog?: (line: string) => void
  folder: string
  code: DeployedCode
  bootstrap: string
  host: FunctionHost
}

type Counts = { -readonly [K in keyof FunctionStats]: number }

class ProcessFunction implements LocalFunction {
  readonly name: string
  readonly arn: string
  readonly timeoutSeconds: number
  readonly memoryMb: number
  readonly logs: string[] = []
  readonly #settings: Settings
  readonly #stats: Counts = {
    invocations: 0,
    coldStarts: 0,
    errors: 0,
    timeouts: 0,
    throttles: 0,
    billedMs: 0,
  }
  /** Every process that is not gone, and the code that it loaded. */
  readonly #environments = new Map<ExecutionEnvironment, DeployedCode>()
  #idle: ExecutionEnvironment[] = []
  #inFlight = 0
  #version = 1
  /** Why the present code did not load, where it did not; each said once, not for each message. */
  readonly #initErrors = new Set<string>()
  #code: DeployedCode
  #stopped: Promise<void> | undefined

  constructor(settings: Settings) {
    const { name, host } = settings
    this.#settings = settings
    this.#code = settings.code
    this.name = name
    this.arn = `arn:aws:lambda:${host.region}:${host.accountId}:function:${name}`
    this.timeoutSeconds = settings.timeoutSeconds
    this.memoryMb = settings.memoryMb
  }

  get environment(): Readonly<Record<string, string>> {
    return { ...this.#settings.environment }
  }

  get stats(): FunctionStats {
    return { ...this.#stats }
  }

  async invoke(event: unknown): Promise<unknown> {
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
      return await this.#run(payload)
    } catch (error) {
      this.#stats.errors += 1
      if (error instanceof FunctionError && error.errorType === 'Sandbox.Timedout') this.#stats.timeouts += 1
      throw error
    } finally {
      this.#inFlight -= 1
    }
  }

  async replaceCode(code: string | FunctionCode): Promise<void> {
    this.#assertRunning()
    this.#version += 1
    const { handler, folder } = this.#settings
    const given = typeof code === 'string' ? { file: code } : code
    this.#code = await deployCode(given, handler, join(folder, String(this.#version)))
    this.#initErrors.clear()
    for (const environment of this.#idle) environment.kill()
    this.#idle = []
  }

  kill(): number {
    const environments = [...this.#environments.keys()]
    const busy = environments.filter((environment) => environment.busy).length
    for (const environment of environments) environment.kill()
    this.#idle = []
    return busy
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#end())
  }

  async #end(): Promise<void> {
    this.kill()
    await Promise.all([...this.#environments.keys()].map((environment) => environment.gone))
    await rm(this.#settings.folder, { recursive: true, force: true })
  }

  async #run(payload: string): Promise<unknown> {
    const environment = this.#idle.pop() ?? (await this.#start())
    const started = performance.now()
    try {
      const result = await environment.invoke(payload)
      checkSize(`the result of function ${this.name}`, result)
      return JSON.parse(result) as unknown
    } finally {
      this.#stats.billedMs += Math.ceil(performance.now() - started)
      this.#release(environment)
    }
  }

  async #start(): Promise<ExecutionEnvironment> {
    this.#stats.coldStarts += 1
    const { name, bootstrap, timeoutSeconds, memoryMb } = this.#settings
    const code = this.#code
    const env = this.#variables(code)
    const environment = new ExecutionEnvironment({
      functionName: name,
      arn: this.arn,
      bootstrap,
      code: code.file,
      exportName: code.exportName,
      timeoutSeconds,
      memoryMb,
      env,
      onLog: (line) => this.#log(line),
    })
    this.#environments.set(environment, code)
    void environment.gone.then(() => {
      this.#environments.delete(environment)
      this.#idle = this.#idle.filter((other) => other !== environment)
    })
    try {
      await environment.ready()
      this.#initErrors.clear()
      return environment
    } catch (error) {
      environment.tell(environment.killed || this.#sayOnce(error))
      throw error
    }
  }

  /** Whether this is the first time that the code fails to load in this way. */
  #sayOnce(error: unknown): boolean {
    const said = messageOf(error)
    if (this.#stopped || this.#initErrors.has(said)) return false
    this.#initErrors.add(said)
    const { trace = [] } = error instanceof FunctionError ? error : {}
    const text = `function ${this.name} does not load, so each invocation of it fails: ${said}`
    // Who invokes it may look at nothing, as a queue's messages and schedules do.
    if (!this.#settings.onLog) console.error([text, ...trace.slice(1)].join('\n'))
    return true
  }

  /** Keeps an environment for the next invocation, unless it died or its code was replaced meanwhile. */
  #release(environment: ExecutionEnvironment): void {
    const current = this.#environments.get(environment) === this.#code
    if (environment.alive && current && !this.#stopped) this.#idle.push(environment)
    else environment.kill()
  }

  #variables({ root, handler }: DeployedCode): Record<string, string> {
    const { host, memoryMb, environment } = this.#settings
    return {
      ...host.env,
      ...environment,
      ...(process.env['PATH'] !== undefined && { PATH: process.env['PATH'] }),
      LANG: 'en_US.UTF-8',
      TZ: ':UTC',
      _HANDLER: handler,
      LAMBDA_TASK_ROOT: root,
      AWS_EXECUTION_ENV: `AWS_Lambda_nodejs${process.versions.node.split('.')[0]}.x`,
      AWS_LAMBDA_FUNCTION_NAME: this.name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${this.name}`,
      AWS_LAMBDA_LOG_STREAM_NAME: logStream(),
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

function logStream(): string {
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '/')
  return `${day}/[$LATEST]${randomBytes(16).toString('hex')}`
}

function checkSize(what: string, json: string): void {
  const bytes = Buffer.byteLength(json)
  if (bytes <= PAYLOAD_LIMIT_BYTES) return
  throw localError(`${what} is ${bytes} bytes of JSON, Lambda allows ${PAYLOAD_LIMIT_BYTES}`)
}

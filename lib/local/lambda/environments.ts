// The execution environments of a function: which are there, which are idle, and what they run.

import { randomBytes } from 'node:crypto'
import { messageOf } from '../errors.ts'
import type { DeployedCode } from './code.ts'
import { ExecutionEnvironment } from './environment.ts'
import { FunctionError } from './errors.ts'

/** What environments run: the code of a version, or what `$LATEST` is now. */
export interface Release {
  readonly version: string
  readonly code: DeployedCode
}

export interface EnvironmentsSpec {
  readonly name: string
  readonly bootstrap: string
  readonly timeoutSeconds: number
  readonly memoryMb: number
  /** The function's own variables, and those of the local AWS. */
  readonly variables: Readonly<Record<string, string>>
  readonly onLog: (line: string) => void
  /** Whether somebody sees the lines; else what keeps the code from loading goes to the console. */
  readonly watched: boolean
}

export class Environments {
  coldStarts = 0
  readonly #spec: EnvironmentsSpec
  /** Every process that is not gone, and what it runs. */
  readonly #all = new Map<ExecutionEnvironment, Release>()
  #idle: ExecutionEnvironment[] = []
  readonly #retired = new Set<Release>()
  /** Why code did not load, where it did not; each said once, not for each message. */
  readonly #initErrors = new Set<string>()
  #ended = false

  constructor(spec: EnvironmentsSpec) {
    this.#spec = spec
  }

  /** An idle environment, or a new one, which has loaded its code. */
  async take(release: Release): Promise<ExecutionEnvironment> {
    const found = this.#idle.findLast((environment) => this.#all.get(environment) === release)
    if (!found) return this.#start(release)
    this.#idle = this.#idle.filter((environment) => environment !== found)
    return found
  }

  /** Keeps an environment for the next invocation, unless it died or its code was replaced meanwhile. */
  giveBack(environment: ExecutionEnvironment): void {
    const release = this.#all.get(environment)
    const current = release && !this.#retired.has(release)
    if (environment.alive && current && !this.#ended) this.#idle.push(environment)
    else environment.kill()
  }

  /** Nothing new begins with this; what is at work ends. */
  retire(release: Release): void {
    this.#retired.add(release)
    this.#initErrors.clear()
    const ofIt = this.#idle.filter((environment) => this.#all.get(environment) === release)
    this.#idle = this.#idle.filter((environment) => !ofIt.includes(environment))
    for (const environment of ofIt) environment.kill()
  }

  /** Kills all at once, and tells how many were busy. */
  kill(): number {
    const environments = [...this.#all.keys()]
    const busy = environments.filter((environment) => environment.busy).length
    for (const environment of environments) environment.kill()
    this.#idle = []
    return busy
  }

  async end(): Promise<void> {
    this.#ended = true
    this.kill()
    await Promise.all([...this.#all.keys()].map((environment) => environment.gone))
  }

  async #start(release: Release): Promise<ExecutionEnvironment> {
    this.coldStarts += 1
    const { name, bootstrap, timeoutSeconds, memoryMb, onLog } = this.#spec
    const environment = new ExecutionEnvironment({
      functionName: name,
      bootstrap,
      code: release.code.file,
      exportName: release.code.exportName,
      timeoutSeconds,
      memoryMb,
      env: this.#variables(release),
      onLog,
    })
    this.#all.set(environment, release)
    void environment.gone.then(() => {
      this.#all.delete(environment)
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
    if (this.#ended || this.#initErrors.has(said)) return false
    this.#initErrors.add(said)
    const { trace = [] } = error instanceof FunctionError ? error : {}
    const text = `function ${this.#spec.name} does not load, so each invocation of it fails: ${said}`
    // Who invokes it may look at nothing, as a queue's messages and schedules do.
    if (!this.#spec.watched) console.error([text, ...trace.slice(1)].join('\n'))
    return true
  }

  #variables({ version, code: { root, handler } }: Release): Record<string, string> {
    const { name, memoryMb, variables } = this.#spec
    return {
      ...variables,
      ...(process.env['PATH'] !== undefined && { PATH: process.env['PATH'] }),
      LANG: 'en_US.UTF-8',
      TZ: ':UTC',
      _HANDLER: handler,
      LAMBDA_TASK_ROOT: root,
      AWS_EXECUTION_ENV: `AWS_Lambda_nodejs${process.versions.node.split('.')[0]}.x`,
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
      AWS_LAMBDA_FUNCTION_VERSION: version,
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
      AWS_LAMBDA_LOG_STREAM_NAME: logStream(version),
    }
  }
}

function logStream(version: string): string {
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '/')
  return `${day}/[${version}]${randomBytes(16).toString('hex')}`
}

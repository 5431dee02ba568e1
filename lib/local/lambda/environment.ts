// One execution environment: a child process that handles one invocation at a time. Knows nothing of pools.

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline'
import type { ChildMessage, InvokeMessage } from './bootstrap.ts'
import { FunctionError } from './errors.ts'
import type { FunctionErrorPayload } from './errors.ts'

/** Lambda gives the init phase 10 seconds. */
const INIT_TIMEOUT_MS = 10_000

/** What an environment needs to start. */
export interface EnvironmentSpec {
  readonly functionName: string
  readonly bootstrap: string
  readonly code: string
  readonly exportName: string
  readonly timeoutSeconds: number
  readonly memoryMb: number
  readonly env: Record<string, string>
  readonly onLog: (line: string) => void
}

interface Waiting {
  resolve(payload: string): void
  reject(error: FunctionError): void
}

/**
 * starting -> ready -> busy -> ready ... -> dead
 *
 * It dies by `kill`, by a timeout, or by itself (a crash, an error while loading). Whoever waits for it then
 * gets the error. After an error that the handler threw it lives on, as on Lambda.
 */
export class ExecutionEnvironment {
  /** Settles when the process is gone. */
  readonly gone: Promise<void>
  readonly #spec: EnvironmentSpec
  readonly #child: ChildProcess
  #ready: Waiting | undefined
  #invocation: (Waiting & { id: string }) | undefined
  #alive = true
  #killed = false
  /** Lines of a process that has not loaded its code: whoever started it decides whether they are told. */
  #held: string[] | undefined = []
  #told = true

  constructor(spec: EnvironmentSpec) {
    this.#spec = spec
    this.#child = fork(spec.bootstrap, [spec.code, spec.exportName], {
      // Ctrl-C is for whoever runs the local AWS, which ends what is at work in its own time.
      detached: true,
      // Only these variables and flags: what is missing here is missing on AWS too.
      env: spec.env,
      execArgv: [`--max-old-space-size=${spec.memoryMb}`],
      serialization: 'json',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.gone = new Promise((resolve) => this.#child.once('exit', () => resolve()))
    this.#child.on('message', (message) => this.#receive(message as ChildMessage))
    this.#child.once('exit', (code, signal) => this.#died(exitReason(code, signal)))
    this.#child.once('error', (error) => this.#died(error.message))
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#print(line))
    }
  }

  get alive(): boolean {
    return this.#alive
  }

  get busy(): boolean {
    return this.#invocation !== undefined
  }

  /** Waits until the code is loaded. */
  async ready(): Promise<void> {
    const timer = setTimeout(() => {
      this.#fail({ errorType: 'Sandbox.Timedout', errorMessage: 'Init phase timed out after 10.00 seconds' })
      this.#end()
    }, INIT_TIMEOUT_MS)
    try {
      await new Promise<string>((resolve, reject) => {
        this.#ready = { resolve, reject }
      })
      this.tell(true)
    } finally {
      this.#ready = undefined
      clearTimeout(timer)
    }
  }

  /** Whether the lines so far, and those that come, go to the log. Called once, when the code is loaded or has failed. */
  tell(told: boolean): void {
    const held = this.#held ?? []
    this.#held = undefined
    this.#told = told
    for (const line of held) this.#print(line)
  }

  /** Runs the handler and gives its result as JSON. `arn` is what was invoked: the function, a version, an alias. */
  async invoke(payload: string, arn: string): Promise<string> {
    const id = randomUUID()
    const timeoutMs = this.#spec.timeoutSeconds * 1000
    const deadline = Date.now() + timeoutMs
    const timer = setTimeout(() => {
      const seconds = this.#spec.timeoutSeconds.toFixed(2)
      const errorMessage = `RequestId: ${id} Error: Task timed out after ${seconds} seconds`
      this.#fail({ errorType: 'Sandbox.Timedout', errorMessage })
      this.kill()
    }, timeoutMs)
    try {
      return await new Promise<string>((resolve, reject) => {
        this.#invocation = { id, resolve, reject }
        const message: InvokeMessage = { type: 'invoke', id, payload, deadline, arn }
        this.#child.send(message, (error) => error && this.#unreachable(error))
      })
    } finally {
      this.#invocation = undefined
      clearTimeout(timer)
    }
  }

  /** Whether it was ended from outside. */
  get killed(): boolean {
    return this.#killed
  }

  kill(): void {
    this.#killed = true
    this.#end()
  }

  #end(): void {
    this.#alive = false
    this.#child.kill('SIGKILL')
  }

  #print(line: string): void {
    if (this.#held) this.#held.push(line)
    else if (this.#told) this.#spec.onLog(line)
  }

  #receive(message: ChildMessage): void {
    if (message.type === 'ready') this.#ready?.resolve('')
    else if (message.type === 'result') {
      if (message.id === this.#invocation?.id) this.#invocation.resolve(message.payload)
    } else {
      if (message.fatal) this.#alive = false
      this.#fail(message.error)
    }
  }

  /** Tells whoever waits. Nobody may: an error between two invocations is in the log only, as on Lambda. */
  #fail(payload: FunctionErrorPayload): void {
    const error = new FunctionError(this.#spec.functionName, payload)
    this.#ready?.reject(error)
    this.#invocation?.reject(error)
  }

  /** One that was just ended says so itself, by its exit. */
  #unreachable({ message }: Error): void {
    const { exitCode, signalCode } = this.#child
    const isEnding = this.#killed && exitCode === null && signalCode === null
    if (!isEnding) this.#died(message)
  }

  #died(reason: string): void {
    this.#alive = false
    const request = this.#invocation ? `RequestId: ${this.#invocation.id} ` : ''
    this.#fail({ errorType: 'Runtime.ExitError', errorMessage: `${request}Error: ${reason}` })
  }
}

/** Lambda's words. */
function exitReason(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === 'SIGKILL') return 'Runtime exited with error: signal: killed'
  if (signal !== null) return `Runtime exited with error: signal: ${signal}`
  return code === 0
    ? 'Runtime exited without providing a reason'
    : `Runtime exited with error: exit status ${code}`
}

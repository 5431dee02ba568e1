/** What functions print: for people a line each, coloured by function, and in a file for `flowcraft-aws logs`. */
import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { once } from 'node:events'
import type { Colors, Io } from '../io.ts'

/** A file of this size makes way for a new one at the next start. */
const LARGEST_FILE_BYTES = 50_000_000

const PALETTE = ['cyan', 'magenta', 'blue', 'yellow', 'green'] as const satisfies readonly (keyof Colors)[]

const LEVEL_COLORS: Readonly<Record<string, keyof Colors>> = { ERROR: 'red', CRITICAL: 'red', WARN: 'yellow' }

/** Of what is in a line of the kit's logger these are shown apart, or not at all. */
const NOT_SHOWN = new Set([
  'level',
  'message',
  'timestamp',
  'service',
  'sampling_rate',
  'cold_start',
  'function_arn',
  'function_memory_size',
  'function_name',
  'function_request_id',
  'xray_trace_id',
])

/** The engine's own word at each start of a worker. */
const NOISE = /^\[Adapter\] BaseDistributedAdapter initialized\.$/

export class LogLines {
  readonly #io: Io
  readonly #colors: Colors
  readonly #file: WriteStream
  readonly #colorOf = new Map<string, (typeof PALETTE)[number]>()

  private constructor(io: Io, colors: Colors, file: WriteStream) {
    this.#io = io
    this.#colors = colors
    this.#file = file
  }

  static async open(file: string, io: Io, colors: Colors): Promise<LogLines> {
    await mkdir(dirname(file), { recursive: true })
    const size = await stat(file).then(
      (found) => found.size,
      () => 0,
    )
    if (size > LARGEST_FILE_BYTES) await rename(file, `${file}.old`)
    return new LogLines(io, colors, createWriteStream(file, { flags: 'a' }))
  }

  /** @param functionName - as AWS knows it, for the file; `logicalId` is for people */
  take(line: string, logicalId: string, functionName: string): void {
    this.#file.write(`${JSON.stringify({ time: new Date().toISOString(), function: functionName, line })}\n`)
    const text = this.#textOf(line)
    if (text !== undefined) this.#io.out(`${this.#nameOf(logicalId)} ${text}`)
  }

  async close(): Promise<void> {
    this.#file.end()
    await once(this.#file, 'close')
  }

  #nameOf(logicalId: string): string {
    let color = this.#colorOf.get(logicalId)
    if (!color) this.#colorOf.set(logicalId, (color = PALETTE[this.#colorOf.size % PALETTE.length] ?? 'cyan'))
    return this.#colors[color](`${logicalId.padEnd(20)} |`)
  }

  /** Undefined for metrics, which are for CloudWatch. What is no line of the kit's logger stays as it is. */
  #textOf(line: string): string | undefined {
    const fields = recordOf(line)
    if (!fields) return NOISE.test(line) ? undefined : line
    if ('_aws' in fields || isIdle(fields)) return undefined
    const { level, message } = fields
    if (typeof message !== 'string') return line
    if (NOISE.test(message)) return undefined
    const shown = Object.entries(fields).flatMap(([name, value]) =>
      NOT_SHOWN.has(name) || value === undefined ? [] : [`${name}=${textOf(value)}`],
    )
    const color = LEVEL_COLORS[String(level)]
    const said = color ? this.#colors[color as 'red'](message) : message
    return [said, this.#colors.dim(shown.join(' '))].join(' ').trimEnd()
  }
}

/** A sweep that found nothing to do, each minute. */
function isIdle({ message, runs, jobs, released, returned, deadLetters }: Record<string, unknown>): boolean {
  return message === 'swept' && [runs, jobs, released, returned, deadLetters].every((count) => count === 0)
}

function recordOf(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

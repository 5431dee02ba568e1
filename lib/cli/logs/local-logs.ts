/** Lines of a run from the file that the dev server of this project writes. */
import { open } from 'node:fs/promises'
import * as v from 'valibot'
import { propertyOf } from '../../core/common/thrown.ts'
import { isOfRun, type LogLine, type LogSource } from './log-line.ts'

export interface LocalLogsOptions {
  readonly file: string
  readonly functions: readonly string[]
  readonly runId: string
  /** Milliseconds since the epoch. */
  readonly since: number
}

const entry = v.object({ time: v.string(), function: v.string(), line: v.string() })

export class LocalLogs implements LogSource {
  readonly #options: LocalLogsOptions
  /** Where the first line stands that was not read. */
  #at = 0

  constructor(options: LocalLogsOptions) {
    this.#options = options
  }

  async next(): Promise<readonly LogLine[]> {
    const { functions, runId, since } = this.#options
    const names = new Set(functions)
    const text = await this.#unread()
    return text.split('\n').flatMap((line): LogLine[] => {
      const found = entryOf(line)
      const time = Date.parse(found?.time ?? '')
      const isWanted = found && time >= since && names.has(found.function) && isOfRun(found.line, runId)
      return isWanted ? [{ time, line: found.line }] : []
    })
  }

  /** Whole lines only: the last one may be just being written. */
  async #unread(): Promise<string> {
    let file
    try {
      file = await open(this.#options.file)
    } catch (error) {
      // Nothing has been logged yet.
      if (propertyOf(error, 'code') === 'ENOENT') return ''
      throw error
    }
    try {
      const { size } = await file.stat()
      // Begun anew, as by a dev server that started afresh.
      if (size < this.#at) this.#at = 0
      const bytes = Buffer.alloc(size - this.#at)
      const { bytesRead } = await file.read(bytes, 0, bytes.length, this.#at)
      const end = bytes.subarray(0, bytesRead).lastIndexOf('\n') + 1
      this.#at += end
      return bytes.toString('utf8', 0, end)
    } finally {
      await file.close()
    }
  }
}

function entryOf(line: string): v.InferOutput<typeof entry> | undefined {
  try {
    const found = v.safeParse(entry, JSON.parse(line) as unknown)
    return found.success ? found.output : undefined
  } catch {
    return undefined
  }
}

/** Progress lines, and assertions that say what was expected and got. */
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect, isDeepStrictEqual } from 'node:util'
import pc from 'picocolors'

/** A step that failed: its name, with what went wrong as its cause. */
export class StepFailure extends Error {
  readonly step: string

  constructor(step: string, cause: unknown) {
    super(`${step}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.name = 'StepFailure'
    this.step = step
  }
}

export class Steps {
  readonly #prints: boolean
  readonly done: { name: string; ms: number }[] = []

  constructor({ prints = true }: { prints?: boolean } = {}) {
    this.#prints = prints
  }

  /**
   * Runs one step; `work` may give a remark for its line.
   * @throws StepFailure
   */
  async run(name: string, work: () => Promise<string | void>): Promise<void> {
    const start = performance.now()
    try {
      const remark = await work()
      const ms = performance.now() - start
      this.done.push({ name, ms })
      this.#print(
        `  ${pc.green('✔')} ${name.padEnd(64)} ${seconds(ms)}${remark ? pc.dim(`  ${remark}`) : ''}`,
      )
    } catch (error) {
      this.#print(`  ${pc.red('✘')} ${name.padEnd(64)} ${seconds(performance.now() - start)}`)
      throw new StepFailure(name, error)
    }
  }

  #print(line: string): void {
    if (this.#prints) console.log(line)
  }
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`.padStart(7)
}

/** @throws Error that says what was expected and got */
export function expectEqual(what: string, got: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(got, expected)) {
    throw new Error(`${what}: expected ${show(expected)}, got ${show(got)}`)
  }
}

/** @throws Error that says what was expected and got */
export function expectThat(what: string, holds: boolean, got: unknown): void {
  if (!holds) throw new Error(`expected ${what}, got ${show(got)}`)
}

/**
 * Looks again and again until there is something.
 * @throws Error with what was seen last, which `look` puts into `seen`
 */
export async function eventually<Value>(
  what: string,
  look: (seen: (value: unknown) => void) => Promise<Value | undefined>,
  timeoutMs: number,
): Promise<Value> {
  const end = Date.now() + timeoutMs
  let last: unknown
  for (;;) {
    const value = await look((seen) => (last = seen))
    if (value !== undefined) return value
    if (Date.now() > end) throw new Error(`expected ${what} within ${timeoutMs / 1000} s, got ${show(last)}`)
    await sleep(250)
  }
}

function show(value: unknown): string {
  return inspect(value, { depth: 4, breakLength: Infinity, maxStringLength: 500 })
}

/**
 * Works on messages side by side, as AWS does. Each holds at its commits until all the others have come to theirs or
 * to their end; then they go on one by one, in an order that does not depend on how long a node takes. So messages that
 * are visible together see the same state of their run, and a test ends the same each time.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunStore } from '../core/store/run-store.ts'
import type { MemoryMessage } from './memory-queue.ts'

/**
 * A node that takes longer than this, in milliseconds of real time, while others hold at their commits is not waited
 * for: it may wait for what one of them does.
 */
const PATIENCE_MS = 1_000

/** A message that is being worked on. */
interface Work {
  readonly message: MemoryMessage
  /** Lets it commit; undefined unless it holds at a commit. */
  pass: (() => void) | undefined
  /** Called when the commit that it was let to make is made. */
  passed: (() => void) | undefined
  /** The others wait for it no longer, until it comes to its next commit. */
  slow: boolean
}

export class SideBySide {
  readonly #store: RunStore
  readonly #process: (message: MemoryMessage, store: RunStore) => Promise<void>
  /** In the order in which they were received. */
  readonly #works = new Set<Work>()
  #change = signal()
  #error: { readonly thrown: unknown } | undefined

  constructor(store: RunStore, process: (message: MemoryMessage, store: RunStore) => Promise<void>) {
    this.#store = store
    this.#process = process
  }

  get size(): number {
    return this.#works.size
  }

  /** Begins to work on a message. */
  begin(message: MemoryMessage): void {
    const work: Work = { message, pass: undefined, passed: undefined, slow: false }
    this.#works.add(work)
    const end = () => {
      this.#works.delete(work)
      this.#changed()
    }
    this.#process(message, this.#gated(work)).then(end, (thrown: unknown) => {
      this.#error ??= { thrown }
      end()
    })
  }

  /** Those that hold at a commit, each as what lets it make it. */
  holding(): (() => Promise<void>)[] {
    return [...this.#works].filter(({ pass }) => pass).map((work) => () => this.#let(work))
  }

  /**
   * Waits until each message has come to a commit or to its end.
   * @throws what working on a message has thrown
   */
  async quiet(): Promise<void> {
    const giveUp = new AbortController()
    let patience: Promise<'over'> | undefined
    try {
      while (!this.#isQuiet()) {
        const holds = [...this.#works].some(({ pass }) => pass)
        if (holds) patience ??= sleep(PATIENCE_MS, 'over' as const, { signal: giveUp.signal })
        const what = await Promise.race([this.#change.given, ...(holds && patience ? [patience] : [])])
        if (what !== 'over') continue
        for (const work of this.#works) work.slow ||= !work.pass
      }
    } finally {
      patience?.catch(() => {})
      giveUp.abort()
    }
    if (this.#error) throw this.#error.thrown
  }

  #isQuiet(): boolean {
    if (this.#error) return true
    const busy = [...this.#works].filter(({ pass }) => !pass)
    return busy.length === 0 || (busy.length < this.#works.size && busy.every(({ slow }) => slow))
  }

  async #let(work: Work): Promise<void> {
    const { pass } = work
    await new Promise<void>((passed) => {
      Object.assign(work, { pass: undefined, passed })
      pass?.()
    })
  }

  /** The store, whose commits wait to be let. */
  #gated(work: Work): RunStore {
    const commit: RunStore['commit'] = async (...change) => {
      await new Promise<void>((resolve) => {
        Object.assign(work, { pass: resolve, slow: false })
        this.#changed()
      })
      try {
        return await this.#store.commit(...change)
      } finally {
        work.passed?.()
      }
    }
    return new Proxy(this.#store, {
      get(store, name) {
        if (name === 'commit') return commit
        const member: unknown = Reflect.get(store, name)
        return typeof member === 'function' ? (member.bind(store) as unknown) : member
      },
    })
  }

  #changed(): void {
    this.#change.give()
    this.#change = signal()
  }
}

function signal(): { given: Promise<void>; give: () => void } {
  let give: (() => void) | undefined
  const given = new Promise<void>((resolve) => (give = resolve))
  return { given, give: () => give?.() }
}

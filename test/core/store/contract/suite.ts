/**
 * `describe` and `it` of the contract: vitest's own, or, within `casesOf`, what collects the tests to be called by another
 * one, which expects that some of them fail (`store-mutants.ts`).
 */
import * as vitest from 'vitest'

export interface ContractCase {
  readonly name: string
  run(): Promise<void> | void
}

let collected: ContractCase[] | undefined
let path: readonly string[] = []

export function describe(name: string, define: () => void): void {
  if (!collected) {
    vitest.describe(name, define)
    return
  }
  const before = path
  path = [...before, name]
  define()
  path = before
}

export function it(name: string, run: () => Promise<void> | void): void {
  if (collected) collected.push({ name: [...path, name].join(' '), run })
  else vitest.it(name, run)
}

/** The tests that this would define. */
export function casesOf(define: () => void): readonly ContractCase[] {
  const cases: ContractCase[] = []
  collected = cases
  try {
    define()
  } finally {
    collected = undefined
  }
  return cases
}

// All functions of a local AWS, by the names that AWS knows them by.

import type { LocalFunction } from './types.ts'

/** Of two with the same name the later one is found, as after a new deployment. */
export class FunctionRegistry {
  readonly #functions: LocalFunction[] = []

  get all(): readonly LocalFunction[] {
    return this.#functions
  }

  add(fn: LocalFunction): void {
    this.#functions.push(fn)
  }

  /** By name, `name:alias`, `account:function:name` or ARN; there is one version of each. */
  find(nameOrArn: string): LocalFunction | undefined {
    const parts = nameOrArn.split(':')
    const name = parts[parts.indexOf('function') + 1] ?? nameOrArn
    return this.#functions.findLast((fn) => fn.name === name)
  }
}

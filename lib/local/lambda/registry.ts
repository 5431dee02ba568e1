// All functions of a local AWS, by the names that AWS knows them by.

import type { Invocable, LocalFunction, ManagedFunction } from './types.ts'

/** Of two with the same name the later one is found, as after a new deployment. */
export class FunctionRegistry {
  readonly #functions: ManagedFunction[] = []

  get all(): readonly LocalFunction[] {
    return this.#functions
  }

  add(fn: ManagedFunction): void {
    this.#functions.findLast(({ name }) => name === fn.name)?.retire()
    this.#functions.push(fn)
  }

  /** By name, `name:alias`, `account:function:name` or ARN: the function of a version or an alias too. */
  find(nameOrArn: string): LocalFunction | undefined {
    const [name] = partsOf(nameOrArn)
    return this.#functions.findLast((fn) => fn.name === name)
  }

  /** What that names: the function, one of its versions, or one of its aliases. */
  findInvocable(nameOrArn: string, ownQualifier?: string): Invocable | undefined {
    const fn = this.find(nameOrArn)
    const qualifier = ownQualifier ?? partsOf(nameOrArn)[1]
    if (qualifier === undefined || qualifier === '$LATEST') return fn
    return fn?.version(qualifier) ?? fn?.alias(qualifier)
  }
}

function partsOf(nameOrArn: string): [name: string, qualifier: string | undefined] {
  const parts = nameOrArn.split(':')
  const at = parts.indexOf('function') + 1
  return [parts[at] ?? nameOrArn, parts[at + 1]]
}

// An alias: which version of its function an invocation goes to.

import { localError } from '../errors.ts'
import type { AliasRouting, LocalAlias, LocalVersion } from './types.ts'

/** https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html */
const NAME = /^(?!\d+$)[\w-]{1,128}$/

export interface AliasHost {
  readonly functionName: string
  readonly arn: string
  readonly timeoutSeconds: number
  version(version: string): LocalVersion | undefined
  invoke(version: string, event: unknown): Promise<unknown>
}

export class Alias implements LocalAlias {
  readonly name: string
  readonly arn: string
  readonly timeoutSeconds: number
  readonly #host: AliasHost
  #routing: AliasRouting

  constructor(name: string, host: AliasHost, routing: AliasRouting) {
    if (!NAME.test(name)) {
      throw localError(
        `the name of an alias must be 1 to 128 letters, digits, '_' and '-', not digits alone; got ${name}`,
      )
    }
    this.name = name
    this.arn = host.arn
    this.timeoutSeconds = host.timeoutSeconds
    this.#host = host
    this.#routing = this.#checked(routing)
  }

  get routing(): AliasRouting {
    return this.#routing
  }

  update(routing: AliasRouting): void {
    this.#routing = this.#checked(routing)
  }

  async invoke(event: unknown): Promise<unknown> {
    return this.#host.invoke(this.#choose(), event)
  }

  /** By chance for each invocation, as Lambda does. https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html */
  #choose(): string {
    const { version, additionalVersionWeights = {} } = this.#routing
    let chance = Math.random()
    for (const [other, weight] of Object.entries(additionalVersionWeights)) {
      if (chance < weight) return other
      chance -= weight
    }
    return version
  }

  #checked({ version, additionalVersionWeights = {} }: AliasRouting): AliasRouting {
    const others = Object.entries(additionalVersionWeights)
    for (const name of [version, ...others.map(([other]) => other)]) {
      if (this.#host.version(name)) continue
      throw localError(`function ${this.#host.functionName} has no version ${name}: publish it first`)
    }
    if (others.length > 1) throw localError(`an alias goes to two versions at most; got ${others.length + 1}`)
    for (const [other, weight] of others) {
      if (weight >= 0 && weight <= 1) continue
      throw localError(`the weight of version ${other} must be from 0 to 1; got ${weight}`)
    }
    return { version, additionalVersionWeights }
  }
}

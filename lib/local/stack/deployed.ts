// What the stacks that run here give to others: outputs by stack, exports by name. Makes nothing.

import { localError } from '../errors.ts'
import { type AppStack, keyOf } from './assembly.ts'
import type { LocalStack } from './types.ts'

interface Export {
  readonly stackName: string
  readonly value: string
}

export class DeployedStacks {
  readonly #stacks = new Map<string, LocalStack>()
  readonly #outputs = new Map<string, Readonly<Record<string, string>>>()
  readonly #exports = new Map<string, Export>()
  readonly #deployments = new Map<string, object>()

  /** A stack of this very app that runs here. */
  find(stack: AppStack): LocalStack | undefined {
    return this.#stacks.get(keyOf(stack))
  }

  /** What made the stack that runs by this name, for the next update. */
  deploymentOf(stackName: string): object | undefined {
    return this.#deployments.get(stackName)
  }

  add(stack: AppStack, made: LocalStack, exported: ReadonlyMap<string, string>, deployment: object): void {
    this.#deployments.set(made.stackName, deployment)
    const { stackName } = made
    this.#stacks.set(keyOf(stack), made)
    this.#outputs.set(stackName, made.outputs)
    for (const [name, value] of exported) {
      const there = this.#exports.get(name)
      // As AWS says it. A stack that is deployed once more is another copy here, and has the name from then on.
      if (there && there.stackName !== stackName) {
        throw localError(`Export with name ${name} is already exported by stack ${there.stackName}`)
      }
      this.#exports.set(name, { stackName, value })
    }
  }

  imported(name: string): string {
    const found = this.#exports.get(name)
    if (found) return found.value
    const all = [...this.#exports.keys()].join(', ') || 'nothing'
    throw localError(
      `no stack here exports ${name}: deploy the stack that does to this local AWS first; exported is ${all}`,
    )
  }

  output(stackName: string, outputName: string): string {
    const outputs = this.#outputs.get(stackName)
    if (!outputs) {
      const all = [...this.#outputs.keys()].join(', ') || 'none'
      throw localError(`no stack ${stackName} runs here: deploy it to this local AWS first; there is ${all}`)
    }
    const value = outputs[outputName]
    if (value !== undefined) return value
    const all = Object.keys(outputs).join(', ') || 'none'
    throw localError(`stack ${stackName} has no output ${outputName}; it has ${all}`)
  }
}

// Makes a stack: each resource when something first needs it, and what sets functions going last.

import { randomBytes } from 'node:crypto'
import { LocalAwsError, messageOf } from '../errors.ts'
import type { LocalFunction } from '../lambda/types.ts'
import { readAssembly } from './assembly.ts'
import type { Assembly } from './assembly.ts'
import { resolve } from './intrinsics.ts'
import type { Names } from './intrinsics.ts'
import type { Kind, Making, StackHost } from './kind.ts'
import { checkResources, kindOf } from './kinds.ts'
import type { TemplateResource } from './template.ts'
import type { DeployOptions, LocalResource, LocalStack } from './types.ts'

/** Deploys a stack of a cloud assembly. */
export async function deployStack(host: StackHost, options: DeployOptions): Promise<LocalStack> {
  const assembly = await readAssembly(options.assembly, options.stackName)
  checkResources(assembly.stackName, assembly.template, options.ignore ?? [])
  const deployment = new Deployment(host, assembly, options)
  await deployment.makeAll()
  return stackOf(host, assembly.stackName, deployment.made, await deployment.outputs())
}

class Deployment implements Names {
  /** In the order in which they were made. */
  readonly made: Record<string, LocalResource> = {}
  /** What is being made now, each since the one before needs it. */
  readonly #making: string[] = []
  readonly #host: StackHost
  readonly #assembly: Assembly
  readonly #options: DeployOptions

  constructor(host: StackHost, assembly: Assembly, options: DeployOptions) {
    this.#host = host
    this.#assembly = assembly
    this.#options = options
  }

  async makeAll(): Promise<void> {
    const all = Object.entries(this.#assembly.template.Resources ?? {})
    for (const starting of [false, true]) {
      for (const [logicalId, resource] of all) {
        const kind = this.#kindOf(logicalId, resource)
        if (!kind || (kind.starts ?? false) !== starting) continue
        if (await this.#exists(resource)) await this.#get(logicalId)
      }
    }
  }

  async outputs(): Promise<Record<string, string>> {
    const outputs: Record<string, string> = {}
    for (const [name, output] of Object.entries(this.#assembly.template.Outputs ?? {})) {
      if (await this.#exists(output)) outputs[name] = String(await resolve(output.Value, this))
    }
    return outputs
  }

  async ref(name: string): Promise<unknown> {
    const { region, accountId } = this.#host.aws
    const { stackName, template } = this.#assembly
    const stackId = `arn:aws:cloudformation:${region}:${accountId}:stack/${stackName}/local`
    const pseudo: Readonly<Record<string, string | undefined>> = {
      'AWS::AccountId': accountId,
      'AWS::NoValue': undefined,
      'AWS::Partition': 'aws',
      'AWS::Region': region,
      'AWS::StackId': stackId,
      'AWS::StackName': stackName,
      'AWS::URLSuffix': 'amazonaws.com',
    }
    if (name in pseudo) return pseudo[name]
    const parameter = template.Parameters?.[name]
    if (!parameter) return (await this.#get(name)).ref
    const value = this.#options.parameters?.[name] ?? parameter.Default
    if (value !== undefined) return value
    throw new LocalAwsError(`parameter ${name} has no default and is not given in parameters`)
  }

  async attribute(logicalId: string, attribute: string): Promise<string> {
    const { attributes, type } = await this.#get(logicalId)
    const value = attributes[attribute]
    if (value !== undefined) return value
    // What is left out has every attribute, and none that leads anywhere.
    if (!(logicalId in this.made)) return `arn:aws:local:::${logicalId}.${attribute}`
    const known = Object.keys(attributes).join(', ')
    throw new LocalAwsError(`${logicalId}, an ${type}, has no ${attribute} here, only ${known}`)
  }

  async condition(name: string): Promise<boolean> {
    const condition = this.#assembly.template.Conditions?.[name]
    if (condition === undefined) throw new LocalAwsError(`the template has no condition ${name}`)
    return Boolean(await resolve(condition, this))
  }

  /** Makes a resource unless it is there. */
  async #get(logicalId: string): Promise<LocalResource> {
    const found = this.made[logicalId]
    if (found) return found
    const resource = this.#assembly.template.Resources?.[logicalId]
    if (!resource) throw new LocalAwsError(`the template has neither a resource nor a parameter ${logicalId}`)
    const kind = this.#kindOf(logicalId, resource)
    if (!kind) return { type: resource.Type, ref: logicalId, attributes: {} }
    if (this.#making.includes(logicalId)) {
      throw new LocalAwsError(`resources need each other: ${[...this.#making, logicalId].join(' -> ')}`)
    }
    return this.#make(logicalId, resource, kind)
  }

  async #make(logicalId: string, { Type: type, Properties = {} }: TemplateResource, kind: Kind) {
    this.#making.push(logicalId)
    const { onLog } = this.#options
    const making: Making = {
      ...this.#host,
      logicalId,
      assets: this.#assembly.assets,
      ...(onLog && { onLog: (line) => onLog(line, logicalId) }),
      property: (name) => resolve(Properties[name], this),
      name: (length) => nameOf(this.#assembly.stackName, logicalId, length),
    }
    try {
      const { ref, attributes = {} } = await kind.make(making)
      return (this.made[logicalId] = { type, ref, attributes })
    } catch (error) {
      throw new LocalAwsError(`cannot make ${logicalId}, an ${type}: ${messageOf(error)}`, { cause: error })
    } finally {
      this.#making.pop()
    }
  }

  async #exists({ Condition }: { readonly Condition?: string }): Promise<boolean> {
    return Condition === undefined || this.condition(Condition)
  }

  #kindOf(logicalId: string, resource: TemplateResource): Kind | undefined {
    return kindOf(logicalId, resource, this.#options.ignore ?? [])
  }
}

/** As CloudFormation makes names: stack, logical id and chance. */
function nameOf(stackName: string, logicalId: string, length: number): string {
  const chance = randomBytes(6).toString('hex')
  const readable = `${stackName}-${logicalId}`.slice(0, length - chance.length - 1)
  return `${readable}-${chance}`
}

function stackOf(
  { findFunction }: StackHost,
  stackName: string,
  resources: Readonly<Record<string, LocalResource>>,
  outputs: Readonly<Record<string, string>>,
): LocalStack {
  return {
    stackName,
    outputs,
    resources,
    function(name): LocalFunction {
      const fn = findFunction(resources[name]?.ref ?? outputs[name] ?? name)
      if (fn) return fn
      const all = Object.keys(resources).filter((id) => resources[id]?.type === 'AWS::Lambda::Function')
      throw new LocalAwsError(
        `stack ${stackName} has no function ${name}; it has ${all.join(', ') || 'none'}, by logical id`,
      )
    },
    output(name): string {
      const value = outputs[name]
      if (value !== undefined) return value
      const all = Object.keys(outputs).join(', ') || 'none'
      throw new LocalAwsError(`stack ${stackName} has no output ${name}; it has ${all}`)
    },
  }
}

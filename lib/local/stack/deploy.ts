// Makes a stack: each resource when something first needs it, and what sets functions going last.

import { randomBytes } from 'node:crypto'
import type { LocalConnection } from '../connection.ts'
import { localError, messageOf } from '../errors.ts'
import type { LocalFunction } from '../lambda/types.ts'
import { chooseStack, inOrder, readApp, readStack, readTemplate } from './assembly.ts'
import type { AppStack, Assembly } from './assembly.ts'
import { connectionOf } from './connection.ts'
import { resolve } from './intrinsics.ts'
import type { Names } from './intrinsics.ts'
import type { Kind, Making, StackHost } from './kind.ts'
import { checkResources, kindOf } from './kinds.ts'
import type { TemplateResource } from './template.ts'
import type { DeployOptions, LocalResource, LocalStack } from './types.ts'

/** Deploys a stack of a cloud assembly, and before it those that it needs and that do not run here yet. */
export async function deployStack(host: StackHost, options: DeployOptions): Promise<LocalStack> {
  const wanted = chooseStack(await readApp(options.assembly), options.stackName)
  for (const stack of inOrder(wanted.needs)) {
    if (!host.deployed.find(stack)) await deployOne(host, stack, options)
  }
  return deployOne(host, wanted, options)
}

/** Deploys all stacks of a cloud assembly, each after those that it needs. */
export async function deployAll(
  host: StackHost,
  options: Omit<DeployOptions, 'stackName'>,
): Promise<Record<string, LocalStack>> {
  const all = await readApp(options.assembly)
  for (const { stackName } of all) {
    const named = all.filter((other) => other.stackName === stackName)
    if (named.length === 1) continue
    const paths = named.map(({ path }) => path).join(', ')
    throw localError(
      `${named.length} stacks are called ${stackName} (${paths}): deploy each by its path, to a local AWS of its own`,
    )
  }
  const stacks: Record<string, LocalStack> = {}
  for (const stack of all) stacks[stack.stackName] = await deployOne(host, stack, options)
  return stacks
}

async function deployOne(host: StackHost, stack: AppStack, options: DeployOptions): Promise<LocalStack> {
  const assembly = await readStack(stack)
  await checkResources(assembly, options.ignore ?? [])
  const deployment = new Deployment(host, assembly, options)
  await deployment.makeAll()
  const made = stackOf(host, assembly.stackName, deployment.made, await deployment.outputs())
  host.deployed.add(stack, made, await deployment.exports(made.outputs))
  return made
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

  /** What other stacks may import, by its name in the account. */
  async exports(outputs: Readonly<Record<string, string>>): Promise<Map<string, string>> {
    const exported = new Map<string, string>()
    for (const [name, { Export }] of Object.entries(this.#assembly.template.Outputs ?? {})) {
      const value = outputs[name]
      if (Export && value !== undefined) exported.set(String(await resolve(Export.Name, this)), value)
    }
    return exported
  }

  imported(name: string): string {
    return this.#host.deployed.imported(name)
  }

  stackOutput(stackName: string, outputName: string): string {
    return this.#host.deployed.output(stackName, outputName)
  }

  mapped(map: string, top: string, second: string): unknown {
    return this.#assembly.template.Mappings?.[map]?.[top]?.[second]
  }

  get stackId(): string {
    const { region, accountId } = this.#host.aws
    return `arn:aws:cloudformation:${region}:${accountId}:stack/${this.#assembly.stackName}/local`
  }

  async ref(name: string): Promise<unknown> {
    const { region, accountId } = this.#host.aws
    const { stackName, template } = this.#assembly
    const { stackId } = this
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
    const { Type = 'String', Default } = parameter
    const given = this.#options.parameters?.[name]
    // The default names a parameter of Systems Manager's, which has the value.
    const isElsewhere = Type.startsWith('AWS::SSM::Parameter::Value')
    const value = given ?? (isElsewhere ? undefined : Default)
    if (value !== undefined) return isList(Type) ? String(value).split(',') : value
    const why = isElsewhere
      ? `is read from Systems Manager (${String(Default)}), which is not emulated`
      : 'has no default'
    throw localError(
      `parameter ${name} of stack ${stackName} ${why}: give it in parameters: { ${name}: '...' }`,
    )
  }

  async attribute(logicalId: string, attribute: string): Promise<string> {
    const { attributes, type } = await this.#get(logicalId)
    const value = attributes[attribute]
    if (value !== undefined) return value
    // What is left out has every attribute, and none that leads anywhere.
    if (!(logicalId in this.made)) return `arn:aws:local:::${logicalId}.${attribute}`
    const known = Object.keys(attributes).join(', ')
    throw localError(`${logicalId}, an ${type}, has no ${attribute} here, only ${known}`)
  }

  async condition(name: string): Promise<boolean> {
    const condition = this.#assembly.template.Conditions?.[name]
    if (condition === undefined) throw localError(`the template has no condition ${name}`)
    return Boolean(await resolve(condition, this))
  }

  /** Makes a resource unless it is there. */
  async #get(logicalId: string): Promise<LocalResource> {
    const found = this.made[logicalId]
    if (found) return found
    const resource = this.#assembly.template.Resources?.[logicalId]
    if (!resource) throw localError(`the template has neither a resource nor a parameter ${logicalId}`)
    const kind = this.#kindOf(logicalId, resource)
    if (!kind) return { type: resource.Type, ref: logicalId, attributes: {} }
    if (this.#making.includes(logicalId)) {
      throw localError(`resources need each other: ${[...this.#making, logicalId].join(' -> ')}`)
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
      nest: (templateFile, parameters) => this.#nest(logicalId, templateFile, parameters),
      name: (length) => nameOf(this.#assembly.stackName, logicalId, length),
    }
    try {
      const { ref, attributes = {} } = await kind.make(making)
      return (this.made[logicalId] = { type, ref, attributes })
    } catch (error) {
      throw localError(`cannot make ${logicalId}, an ${type}: ${messageOf(error)}`, { cause: error })
    } finally {
      this.#making.pop()
    }
  }

  async #nest(logicalId: string, file: string, parameters: Readonly<Record<string, string>>) {
    const { onLog } = this.#options
    const stackName = nameOf(this.#assembly.stackName, logicalId, 128)
    const template = (await readTemplate(file)) ?? {}
    const inner = new Deployment(
      this.#host,
      { ...this.#assembly, stackName, template },
      { ...this.#options, parameters, onLog: onLog && ((line, id) => onLog(line, `${logicalId}.${id}`)) },
    )
    await inner.makeAll()
    for (const [id, resource] of Object.entries(inner.made)) this.made[`${logicalId}.${id}`] = resource
    return { ref: inner.stackId, outputs: await inner.outputs() }
  }

  async #exists({ Condition }: { readonly Condition?: string }): Promise<boolean> {
    return Condition === undefined || this.condition(Condition)
  }

  #kindOf(logicalId: string, resource: TemplateResource): Kind | undefined {
    return kindOf(logicalId, resource, this.#options.ignore ?? [])
  }
}

/** Lists come as texts. */
function isList(type: string): boolean {
  return type === 'CommaDelimitedList' || type.startsWith('List<')
}

/** As CloudFormation makes names: stack, logical id and chance. */
function nameOf(stackName: string, logicalId: string, length: number): string {
  const chance = randomBytes(6).toString('hex')
  const readable = `${stackName}-${logicalId}`.slice(0, length - chance.length - 1)
  return `${readable}-${chance}`
}

function stackOf(
  { aws, findFunction }: StackHost,
  stackName: string,
  resources: Readonly<Record<string, LocalResource>>,
  outputs: Readonly<Record<string, string>>,
): LocalStack {
  const functionIds = Object.keys(resources).filter((id) => resources[id]?.type === 'AWS::Lambda::Function')
  return {
    stackName,
    outputs,
    resources,
    connection(functionName): LocalConnection {
      const all = functionIds.flatMap((id) => findFunction(resources[id]?.ref ?? '') ?? [])
      const functions = functionName === undefined ? all : [this.function(functionName)]
      return connectionOf(stackName, aws.clients, functions)
    },
    function(name): LocalFunction {
      const fn = findFunction(resources[name]?.ref ?? outputs[name] ?? name)
      if (fn) return fn
      throw localError(
        `stack ${stackName} has no function ${name}; it has ${functionIds.join(', ') || 'none'}, by logical id`,
      )
    },
    output(name): string {
      const value = outputs[name]
      if (value !== undefined) return value
      const all = Object.keys(outputs).join(', ') || 'none'
      throw localError(`stack ${stackName} has no output ${name}; it has ${all}`)
    },
  }
}

// Makes the resources of a stack: each when something first needs it, and what sets functions going last. An update
// makes what changed, and ends what is no more.

import { isDeepStrictEqual } from 'node:util'
import { localError, messageOf } from '../errors.ts'
import type { Stoppable } from '../stopping.ts'
import { readTemplate } from './assembly.ts'
import type { Assembly } from './assembly.ts'
import { resolve } from './intrinsics.ts'
import type { Names } from './intrinsics.ts'
import type { Kind, Making, StackHost } from './kind.ts'
import { kindOf, NESTED_STACK } from './kinds.ts'
import { nameOf, pseudoParameters, steadyNameOf } from './names.ts'
import type { TemplateResource } from './template.ts'
import type { DeployOptions, LocalResource } from './types.ts'

interface MadeResource extends LocalResource {
  readonly sources: readonly Stoppable[]
}

export class Deployment implements Names {
  /** In the order in which they were made, with what goes on of each. */
  readonly made: Record<string, MadeResource> = {}
  /** What is being made now, each since the one before needs it. */
  readonly #making: string[] = []
  readonly #host: StackHost
  readonly assembly: Assembly
  readonly #options: DeployOptions
  /** What runs by this name already, where it is updated. */
  readonly #before: Deployment | undefined
  readonly nested = new Map<string, Deployment>()

  constructor(host: StackHost, assembly: Assembly, options: DeployOptions, before?: Deployment) {
    this.#host = host
    this.assembly = assembly
    this.#options = options
    this.#before = before
  }

  /** What was made, that of nested stacks too. */
  get resources(): Record<string, LocalResource> {
    const all: Record<string, LocalResource> = {}
    for (const [id, { type, ref, attributes }] of Object.entries(this.made)) {
      const inner = Object.entries(this.nested.get(id)?.resources ?? {})
      for (const [innerId, resource] of inner) all[`${id}.${innerId}`] = resource
      all[id] = { type, ref, attributes }
    }
    return all
  }

  async makeAll(): Promise<void> {
    const all = Object.entries(this.assembly.template.Resources ?? {})
    for (const starting of [false, true]) {
      for (const [logicalId, resource] of all) {
        const kind = this.#kindOf(logicalId, resource)
        if (!kind || (kind.starts ?? false) !== starting) continue
        if (await this.#exists(resource)) await this.#get(logicalId)
      }
    }
    this.#retire()
  }

  /** Everything that is new stands: what was before, and is no more, ends. */
  #retire(): void {
    for (const [logicalId, { sources }] of Object.entries(this.#before?.made ?? {})) {
      const kept = this.made[logicalId]?.sources
      if (kept !== sources) for (const source of sources) this.#host.retire(source)
      if (!this.made[logicalId]) this.#before?.nested.get(logicalId)?.retireAll()
    }
  }

  retireAll(): void {
    for (const { sources } of Object.values(this.made))
      for (const source of sources) this.#host.retire(source)
    for (const inner of this.nested.values()) inner.retireAll()
  }

  async outputs(): Promise<Record<string, string>> {
    const outputs: Record<string, string> = {}
    for (const [name, output] of Object.entries(this.assembly.template.Outputs ?? {})) {
      if (await this.#exists(output)) outputs[name] = String(await resolve(output.Value, this))
    }
    return outputs
  }

  /** What other stacks may import, by its name in the account. */
  async exports(outputs: Readonly<Record<string, string>>): Promise<Map<string, string>> {
    const exported = new Map<string, string>()
    for (const [name, { Export }] of Object.entries(this.assembly.template.Outputs ?? {})) {
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
    return this.assembly.template.Mappings?.[map]?.[top]?.[second]
  }

  get stackId(): string {
    const { region, accountId } = this.#host.aws
    return `arn:aws:cloudformation:${region}:${accountId}:stack/${this.assembly.stackName}/local`
  }

  async ref(name: string): Promise<unknown> {
    const { stackName, template } = this.assembly
    const pseudo = pseudoParameters(this.#host.aws, stackName, this.stackId)
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
    if (!(logicalId in this.made)) return nowhere(logicalId, attribute)
    const known = Object.keys(attributes).join(', ')
    throw localError(`${logicalId}, an ${type}, has no ${attribute} here, only ${known}`)
  }

  async condition(name: string): Promise<boolean> {
    const condition = this.assembly.template.Conditions?.[name]
    if (condition === undefined) throw localError(`the template has no condition ${name}`)
    return Boolean(await resolve(condition, this))
  }

  /** An attribute that is not known here leads nowhere. */
  #leniently(): Names {
    return {
      ref: (name) => this.ref(name),
      attribute: (id, attribute) => this.attribute(id, attribute).catch(() => nowhere(id, attribute)),
      condition: (name) => this.condition(name),
      imported: (name) => this.imported(name),
      stackOutput: (stackName, outputName) => this.stackOutput(stackName, outputName),
      mapped: (map, top, second) => this.mapped(map, top, second),
    }
  }

  /** Makes a resource unless it is there. */
  async #get(logicalId: string): Promise<MadeResource> {
    const found = this.made[logicalId]
    if (found) return found
    const resource = this.assembly.template.Resources?.[logicalId]
    if (!resource) throw localError(`the template has neither a resource nor a parameter ${logicalId}`)
    const kind = this.#kindOf(logicalId, resource)
    if (!kind) return { type: resource.Type, ref: logicalId, attributes: {}, sources: [] }
    if (this.#making.includes(logicalId)) {
      throw localError(`resources need each other: ${[...this.#making, logicalId].join(' -> ')}`)
    }
    const changed = this.#changesOf(logicalId, resource)
    const before = this.#before?.made[logicalId]
    const isSame = changed?.length === 0 && !kind.follows && resource.Type !== NESTED_STACK
    if (before && isSame) return (this.made[logicalId] = before)
    return this.#make(logicalId, resource, kind, changed)
  }

  /** The names of the properties that an update changes; undefined for what is new, or of another type. */
  #changesOf(logicalId: string, { Type, Properties = {} }: TemplateResource): string[] | undefined {
    const before = this.#before?.assembly.template.Resources?.[logicalId]
    if (before?.Type !== Type || !this.#before?.made[logicalId]) return undefined
    const names = new Set([...Object.keys(Properties), ...Object.keys(before.Properties ?? {})])
    return [...names].filter((name) => !isDeepStrictEqual(Properties[name], before.Properties?.[name]))
  }

  async #make(
    logicalId: string,
    { Type: type, Properties = {} }: TemplateResource,
    kind: Kind,
    changed: readonly string[] | undefined,
  ): Promise<MadeResource> {
    this.#making.push(logicalId)
    const { onLog, environment } = this.#options
    const making: Making = {
      ...this.#host,
      ...(environment && { environment }),
      logicalId,
      changed,
      assets: this.assembly.assets,
      ...(onLog && { onLog: (line) => onLog(line, logicalId) }),
      property: (name) => resolve(Properties[name], kind.lenient ? this.#leniently() : this),
      nest: (templateFile, parameters) => this.#nest(logicalId, templateFile, parameters),
      name: (length) => this.#nameOf(logicalId, length),
    }
    try {
      const { ref, attributes = {}, sources = [] } = await kind.make(making)
      return (this.made[logicalId] = { type, ref, attributes, sources })
    } catch (error) {
      throw localError(`cannot make ${logicalId}, an ${type}: ${messageOf(error)}`, { cause: error })
    } finally {
      this.#making.pop()
    }
  }

  async #nest(logicalId: string, file: string, parameters: Readonly<Record<string, string>>) {
    const { onLog } = this.#options
    const stackName = this.#nameOf(logicalId, 128)
    const template = (await readTemplate(file)) ?? {}
    const inner = new Deployment(
      this.#host,
      { ...this.assembly, stackName, template },
      { ...this.#options, parameters, onLog: onLog && ((line, id) => onLog(line, `${logicalId}.${id}`)) },
      this.#before?.nested.get(logicalId),
    )
    await inner.makeAll()
    this.nested.set(logicalId, inner)
    return { ref: inner.stackId, outputs: await inner.outputs() }
  }

  #nameOf(logicalId: string, length: number): string {
    const { stackName } = this.assembly
    const isSteady = this.#host.keepsNames || this.#options.update
    return isSteady ? steadyNameOf(stackName, logicalId, length) : nameOf(stackName, logicalId, length)
  }

  async #exists({ Condition }: { readonly Condition?: string }): Promise<boolean> {
    return Condition === undefined || this.condition(Condition)
  }

  #kindOf(logicalId: string, resource: TemplateResource): Kind | undefined {
    return kindOf(logicalId, resource, this.#options.ignore ?? [])
  }
}

function nowhere(logicalId: string, attribute: string): string {
  return `arn:aws:local:::${logicalId}.${attribute}`
}

/** Lists come as texts. */
function isList(type: string): boolean {
  return type === 'CommaDelimitedList' || type.startsWith('List<')
}

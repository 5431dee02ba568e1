// What a type of resource is to the local AWS. Types, and what all types share.

import { localError } from '../errors.ts'
import type { Roles } from '../iam/roles.ts'
import type { EventRule } from '../event-bridge/rules.ts'
import type { Asynchronous } from '../lambda/asynchronous.ts'
import type { Invocable, LocalFunction } from '../lambda/types.ts'
import type { UrlServer, UrlServerOptions } from '../lambda/url-server.ts'
import type { Stoppable } from '../stopping.ts'
import type { LocalAws } from '../types.ts'
import type { DeployedStacks } from './deployed.ts'
import type { Properties } from './template.ts'

/** What kinds use to make things. */
export interface StackHost {
  readonly aws: Pick<
    LocalAws,
    'region' | 'accountId' | 'clients' | 'createEventBus' | 'createFunction' | 'mapEventSource'
  >
  readonly deployed: DeployedStacks
  readonly roles: Roles
  readonly asynchronous: Asynchronous
  /** Whether a resource has the same name each time that it is made. */
  readonly keepsNames: boolean
  /** @throws FlowcraftAwsError LOCAL_AWS where its bus is not here */
  addRule(rule: EventRule): Stoppable
  /** The default bus is told of each object that is made in the bucket. */
  tellOfObjects(bucket: string): Stoppable
  /** Fires every so many minutes, for the first time after as many. */
  every(minutes: number, fire: () => Promise<void>): Stoppable
  /** Fires at each full minute, also at those that a busy process missed. */
  eachMinute(fire: (minute: Date) => Promise<void>): Stoppable
  createFunctionUrl(fn: Invocable, options: UrlServerOptions): Promise<UrlServer>
  /** Stops what nobody needs any more; what it is doing ends first, and nobody waits. */
  retire(source: Stoppable): void
  findFunction(nameOrArn: string): LocalFunction | undefined
  findInvocable(nameOrArn: string): Invocable | undefined
}

/** A resource that is being made. */
export interface Making extends StackHost {
  readonly logicalId: string
  /** The names of the properties that changed, where the resource is updated. */
  readonly changed?: readonly string[]
  /** Variables of every function. */
  readonly environment?: Readonly<Record<string, string>>
  /** Files and folders by the key that they would have in the bucket of assets. */
  readonly assets: ReadonlyMap<string, string>
  readonly onLog?: (line: string) => void
  /** A property without intrinsic functions in it. Only those are resolved that are asked for. */
  property(name: string): Promise<unknown>
  /** Makes a stack in this stack, from the file of its template. */
  nest(templateFile: string, parameters: Readonly<Record<string, string>>): Promise<Nested>
  /** A name like those that CloudFormation makes, of at most `length` characters. */
  name(length: number): string
}

/** A stack in a stack. */
interface Nested {
  readonly ref: string
  readonly outputs: Readonly<Record<string, string>>
}

/** What was made. */
interface Made {
  readonly ref: string
  readonly attributes?: Readonly<Record<string, string>>
  /** Ends when the resource is removed or made anew. */
  readonly sources?: readonly Stoppable[]
}

export interface Kind {
  /** Whether it sets functions going: made last, when all they need is there. */
  readonly starts?: boolean
  /** What of the properties is not emulated and would change what happens. May see intrinsic functions. */
  problems?(properties: Properties): string[]
  make(making: Making): Promise<Made>
  /** Whether it is looked at in each update, though its properties are the same: what it is of may be new. */
  readonly follows?: boolean
  /** Whether an attribute that is not known here does no harm: it leads nowhere then. */
  readonly lenient?: boolean
}

/** A property as a text, if it is there. */
export async function textOf(making: Making, name: string): Promise<string | undefined> {
  const value = await making.property(name)
  return value === undefined ? undefined : String(value)
}

/** A property as a number, if it is there; templates have numbers as texts too. */
export async function numberOf(making: Making, name: string): Promise<number | undefined> {
  const value = await making.property(name)
  return value === undefined ? undefined : Number(value)
}

/** The function that a property names. */
export function functionOf({ findFunction }: Making, nameOrArn: unknown): LocalFunction {
  const fn = typeof nameOrArn === 'string' ? findFunction(nameOrArn) : undefined
  if (fn) return fn
  throw localError(`there is no function ${JSON.stringify(nameOrArn)} on this local AWS`)
}

/** What a property names to be invoked: a function, a version or an alias. */
export function invocableOf({ findInvocable }: Making, nameOrArn: unknown): Invocable {
  const found = typeof nameOrArn === 'string' ? findInvocable(nameOrArn) : undefined
  if (found) return asNamed(findInvocable, found)
  throw localError(`there is no function, version or alias ${JSON.stringify(nameOrArn)} on this local AWS`)
}

/** Whatever has the name when it is invoked: an update may make the function anew. */
export function asNamed(find: StackHost['findInvocable'], found: Invocable): Invocable {
  const { arn } = found
  const present = () => find(arn) ?? found
  return {
    arn,
    get timeoutSeconds() {
      return present().timeoutSeconds
    },
    invoke: (event) => present().invoke(event),
  }
}

/** Names the properties that are there and are not played. */
export function refuses(names: readonly string[]): (properties: Properties) => string[] {
  return (properties) => names.filter((name) => properties[name] !== undefined).map((name) => `has ${name}`)
}

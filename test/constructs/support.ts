/** Synthesises without bundling and without an account, and reads what came out. */
import { fileURLToPath } from 'node:url'
import { App, Stack, type StackProps } from 'aws-cdk-lib'
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions'
import { CloudAssembly } from 'aws-cdk-lib/cx-api'
import type { Construct } from 'constructs'
import { afterAll } from 'vitest'
import {
  FlowcraftService,
  type FlowcraftServiceProps,
  JobQueue,
  type JobQueueProps,
  StateTable,
} from '../../lib/constructs/index.ts'

afterAll(() => CloudAssembly.cleanupTemporaryDirectories())

/** A file that exports a worker's handler. */
export const entry = fileURLToPath(new URL('../../examples/quick-start/worker.ts', import.meta.url))

/** A stack whose functions are not bundled: their templates are what is looked at. */
export function newStack(props?: StackProps, flags: Readonly<Record<string, boolean>> = {}): Stack {
  const context = { ...flags, 'aws:cdk:bundling-stacks': [] }
  // What nobody reads here costs half the time.
  const app = new App({ context, analyticsReporting: false, stackTraces: false, treeMetadata: false })
  return new Stack(app, 'Stack', props)
}

/** A stack of a known region, as a customer's key needs. */
export const IN_REGION: StackProps = { env: { region: 'eu-central-1' } }

/** What every function needs to be alone. */
export function newParts(stack: Stack, jobs?: JobQueueProps): { state: StateTable; jobs: JobQueue } {
  return { state: new StateTable(stack, 'State'), jobs: new JobQueue(stack, 'Jobs', jobs) }
}

export interface Synthesised {
  readonly stack: Stack
  readonly service: FlowcraftService
  readonly template: Template
}

/** A service with what its stack became. `more` adds to the stack before. */
export function synthesise(
  props: FlowcraftServiceProps | ((stack: Stack) => FlowcraftServiceProps) = { entry },
  more: (service: FlowcraftService, stack: Stack) => void = () => {},
  stackProps?: StackProps,
): Synthesised {
  const stack = newStack(stackProps)
  const service = new FlowcraftService(stack, 'Flows', typeof props === 'function' ? props(stack) : props)
  more(service, stack)
  return { stack, service, template: Template.fromStack(stack) }
}

type Resource = { readonly Type: string; readonly Properties: Record<string, unknown> }

/** The only resource of a type whose logical id begins so. */
export function resourceOf(template: Template, type: string, idBegins = ''): Resource['Properties'] {
  const found = Object.entries(template.findResources(type) as Record<string, Resource>).filter(
    ([id]) => new RegExp(`^${idBegins}[0-9A-F]{8}$`).test(id) || id === idBegins,
  )
  const [only] = found
  if (!only || found.length !== 1) {
    const all = Object.keys(template.findResources(type)).join(', ')
    throw new Error(`expected one ${type} '${idBegins}', found ${found.length} among ${all}`)
  }
  return only[1].Properties
}

export function environmentOf(template: Template, functionId: string): Record<string, unknown> {
  const { Environment } = resourceOf(template, 'AWS::Lambda::Function', functionId)
  return (Environment as { Variables: Record<string, unknown> }).Variables
}

function withoutHash(id: unknown): string {
  return String(id).replace(/[0-9A-F]{8}$/, '')
}

/** A reference without the hash that CloudFormation's logical ids end with: `<FlowsJobs.Arn>`. */
export function readable(value: unknown): string {
  if (typeof value === 'string') return value
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as Record<string, unknown>
  if (Array.isArray(attribute)) return `<${withoutHash(attribute[0])}.${String(attribute[1])}>`
  if (Array.isArray(join)) return (join[1] as unknown[]).map(readable).join(String(join[0]))
  return Ref === undefined ? JSON.stringify(value) : `<${withoutHash(Ref)}>`
}

interface Statement {
  readonly Action: string | readonly string[]
  readonly Resource: unknown
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** Each IAM statement as a line `role: actions on resources`. */
export function permissionsOf(template: Template, roles = /./): string[] {
  const policies = Object.values(template.findResources('AWS::IAM::Policy') as Record<string, Resource>)
  return policies.flatMap(({ Properties }) => {
    const { Roles, PolicyDocument } = Properties as {
      Roles: unknown[]
      PolicyDocument: { Statement: Statement[] }
    }
    const role = Roles.map(readable).join().replace(/[<>]/g, '')
    if (!roles.test(role)) return []
    return PolicyDocument.Statement.map(({ Action, Resource, Condition }) => {
      const actions = [Action].flat().toSorted().join(' ')
      return `${role}: ${actions} on ${[Resource].flat().map(readable).join(' ')}${asText(Condition)}`
    })
  })
}

function asText(condition: Statement['Condition'] = {}): string {
  const parts = Object.values(condition).flatMap((keys) => Object.entries(keys))
  return parts.map(([key, values]) => ` if ${key} is ${[values].flat().join(' or ')}`).join('')
}

export function warningsOf(stack: Stack): string[] {
  const found = Annotations.fromStack(stack).findWarning('*', Match.anyValue())
  return found.map(({ entry: { data } }) => String(data))
}

/** What a construct says of its props. */
export function problemsOf(make: (stack: Stack) => Construct): string[] {
  try {
    make(newStack())
  } catch (error) {
    const [, ...lines] = (error as Error).message.split(/:\n- |\n- |(?<=^invalid props of [\w/]+): /)
    return lines
  }
  return []
}

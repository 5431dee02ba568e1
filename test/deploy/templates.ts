/** Changes a synthesised template before it is deployed. */
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'

export interface Template {
  readonly Resources: Record<string, Resource>
}

interface Resource {
  readonly Type: string
  readonly DeletionPolicy?: string
  readonly DependsOn?: string | readonly string[]
  readonly UpdatePolicy?: object
  readonly Properties?: Record<string, unknown>
}

interface Statement {
  readonly Effect: string
  readonly Action: string | readonly string[]
  readonly Resource?: unknown
}

export async function readTemplate(assembly: string, stackName: string): Promise<Template> {
  return JSON.parse(await readFile(join(assembly, `${stackName}.template.json`), 'utf8')) as Template
}

/** Templates are assets, which the CLI uploads under the hash of their text: both manifests name it. */
export async function writeTemplate(assembly: string, stackName: string, template: Template): Promise<void> {
  const text = JSON.stringify(template, undefined, 1)
  const hash = createHash('sha256').update(text).digest('hex')
  const assetsFile = join(assembly, `${stackName}.assets.json`)
  const assets = JSON.parse(await readFile(assetsFile, 'utf8')) as {
    files: Record<string, { source: { path: string } }>
  }
  const [old] =
    Object.entries(assets.files).find(([, { source }]) => source.path === `${stackName}.template.json`) ?? []
  if (old === undefined) throw new Error(`expected the template of '${stackName}' among the assets`)
  await writeFile(join(assembly, `${stackName}.template.json`), text)
  for (const file of [assetsFile, join(assembly, 'manifest.json')]) {
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll(old, hash))
  }
}

/** A copy with other statements in the policies of roles. */
function withStatements(
  template: Template,
  change: (statement: Statement, policy: string, index: number) => readonly Statement[],
): Template {
  const copy = structuredClone(template)
  for (const [policy, { Type: type, Properties: properties }] of Object.entries(copy.Resources)) {
    if (type !== 'AWS::IAM::Policy') continue
    const document = properties?.['PolicyDocument'] as { Statement: Statement[] }
    document.Statement = document.Statement.flatMap((statement, index) => change(statement, policy, index))
  }
  return copy
}

/**
 * Actions of ministack 1.5.33 that AWS does not have: there the action of one message allows the batch, see
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
 */
const EMULATORS_OWN: Readonly<Record<string, string>> = {
  'sqs:SendMessage': 'sqs:SendMessageBatch',
  'sqs:DeleteMessage': 'sqs:DeleteMessageBatch',
  'sqs:ChangeMessageVisibility': 'sqs:ChangeMessageVisibilityBatch',
}

/** It refuses alarms on metric math, and does not know CodeDeploy. */
function isRefused({ Type: type, Properties: properties }: Resource): boolean {
  const isAlarm = type === 'AWS::CloudWatch::Alarm'
  return (isAlarm && properties?.['Metrics'] !== undefined) || type.startsWith('AWS::CodeDeploy::')
}

/** Its Scheduler asks no role: the test takes the role that Scheduler would, and does what Scheduler would. */
function assumable(resource: Resource): Resource {
  const trust = resource.Properties?.['AssumeRolePolicyDocument'] as { Statement: object[] } | undefined
  if (!JSON.stringify(trust ?? '').includes('"scheduler.amazonaws.com"') || !trust) return resource
  const test = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: { Ref: 'AWS::AccountId' } } }
  const AssumeRolePolicyDocument = { ...trust, Statement: [...trust.Statement, test] }
  return { ...resource, Properties: { ...resource.Properties, AssumeRolePolicyDocument } }
}

/** With its own actions, and without what it refuses; an alias goes to its new version at once. */
export function forEmulator(template: Template): Template {
  const known = Object.entries(template.Resources)
    .filter(([, resource]) => !isRefused(resource))
    .map(([id, resource]) => [id, { ...assumable(resource), UpdatePolicy: undefined }] as const)
  return withStatements({ ...template, Resources: Object.fromEntries(known) }, (statement) => {
    const actions = [statement.Action].flat()
    const own = actions.flatMap((action) => EMULATORS_OWN[action] ?? [])
    return [own.length > 0 ? { ...statement, Action: [...actions, ...own] } : statement]
  })
}

export interface Permission {
  readonly name: string
  /** Of the policy. */
  readonly logicalId: string
  readonly statement: number
  readonly action: string
  readonly resource: unknown
}

/**
 * What Lambda does by a function's role, the emulator does by itself, whatever the role may: logs, and polling. And to list
 * a bucket is asked for nowhere: it makes S3 say of an object that is gone that it is gone.
 */
function isTried(action: string, all: readonly string[]): boolean {
  if (action === 's3:ListBucket') return false
  if (Object.values(EMULATORS_OWN).includes(action) || action.startsWith('logs:')) return false
  const isPollers = all.includes('sqs:GetQueueAttributes')
  return !isPollers || action === 'sqs:ChangeMessageVisibility'
}

/**
 * Each action on each resource that a role may do. Not what others may do with a function (AWS::Lambda::Permission):
 * the emulator invokes it by schedule and URL without asking.
 */
export function permissionsOf(template: Template): Permission[] {
  const permissions: Permission[] = []
  withStatements(template, ({ Action, Resource }, logicalId, statement) => {
    const actions = [Action].flat()
    for (const action of actions.filter((name) => isTried(name, actions))) {
      for (const resource of [Resource].flat()) {
        const name = `${logicalId} ${action} ${arnText(resource)}`
        permissions.push({ name, logicalId, statement, action, resource })
      }
    }
    return []
  })
  return permissions
}

export function without(template: Template, permission: Permission): Template {
  const { logicalId, statement: index, action, resource } = permission
  // What the emulator alone wants goes with what AWS wants.
  const taken = [action, EMULATORS_OWN[action]].filter((name) => name !== undefined)
  let left = 0
  const changed = withStatements(template, (statement, policy, at) => {
    if (policy !== logicalId) return [statement]
    const kept = at === index ? withoutAction(statement, taken, resource) : [statement]
    left += kept.length
    return kept
  })
  // A policy must say something.
  return left > 0 ? changed : withoutResource(changed, logicalId)
}

function withoutAction(statement: Statement, taken: readonly string[], resource: unknown): Statement[] {
  const actions = [statement.Action].flat().filter((name) => !taken.includes(name))
  const resources = [statement.Resource].flat().filter((other) => !isDeepStrictEqual(other, resource))
  return [
    ...(actions.length > 0 ? [{ ...statement, Action: actions }] : []),
    ...(resources.length > 0 ? [{ ...statement, Action: taken, Resource: resources }] : []),
  ]
}

function withoutResource(template: Template, logicalId: string): Template {
  const resources = Object.entries(template.Resources).flatMap(([id, resource]) => {
    if (id === logicalId) return []
    const { DependsOn: dependsOn = [], ...rest } = resource
    const left = [dependsOn].flat().filter((other) => other !== logicalId)
    return [[id, left.length > 0 ? { ...rest, DependsOn: left } : rest] as const]
  })
  return { ...template, Resources: Object.fromEntries(resources) }
}

/** A resource by the logical ids in it. */
function arnText(resource: unknown): string {
  return JSON.stringify(resource)
    .replaceAll(/"(Fn::GetAtt|Fn::Join|Ref|Arn)"|[[\]{}":,]+/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

/** Roles of a service, as the CDK writes them, for a queue, a table and a bucket that a test made itself. */
import { fileURLToPath } from 'node:url'
import { App, Stack } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { CloudAssembly } from 'aws-cdk-lib/cx-api'
import { FlowcraftService } from '../../lib/constructs/index.ts'
import type { LocalAws, LocalRole, PolicyDocument } from '../../lib/local/index.ts'
import { resolve } from '../../lib/local/stack/intrinsics.ts'

const entry = fileURLToPath(new URL('../../examples/quick-start/worker.ts', import.meta.url))

/** Who starts runs and operates them, and what works on them. */
export interface ServiceRoles {
  readonly worker: LocalRole
  readonly operator: LocalRole
}

/** What of a test's own stands for what is in the template, by the type of the resource. */
export interface Own {
  readonly queueUrl: string
  readonly deadLetterQueueUrl: string
  readonly tableName: string
  readonly bucketName: string
}

interface Resource {
  readonly Type: string
  readonly Properties: {
    readonly PolicyDocument: PolicyDocument
    readonly Roles: readonly { readonly Ref: string }[]
  }
}

let resources: Readonly<Record<string, Resource>> | undefined

/** Synthesised once in a process, which takes seconds. */
function template(): Readonly<Record<string, Resource>> {
  if (resources) return resources
  // Nothing is bundled: the template is what is looked at.
  const context = { 'aws:cdk:bundling-stacks': [] }
  const app = new App({ context, analyticsReporting: false, stackTraces: false, treeMetadata: false })
  const stack = new Stack(app, 'Stack')
  const service = new FlowcraftService(stack, 'Flows', { entry })
  const operator = new Role(stack, 'Operator', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
  service.grantManageRuns(operator)
  resources = app.synth().getStackByName('Stack').template.Resources as Readonly<Record<string, Resource>>
  CloudAssembly.cleanupTemporaryDirectories()
  return resources
}

export async function rolesOf(aws: LocalAws, own: Own): Promise<ServiceRoles> {
  const roleOf = async (id: string) => aws.createRole({ policies: await policiesOf(aws, own, id) })
  return { worker: await roleOf('FlowsWorkerRole'), operator: await roleOf('Operator') }
}

function nothing(): never {
  throw new Error('a policy of a service refers to no such thing')
}

async function policiesOf(
  { region, accountId }: LocalAws,
  own: Own,
  roleId: string,
): Promise<PolicyDocument[]> {
  const queueArn = (url: string) =>
    `arn:aws:sqs:${region}:${accountId}:${url.slice(url.lastIndexOf('/') + 1)}`
  const attribute = async (logicalId: string) => {
    if (logicalId.startsWith('FlowsJobsDeadLetters')) return queueArn(own.deadLetterQueueUrl)
    if (logicalId.startsWith('FlowsJobs')) return queueArn(own.queueUrl)
    if (logicalId.startsWith('FlowsState'))
      return `arn:aws:dynamodb:${region}:${accountId}:table/${own.tableName}`
    if (logicalId.startsWith('FlowsValues')) return `arn:aws:s3:::${own.bucketName}`
    return `arn:aws:local:::${logicalId}`
  }
  const names = {
    ref: async (name: string) => name,
    attribute,
    condition: nothing,
    imported: nothing,
    stackOutput: nothing,
    mapped: nothing,
  }
  const documents = Object.values(template()).filter(
    ({ Type, Properties }) =>
      Type === 'AWS::IAM::Policy' && Properties.Roles.some(({ Ref }) => Ref.startsWith(roleId)),
  )
  if (documents.length === 0) throw new Error(`the template has no policy of ${roleId}`)
  return Promise.all(
    documents.map(
      async ({ Properties }) => (await resolve(Properties.PolicyDocument, names)) as PolicyDocument,
    ),
  )
}

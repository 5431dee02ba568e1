// Roles and policies of a stack: what its functions may do, and what others may do with its queues, buckets and functions.

import { managedPolicy } from '../iam/managed.ts'
import type { PolicyDocument } from '../iam/types.ts'
import type { Stoppable } from '../stopping.ts'
import { textOf } from './kind.ts'
import type { Kind, Making } from './kind.ts'

export const role: Kind = {
  follows: true,
  lenient: true,
  async make(making) {
    const name = (await textOf(making, 'RoleName')) ?? making.name(64)
    const { arn } = making.roles.create(name, await textOf(making, 'Path'))
    const inline = ((await making.property('Policies')) ?? []) as {
      PolicyName: string
      PolicyDocument: PolicyDocument
    }[]
    const sources = inline.map((policy) =>
      making.roles.attach(name, policy.PolicyName, policy.PolicyDocument),
    )
    const managed = ((await making.property('ManagedPolicyArns')) ?? []) as string[]
    for (const policyArn of managed) sources.push(...attachManaged(making, name, policyArn))
    return { ref: name, attributes: { Arn: arn, RoleId: name }, sources }
  },
}

/** What a policy that is not of here allows is not known: nothing of the role is checked then. */
function attachManaged({ roles, onLog }: Making, roleName: string, arn: string): Stoppable[] {
  const document = managedPolicy(arn) ?? roles.managed(arn)
  if (document) return [roles.attach(roleName, arn.split('/').at(-1) ?? arn, document)]
  roles.leaveUnchecked(roleName)
  onLog?.(`what role ${roleName} may do is not checked: the policy ${arn} is not known here`)
  return []
}

export const policy: Kind = {
  follows: true,
  lenient: true,
  async make(making) {
    const name = (await textOf(making, 'PolicyName')) ?? making.logicalId
    const document = (await making.property('PolicyDocument')) as PolicyDocument
    const names = ((await making.property('Roles')) ?? []) as string[]
    return { ref: name, sources: names.map((roleName) => making.roles.attach(roleName, name, document)) }
  },
}

export const managedPolicyKind: Kind = {
  follows: true,
  lenient: true,
  async make(making) {
    const name = (await textOf(making, 'ManagedPolicyName')) ?? making.name(128)
    const document = (await making.property('PolicyDocument')) as PolicyDocument
    const arn = making.roles.manage(`policy/${name}`, document)
    const names = ((await making.property('Roles')) ?? []) as string[]
    return {
      ref: arn,
      attributes: { PolicyArn: arn },
      sources: names.map((roleName) => making.roles.attach(roleName, name, document)),
    }
  },
}

export const queuePolicy: Kind = {
  follows: true,
  lenient: true,
  async make(making) {
    const { region, accountId } = making.aws
    const document = (await making.property('PolicyDocument')) as PolicyDocument
    const urls = ((await making.property('Queues')) ?? []) as string[]
    const sources = urls.map((url) => {
      const arn = `arn:aws:sqs:${region}:${accountId}:${url.split('/').at(-1)}`
      return making.roles.attachToResource(arn, making.logicalId, document)
    })
    return { ref: making.logicalId, sources }
  },
}

export const bucketPolicy: Kind = {
  follows: true,
  lenient: true,
  async make(making) {
    const document = (await making.property('PolicyDocument')) as PolicyDocument
    const arn = `arn:aws:s3:::${await textOf(making, 'Bucket')}`
    return {
      ref: making.logicalId,
      sources: [making.roles.attachToResource(arn, making.logicalId, document)],
    }
  },
}

/** As AddPermission makes a statement of it: https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html */
export const functionPermission: Kind = {
  follows: true,
  lenient: true,
  async make(making) {
    const text = (name: string) => textOf(making, name)
    const given = (await text('FunctionName')) ?? ''
    const { region, accountId } = making.aws
    const arn = given.startsWith('arn:') ? given : `arn:aws:lambda:${region}:${accountId}:function:${given}`
    const principal = (await text('Principal')) ?? '*'
    const kind = principal.endsWith('.amazonaws.com') ? 'Service' : 'AWS'
    const equals = {
      'aws:SourceAccount': await text('SourceAccount'),
      'lambda:FunctionUrlAuthType': await text('FunctionUrlAuthType'),
      'lambda:InvokedViaFunctionUrl': await text('InvokedViaFunctionUrl'),
    }
    const conditions = Object.entries(equals).filter((one): one is [string, string] => one[1] !== undefined)
    const sourceArn = await text('SourceArn')
    const document: PolicyDocument = {
      Statement: {
        Effect: 'Allow',
        Principal: { [kind]: principal },
        Action: (await text('Action')) ?? 'lambda:InvokeFunction',
        Resource: arn,
        Condition: {
          StringEquals: Object.fromEntries(conditions),
          ...(sourceArn !== undefined && { ArnLike: { 'aws:SourceArn': sourceArn } }),
        },
      },
    }
    const owner = arn.split(':').slice(0, 7).join(':')
    return {
      ref: making.logicalId,
      sources: [making.roles.attachToResource(owner, making.logicalId, document)],
    }
  },
}

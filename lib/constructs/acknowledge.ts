/** Findings of cdk-nag's AwsSolutions pack that are meant, each with its reason, where they arise. */
import { Stack, Validations } from 'aws-cdk-lib'
import type { IGrantable } from 'aws-cdk-lib/aws-iam'
import { Construct, type IConstruct } from 'constructs'

/** `findings` are rules with their reasons; a rule of IAM5 names what it found in brackets. */
export function acknowledge(construct: IConstruct, findings: Readonly<Record<string, string>>): void {
  const rules = Object.entries(findings).map(([rule, reason]) => ({ id: `AwsSolutions-${rule}`, reason }))
  Validations.of(construct).acknowledge(...rules)
}

/** A wildcard in what `owner` granted: it is the grantee's policy that is found. */
export function acknowledgeWildcard(
  owner: IConstruct,
  grantee: IGrantable,
  resource: string,
  reason: string,
): void {
  const { grantPrincipal } = grantee
  if (!Construct.isConstruct(grantPrincipal)) return
  const found = asFound(Stack.of(owner).resolve(resource))
  acknowledge(grantPrincipal, { [`IAM5[Resource::${found}]`]: reason })
}

/** A resource as cdk-nag writes it: `<LogicalId.Arn>/runs/*`. */
function asFound(value: unknown): string {
  if (typeof value === 'string') return value
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as Record<string, unknown>
  if (Array.isArray(attribute)) return `<${attribute.join('.')}>`
  if (Array.isArray(join)) return (join[1] as unknown[]).map(asFound).join(String(join[0]))
  return Ref === undefined ? JSON.stringify(value) : `<${String(Ref)}>`
}

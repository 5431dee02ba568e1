/**
 * Findings of cdk-nag's AwsSolutions pack that are meant, each with its reason, where they arise. cdk-nag 3 reads the
 * CDK's acknowledgements, cdk-nag 2 the metadata `cdk_nag` of a resource.
 */
import { AspectPriority, Aspects, CfnResource, type IAspect, Stack, Validations } from 'aws-cdk-lib'
import { CfnManagedPolicy, CfnPolicy, type IGrantable } from 'aws-cdk-lib/aws-iam'
import { Construct, type IConstruct } from 'constructs'
import { WorkersPrincipal } from './workers-principal.ts'

/** As cdk-nag 2 writes and reads it. A finding stands in `applies_to`, not in brackets behind the rule. */
interface Suppression {
  readonly id: string
  readonly reason: string
  readonly applies_to?: readonly string[]
}

/** What is found at the construct's own resource. `findings` are rules with their reasons. */
export function acknowledge(construct: IConstruct, findings: Readonly<Record<string, string>>): void {
  const rules = Object.entries(findings).map(([rule, reason]) => ({ id: `AwsSolutions-${rule}`, reason }))
  Validations.of(construct).acknowledge(...rules)
  const { defaultChild } = construct.node
  if (CfnResource.isCfnResource(defaultChild)) for (const rule of rules) suppress(defaultChild, rule)
}

/**
 * A wildcard in what `owner` granted: it is the grantee's policy that is found. Of policies that the grantee gets later
 * cdk-nag 2 knows with `acknowledgeLater` only.
 */
export function acknowledgeWildcard(
  owner: IConstruct,
  grantee: IGrantable,
  resource: string,
  reason: string,
): void {
  const finding = findingOf(owner, resource)
  const { grantPrincipal } = grantee
  const principals = grantPrincipal instanceof WorkersPrincipal ? grantPrincipal.members : [grantPrincipal]
  for (const principal of principals) {
    // One of another account has no policy here.
    if (!Construct.isConstruct(principal)) continue
    acknowledgeFinding(principal, finding, reason)
    if (Stack.of(principal) !== Stack.of(owner)) acknowledgeImport(principal, resource, reason)
    const wildcards = Wildcards.of(principal)
    wildcards.reasons.set(finding, reason)
    if (!isAspectOf(principal, wildcards)) for (const node of principal.node.findAll()) wildcards.visit(node)
  }
}

/**
 * For a principal whose policies come, or are split, after the acknowledgement. Not for any grantee: the CDK refuses an
 * aspect of this priority where a user's aspect grants something, and has visited the grantee already.
 */
export function acknowledgeLater(principal: IConstruct): void {
  const wildcards = Wildcards.of(principal)
  if (isAspectOf(principal, wildcards)) return
  // Before cdk-nag, whose aspect has the default priority.
  Aspects.of(principal).add(wildcards, { priority: AspectPriority.MUTATING })
}

function isAspectOf(principal: IConstruct, wildcards: Wildcards): boolean {
  return Aspects.of(principal).all.includes(wildcards)
}

const WILDCARDS = 'AwsSolutions-IAM5'

function acknowledgeFinding(principal: IConstruct, finding: string, reason: string): void {
  Validations.of(principal).acknowledge({ id: `${WILDCARDS}[${finding}]`, reason })
}

/**
 * cdk-nag 3 looks at a stack when references to other stacks have become imports or parameters, whose names the CDK makes
 * just before it validates constructs.
 */
function acknowledgeImport(principal: IConstruct, resource: string, reason: string): void {
  const validate = () => {
    acknowledgeFinding(principal, findingOf(principal, resource), reason)
    return []
  }
  principal.node.addValidation({ validate })
}

function findingOf(scope: IConstruct, resource: string): string {
  return `Resource::${asFound(Stack.of(scope).resolve(resource))}`
}

/** The acknowledged wildcards of a principal. */
class Wildcards implements IAspect {
  static readonly #all = new WeakMap<IConstruct, Wildcards>()
  /** By finding. */
  readonly reasons = new Map<string, string>()

  static of(principal: IConstruct): Wildcards {
    const known = Wildcards.#all.get(principal) ?? new Wildcards()
    Wildcards.#all.set(principal, known)
    return known
  }

  /** Only a policy that has the wildcard gets metadata. */
  visit(node: IConstruct): void {
    if (!(node instanceof CfnPolicy || node instanceof CfnManagedPolicy)) return
    const found = new Set(resourcesOf(node).map((resource) => `Resource::${asFound(resource)}`))
    for (const [finding, reason] of this.reasons) {
      if (found.has(finding)) suppress(node, { id: WILDCARDS, reason, applies_to: [finding] })
    }
  }
}

function resourcesOf(policy: CfnPolicy | CfnManagedPolicy): unknown[] {
  const document = Stack.of(policy).resolve(policy.policyDocument) as { Statement?: { Resource?: unknown }[] }
  return [document.Statement ?? []].flat().flatMap(({ Resource = [] }) => Resource)
}

/** Once, and beside what others suppress. */
function suppress(resource: CfnResource, suppression: Suppression): void {
  const { rules_to_suppress: others = [] } = (resource.getMetadata(METADATA) ?? {}) as {
    rules_to_suppress?: readonly Suppression[]
  }
  const text = JSON.stringify(suppression)
  if (others.some((other) => JSON.stringify(other) === text)) return
  resource.addMetadata(METADATA, { rules_to_suppress: [...others, suppression] })
}

const METADATA = 'cdk_nag'

/** A resource as cdk-nag writes it: `<LogicalId.Arn>/runs/*`. */
function asFound(value: unknown): string {
  if (typeof value === 'string') return value
  const {
    Ref,
    'Fn::GetAtt': attribute,
    'Fn::Join': join,
    'Fn::ImportValue': imported,
  } = value as Record<string, unknown>
  if (Array.isArray(attribute)) return `<${attribute.join('.')}>`
  if (Array.isArray(join)) return (join[1] as unknown[]).map(asFound).join(String(join[0]))
  if (imported !== undefined) return asFound(imported)
  return Ref === undefined ? JSON.stringify(value) : `<${String(Ref)}>`
}

// The roles of a local AWS, the policies of resources, and who may do what by them.

import type { Stoppable } from '../stopping.ts'
import type { Context } from './patterns.ts'
import { type Ask, decide, type Rule, rulesOf, textOf, type Verdict } from './policy.ts'
import { isOfRole, isOfService } from './principals.ts'
import type { LocalPermissions, PermissionUse, PolicyDocument, RefusedRequest } from './types.ts'

interface Role {
  readonly name: string
  readonly arn: string
  readonly accessKeyId: string
  readonly policies: Map<string, readonly Rule[]>
  /** Whether a policy of it is not known here: then nothing is checked of it. */
  isOpen: boolean
}

/** A service of AWS that asks something for somebody's resource. */
export interface ServiceAsk {
  /** `events.amazonaws.com`; `*` for strangers. */
  readonly service: string
  readonly sourceArn?: string
}

interface RolesOptions {
  readonly region: string
  readonly accountId: string
  /** Whether anything is refused. */
  readonly strict: boolean
}

/** Of nothing that stands. */
const NOTHING: Stoppable = { stop: async () => {} }

export class Roles implements LocalPermissions {
  readonly refusals: RefusedRequest[] = []
  readonly #place: RolesOptions
  readonly #roles = new Map<string, Role>()
  readonly #byKey = new Map<string, Role>()
  /** Of queues, buckets and functions, by ARN, by the policy's name. */
  readonly #ofResources = new Map<string, Map<string, readonly Rule[]>>()
  readonly #counts = new WeakMap<Rule, { needed: number; matched: number }>()
  readonly #managed = new Map<string, PolicyDocument>()
  /** The KMS key of a resource that is encrypted by one. */
  readonly #keys = new Map<string, string>()

  constructor(place: RolesOptions) {
    this.#place = place
  }

  /** Makes a role, or gives the one of this name, with its key and its policies. */
  create(name: string, path = '/'): Role {
    const there = this.#roles.get(name)
    const accessKeyId = there?.accessKeyId ?? `LOCALROLE${String(this.#roles.size + 1).padStart(7, '0')}`
    const arn = `arn:aws:iam::${this.#place.accountId}:role${path}${name}`
    const role: Role = { name, arn, accessKeyId, policies: there?.policies ?? new Map(), isOpen: false }
    this.#roles.set(name, role)
    this.#byKey.set(accessKeyId, role)
    return role
  }

  /** The access key of a role, by its ARN; undefined where it is not of here, or nobody is refused anything. */
  keyOf(roleArn: unknown): string | undefined {
    const role = this.#roles.get(String(roleArn).split('/').at(-1) ?? '')
    return this.#place.strict && role?.arn === roleArn ? role?.accessKeyId : undefined
  }

  /** Nothing that is asked in the name of this role is refused from now on. */
  leaveUnchecked(name: string): void {
    const role = this.#roles.get(name)
    if (role) role.isOpen = true
  }

  /** Keeps a policy that roles may have by its ARN, which it gives. */
  manage(name: string, document: PolicyDocument): string {
    const arn = `arn:aws:iam::${this.#place.accountId}:${name}`
    this.#managed.set(arn, document)
    return arn
  }

  managed(arn: string): PolicyDocument | undefined {
    return this.#managed.get(arn)
  }

  /** Until it is stopped. A role that is not of here is left alone. */
  attach(roleName: string, policyName: string, document: PolicyDocument): Stoppable {
    if (!this.#place.strict) return NOTHING
    const rules = rulesOf(policyName, document)
    this.#roles.get(roleName)?.policies.set(policyName, rules)
    return {
      stop: async () => {
        const policies = this.#roles.get(roleName)?.policies
        if (policies?.get(policyName) === rules) policies.delete(policyName)
      },
    }
  }

  /** Until it is stopped. */
  attachToResource(arn: string, policyName: string, document: PolicyDocument): Stoppable {
    if (!this.#place.strict) return NOTHING
    const rules = rulesOf(policyName, document)
    const policies = this.#ofResources.get(arn) ?? new Map<string, readonly Rule[]>()
    this.#ofResources.set(arn, policies.set(policyName, rules))
    return {
      stop: async () => {
        if (policies.get(policyName) === rules) policies.delete(policyName)
      },
    }
  }

  /** Whoever uses the resource uses this key of KMS. */
  encrypt(resourceArn: string, keyArn: string): void {
    this.#keys.set(resourceArn, keyArn)
  }

  keyOfKms(resourceArn: string): string | undefined {
    return this.#keys.get(resourceArn)
  }

  /** Why a request would be refused that is signed so; undefined where it would not, or is in the name of no role. */
  refusalOf(authorization: string | undefined, asks: () => readonly Ask[]): RefusedRequest | undefined {
    const [, key = ''] = /Credential=([^/]+)\//.exec(authorization ?? '') ?? []
    const role = this.#byKey.get(key)
    return role && this.#refusalOf(role, asks)
  }

  /** Why something would be refused that a service does in the name of a role. */
  refusalOfRole(roleArn: string, ask: Ask): RefusedRequest | undefined {
    const role = this.#byKey.get(this.keyOf(roleArn) ?? '')
    return role && this.#refusalOf(role, () => [ask])
  }

  #refusalOf(role: Role, asks: () => readonly Ask[]): RefusedRequest | undefined {
    if (role.isOpen || !this.#place.strict) return undefined
    for (const ask of asks()) {
      const verdict = this.#count(
        decide(this.#rulesFor(role, ask), this.#with(ask, contextOf(role, this.#place))),
      )
      if (!verdict.allowed) return this.#refuse(role, ask, verdict)
    }
    return undefined
  }

  /** Whether the policy of a resource lets a service do something with it. */
  letsService({ service, sourceArn }: ServiceAsk, ask: Ask): boolean {
    if (!this.#place.strict) return true
    const rules = this.#rulesOfResource(ask.resource).filter(({ principal }) =>
      isOfService(principal, service),
    )
    const source: Context =
      sourceArn === undefined
        ? {}
        : { 'aws:sourcearn': [sourceArn], 'aws:sourceaccount': [this.#place.accountId] }
    return this.#count(decide(rules, this.#with(ask, { ...source, 'aws:securetransport': ['true'] }))).allowed
  }

  uses(): readonly PermissionUse[] {
    return [...this.#roles.values()].flatMap(({ name, policies }) =>
      [...policies.values()]
        .flat()
        .flatMap((rule) => (rule.effect === 'Allow' ? [this.#useOf(name, rule)] : [])),
    )
  }

  #useOf(role: string, rule: Rule): PermissionUse {
    const { policy, statement, action, resource, condition } = rule
    const { needed = 0, matched = 0 } = this.#counts.get(rule) ?? {}
    return {
      role,
      policy,
      statement,
      action: textOf(action),
      resource: textOf(resource),
      ...(condition && { condition }),
      needed,
      matched,
    }
  }

  #rulesFor(role: Role, { resource }: Ask): Rule[] {
    const ofResource = this.#rulesOfResource(resource).filter((rule) =>
      isOfRole(rule, role.arn, this.#place.accountId),
    )
    return [...[...role.policies.values()].flat(), ...ofResource]
  }

  /** An object's are those of its bucket, an alias's those of its function. */
  #rulesOfResource(arn: string): Rule[] {
    const owner = arn.startsWith('arn:aws:s3:::')
      ? arn.split('/', 1)[0]
      : arn.split(':').slice(0, 7).join(':')
    return [...(this.#ofResources.get(owner ?? '')?.values() ?? [])].flat()
  }

  #with(ask: Ask, more: Context): Ask {
    return { ...ask, context: { ...more, ...ask.context } }
  }

  #count(verdict: Verdict): Verdict {
    if (!verdict.allowed) return verdict
    for (const rule of verdict.by) {
      const { needed, matched } = this.#counts.get(rule) ?? { needed: 0, matched: 0 }
      this.#counts.set(rule, { needed: needed + Number(verdict.by.length === 1), matched: matched + 1 })
    }
    return verdict
  }

  #refuse(role: Role, { action, resource }: Ask, { deniedBy }: Verdict & { allowed: false }): RefusedRequest {
    const user = `arn:aws:sts::${this.#place.accountId}:assumed-role/${role.name}/local`
    const why = deniedBy
      ? `with an explicit deny in ${deniedBy.policy}`
      : `because no identity-based policy allows the ${action} action`
    const message = `User: ${user} is not authorized to perform: ${action} on resource: ${resource} ${why}`
    const refused = { role: role.name, action, resource, message }
    this.refusals.push(refused)
    return refused
  }
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html, those that each request has here. */
function contextOf({ arn }: Role, { accountId, region }: RolesOptions): Context {
  const now = new Date()
  return {
    'aws:currenttime': [now.toISOString()],
    'aws:epochtime': [String(Math.floor(now.getTime() / 1_000))],
    'aws:principalaccount': [accountId],
    'aws:principalarn': [arn],
    'aws:principaltype': ['AssumedRole'],
    'aws:requestedregion': [region],
    'aws:resourceaccount': [accountId],
    // Nothing is encrypted between two programs of this computer, and nobody else hears it.
    'aws:securetransport': ['true'],
  }
}

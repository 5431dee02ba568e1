/** What cdk-nag finds in a stack, by its second and its third version. */
import { Aspects, CfnResource, type Stack, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import {
  AwsSolutionsChecks as AwsSolutionsChecks2,
  type INagLogger,
  type NagPack,
  type NagPackProps,
} from 'cdk-nag-2'
import type { IConstruct } from 'constructs'

/** As lines `path: rule`, or `path: rule[finding]`, without what all have in common. */
function line(path: string, rule: string, finding = ''): string {
  const where = path.replace(/^Stack\/(Flows\/)?/, '')
  return `${where}: ${rule.replace('AwsSolutions-', '')}${finding && `[${finding}]`}`
}

const nothing = () => {}

/** cdk-nag 2: an aspect, which tells a logger. */
export class Findings2 {
  #found = new Set<string>()
  readonly #pack: NagPack

  constructor(Pack: new (props: NagPackProps) => NagPack = AwsSolutionsChecks2) {
    const add: INagLogger['onNonCompliance'] = ({ resource, ruleId, findingId }) =>
      void this.#found.add(line(resource.node.path, ruleId, findingId))
    const logger: INagLogger = {
      onNonCompliance: add,
      // A rule that cannot be judged is a finding too.
      onError: (data) => add({ ...data, findingId: data.errorMessage }),
      onCompliance: nothing,
      onSuppressed: nothing,
      onSuppressedError: nothing,
      onNotApplicable: nothing,
    }
    this.#pack = new Pack({ reports: false, additionalLoggers: [logger] })
  }

  /** Before the stack is synthesised. */
  watch(scope: IConstruct): this {
    Aspects.of(scope).add(this.#pack)
    return this
  }

  take(): string[] {
    const found = [...this.#found]
    this.#found = new Set()
    return found.toSorted()
  }

  visit(scope: IConstruct): string[] {
    for (const node of scope.node.findAll()) this.#pack.visit(node)
    return this.take()
  }
}

/** `watch` before anything is made: an app adds cdk-nag where it likes. */
export function watchWithNag2(scope: IConstruct): Findings2 {
  return new Findings2().watch(scope)
}

/** What cdk-nag 3 finds. */
export function nag3(scope: IConstruct): string[] {
  const { violations } = new AwsSolutionsChecks(scope).validateScope(scope)
  return violations.flatMap(({ ruleName, violatingResources }) =>
    violatingResources.map(({ constructPath = '' }) => line(constructPath, ruleName)),
  )
}

/** What is acknowledged for cdk-nag 3. */
export function acknowledged3(stack: Stack): string[] {
  const lines = stack.node.findAll().flatMap(({ node }) =>
    node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.keys(data as object))
      .map((id) => line(node.path, id.replace(/^.*:AwsSolutions-/, ''))),
  )
  return [...new Set(lines)].toSorted()
}

interface Suppression {
  readonly id: string
  readonly applies_to?: readonly string[]
}

function suppressionsOf(resource: CfnResource): readonly Suppression[] {
  const metadata = resource.getMetadata('cdk_nag') as { rules_to_suppress: Suppression[] } | undefined
  return metadata?.rules_to_suppress ?? []
}

const resourcesOf = (scope: IConstruct) =>
  scope.node.findAll().filter((node) => CfnResource.isCfnResource(node))

/** What is acknowledged for cdk-nag 2. */
export function acknowledged2(stack: Stack): string[] {
  return resourcesOf(stack)
    .flatMap((resource) =>
      suppressionsOf(resource).flatMap(({ id, applies_to: findings = [''] }) =>
        findings.map((finding) => line(resource.node.path, id, finding)),
      ),
    )
    .toSorted()
}

export function withoutAcknowledgements2(scope: IConstruct): IConstruct {
  for (const resource of resourcesOf(scope)) {
    if (suppressionsOf(resource).length > 0) resource.addMetadata('cdk_nag', { rules_to_suppress: [] })
  }
  return scope
}

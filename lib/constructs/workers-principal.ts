/** The workers of a service as one grantee: a permission goes to the role of each. */
import {
  type AddToPrincipalPolicyResult,
  type IGrantable,
  type IPrincipal,
  type PolicyStatement,
  PrincipalPolicyFragment,
} from 'aws-cdk-lib/aws-iam'
import { DependencyGroup, type IDependable } from 'constructs'

export class WorkersPrincipal implements IPrincipal {
  readonly assumeRoleAction = 'sts:AssumeRole'
  readonly grantPrincipal: IPrincipal = this
  /** The principals of the workers. */
  readonly members: readonly IPrincipal[]

  constructor(workers: readonly IGrantable[]) {
    this.members = workers.map(({ grantPrincipal }) => grantPrincipal)
  }

  /** They are all of the service's account. */
  get principalAccount(): string | undefined {
    return this.members[0]?.principalAccount
  }

  /** For policies of resources, which name each of the roles. */
  get policyFragment(): PrincipalPolicyFragment {
    const principals: Record<string, string[]> = {}
    for (const { policyFragment } of this.members) {
      for (const [kind, names] of Object.entries(policyFragment.principalJson)) {
        principals[kind] = [...(principals[kind] ?? []), ...names]
      }
    }
    return new PrincipalPolicyFragment(principals)
  }

  addToPrincipalPolicy(statement: PolicyStatement): AddToPrincipalPolicyResult {
    const results = this.members.map((member) => member.addToPrincipalPolicy(statement.copy()))
    const dependables = results.flatMap(({ policyDependable = [] }) => policyDependable as IDependable)
    return {
      statementAdded: results.every(({ statementAdded }) => statementAdded),
      policyDependable: new DependencyGroup(...dependables),
    }
  }
}

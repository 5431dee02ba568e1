import { ArnFormat, Stack } from 'aws-cdk-lib'
import { OidcProviderNative, PolicyStatement, Role, WebIdentityPrincipal } from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'

const GITHUB = 'token.actions.githubusercontent.com'

/** Whom a workflow of `repository` (`owner/name`) acts as when it deploys: in its environment `production`, and nowhere else. */
export function deployRole(scope: Construct, repository: string): Role {
  const provider = new OidcProviderNative(scope, 'GitHub', {
    url: `https://${GITHUB}`,
    clientIds: ['sts.amazonaws.com'],
  })
  const role = new Role(scope, 'Deploy', {
    assumedBy: new WebIdentityPrincipal(provider.oidcProviderArn, {
      StringEquals: {
        [`${GITHUB}:aud`]: 'sts.amazonaws.com',
        [`${GITHUB}:sub`]: `repo:${repository}:environment:production`,
      },
    }),
  })
  // It may do nothing itself: `cdk bootstrap` made roles that upload and deploy.
  const bootstrapped = { service: 'iam', region: '', resource: 'role', resourceName: 'cdk-*' }
  role.addToPolicy(
    new PolicyStatement({
      actions: ['sts:AssumeRole'],
      resources: [Stack.of(scope).formatArn({ ...bootstrapped, arnFormat: ArnFormat.SLASH_RESOURCE_NAME })],
    }),
  )
  return role
}

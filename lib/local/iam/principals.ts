// Whom a statement of a resource's policy means. Pure.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html (November 2026)

import type { Rule } from './policy.ts'
import type { PolicyStatement } from './types.ts'

/**
 * Whether it means a role. What names the account allows nothing by itself: it leaves that to the policies of its roles; what
 * it denies is denied to all of them.
 */
export function isOfRole({ principal, effect }: Rule, roleArn: string, accountId: string): boolean {
  const named = namesOf(principal, 'AWS')
  if (named.includes('*') || named.includes(roleArn)) return true
  const isAccount = named.includes(accountId) || named.includes(`arn:aws:iam::${accountId}:root`)
  return effect === 'Deny' && isAccount
}

/** Whether it means a service of AWS, or everybody, as `*`. */
export function isOfService(principal: PolicyStatement['Principal'], service: string): boolean {
  return namesOf(principal, 'Service').includes(service) || namesOf(principal, 'AWS').includes('*')
}

function namesOf(principal: PolicyStatement['Principal'] = {}, kind: 'AWS' | 'Service'): readonly string[] {
  return principal === '*' ? ['*'] : [principal[kind] ?? []].flat()
}

/**
 * Whether policies allow what is asked, and which of their rules it takes. Pure.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html (November 2026), within
 * one account: an explicit Deny wins; else an Allow of the role's policies or of the resource's is enough; else it is refused.
 */
import { checkCondition, holds } from './conditions.ts'
import { type Context, isLike, withVariables } from './patterns.ts'
import type { PolicyDocument, PolicyStatement } from './types.ts'

/** One thing that a request does. */
export interface Ask {
  /** `dynamodb:GetItem`. */
  readonly action: string
  /** The ARN. */
  readonly resource: string
  readonly context?: Context
}

type Matcher = string | { readonly not: readonly string[] }

/** One action on one resource of a statement. */
export interface Rule {
  readonly policy: string
  readonly statement: number
  readonly effect: 'Allow' | 'Deny'
  readonly principal: PolicyStatement['Principal']
  readonly action: Matcher
  readonly resource: Matcher
  readonly condition: PolicyStatement['Condition']
}

export type Verdict =
  | { readonly allowed: true; readonly by: readonly Rule[] }
  | { readonly allowed: false; readonly deniedBy?: Rule }

/** @throws FlowcraftAwsError LOCAL_AWS where a condition is not played */
export function rulesOf(policy: string, { Statement: statements }: PolicyDocument): Rule[] {
  return [statements].flat().flatMap((statement: PolicyStatement, index) => {
    const { Effect: effect, Condition: condition, Principal: principal } = statement
    checkCondition(condition)
    const actions = matchers(statement.Action, statement.NotAction)
    const resources = matchers(
      statement.Resource ?? (statement.NotResource ? undefined : '*'),
      statement.NotResource,
    )
    return actions.flatMap((action) =>
      resources.map((resource) => ({
        policy,
        statement: index,
        effect,
        principal,
        action,
        resource,
        condition,
      })),
    )
  })
}

export function decide(rules: readonly Rule[], { action, resource, context = {} }: Ask): Verdict {
  const matching = rules.filter((rule) => {
    return (
      isMatch(rule.action, action, context, { ignoresCase: true }) &&
      isMatch(rule.resource, resource, context) &&
      holds(rule.condition, context)
    )
  })
  const deniedBy = matching.find(({ effect }) => effect === 'Deny')
  if (deniedBy) return { allowed: false, deniedBy }
  return matching.length > 0 ? { allowed: true, by: matching } : { allowed: false }
}

function matchers(plain: PolicyStatement['Action'], not: PolicyStatement['Action']): Matcher[] {
  if (not !== undefined) return [{ not: [not].flat() }]
  return plain === undefined ? [] : [plain].flat()
}

function isMatch(
  matcher: Matcher,
  text: string,
  context: Context,
  options?: { ignoresCase: boolean },
): boolean {
  const isOne = (pattern: string) => {
    const whole = withVariables(pattern, context)
    return whole !== undefined && isLike(text, whole, options)
  }
  return typeof matcher === 'string' ? isOne(matcher) : !matcher.not.some(isOne)
}

export function textOf(matcher: Matcher): string {
  return typeof matcher === 'string' ? matcher : `all but ${matcher.not.join(', ')}`
}

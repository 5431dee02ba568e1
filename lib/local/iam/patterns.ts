/**
 * Wildcards and variables of policies. Pure.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html and reference_policies_variables.html
 * (November 2026): "a wildcard represented by an asterisk (*) can match any number of characters", "?" any single one.
 */
/** What a request has for conditions and variables, by key in small letters: "Context key names are not case-sensitive." */
export type Context = Readonly<Record<string, readonly string[]>>

const made = new Map<string, RegExp>()
const KEPT = 10_000

/** Whether a text is what a pattern with `*` and `?` says. */
export function isLike(text: string, pattern: string, { ignoresCase = false } = {}): boolean {
  const key = `${ignoresCase ? 'i' : 'c'}${pattern}`
  let found = made.get(key)
  if (!found) {
    if (made.size >= KEPT) made.clear()
    const source = pattern.replaceAll(/[$()+.[\\\]^{|}]/g, String.raw`\$&`)
    found = new RegExp(`^${source.replaceAll('*', '[^]*').replaceAll('?', '[^]')}$`, ignoresCase ? 'i' : '')
    made.set(key, found)
  }
  return found.test(text)
}

/**
 * A pattern with its variables replaced: `${aws:PrincipalAccount}` by what the request has of it. A variable that the request
 * does not have makes a pattern that matches nothing, as on AWS.
 */
export function withVariables(pattern: string, context: Context): string | undefined {
  if (!pattern.includes('${')) return pattern
  let isWhole = true
  const replaced = pattern.replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => {
    // Of literal characters: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
    if (name === '$') return name
    const [value, ...more] = context[name.toLowerCase()] ?? []
    if (value === undefined || more.length > 0) isWhole = false
    return value ?? ''
  })
  return isWhole ? replaced : undefined
}

/** Whether an ARN is what a pattern says; each of its six parts by itself, so that no wildcard reaches over a colon before the last. */
export function isArnLike(arn: string, pattern: string): boolean {
  const [ours, theirs] = [partsOf(arn), partsOf(pattern)]
  return ours.length === theirs.length && theirs.every((part, at) => isLike(ours[at] ?? '', part))
}

function partsOf(arn: string): string[] {
  const parts = arn.split(':')
  return [...parts.slice(0, 5), parts.slice(5).join(':')]
}

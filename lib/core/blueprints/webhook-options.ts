/** What the params of a `webhook` node say about the requests to its URL. Pure. */
import { isNodeClass, type NodeDefinition, WebhookNode, type WorkflowBlueprint } from 'flowcraft'
import { show } from '../common/thrown.ts'

export interface WebhookOptions {
  /** Whether a body that says it is JSON is parsed; else there is `rawBody` only. @default true */
  readonly parse: boolean
  /**
   * The query parameter by which a sender asks whether the URL is meant, such as 'hub.challenge': such a request is
   * answered with its value, as text, and does not use the URL up. @default - none
   */
  readonly challenge?: string
  /** Headers that are handed over though they hold secrets, in lower case, such as 'authorization'. @default [] */
  readonly keepHeaders: readonly string[]
}

export function webhookOptionsOf(params: NodeDefinition['params']): WebhookOptions {
  const { parse, challenge, keepHeaders } = params ?? {}
  const kept = Array.isArray(keepHeaders) ? keepHeaders : []
  return {
    parse: parse !== false,
    ...(typeof challenge === 'string' && challenge !== '' ? { challenge } : {}),
    keepHeaders: kept.map((name) => String(name).toLowerCase()),
  }
}

/** What is wrong with them. */
export function webhookProblems(
  { nodes }: WorkflowBlueprint,
  implementationOf: (uses: string) => unknown,
): string[] {
  return nodes.flatMap(({ id, uses, params }) => {
    if (uses !== 'webhook' && !isWebhook(implementationOf(uses))) return []
    const { parse, challenge, keepHeaders } = params ?? {}
    const problems: string[] = []
    if (parse !== undefined && typeof parse !== 'boolean')
      problems.push(`parse must be true or false; got ${show(parse)}`)
    if (challenge !== undefined && (typeof challenge !== 'string' || challenge === ''))
      problems.push(`challenge must be the name of a query parameter; got ${show(challenge)}`)
    if (keepHeaders !== undefined && !isTexts(keepHeaders))
      problems.push(`keepHeaders must be a list of names; got ${show(keepHeaders)}`)
    return problems.map((problem) => `node '${id}': ${problem}`)
  })
}

function isWebhook(implementation: unknown): boolean {
  if (typeof implementation !== 'function' || !isNodeClass(implementation)) return false
  return implementation === WebhookNode || implementation.prototype instanceof WebhookNode
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

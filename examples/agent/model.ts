/** The model: replace the body of `askModel` by a call of yours, and nothing else has to change. */
import type { Tool } from './tools.js'

export interface ToolCall {
  id: string
  name: string
  input: Record<string, unknown>
}

export type Message =
  | { role: 'user'; text: string }
  | { role: 'model'; text?: string; calls?: ToolCall[] }
  | { role: 'tool'; callId: string; text: string }

/** An answer, or calls of tools that it needs for one. */
export interface Reply {
  text?: string
  calls?: ToolCall[]
  /** What it cost, US dollars: tokens times their price. */
  usd: number
}

export type AskModel = (messages: Message[], tools: Tool[]) => Promise<Reply>

const USD_PER_ANSWER = 0.002

/** Stands in for a model: looks up the orders that the question names, and gives their money back. */
export const askModel: AskModel = async (messages) => {
  const [question] = messages
  const orders = question?.text?.match(/\b[A-Z]-\d+\b/g) ?? []
  const said = messages.filter((message) => message.role === 'tool').map(({ text }) => text)
  const asked = messages.filter(({ role }) => role === 'model').length
  const name = ['order', 'refund'][asked]
  if (orders.length === 0 || name === undefined || said.some((text) => text.startsWith('a person refused')))
    return { text: said.at(-1) ?? 'Of which order would you like the money back?', usd: USD_PER_ANSWER }
  const calls = orders.map((orderId) => ({ id: `${name}-${orderId}`, name, input: { orderId } }))
  return { calls, usd: USD_PER_ANSWER }
}

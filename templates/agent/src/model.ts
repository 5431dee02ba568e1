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
}

export type AskModel = (messages: Message[], tools: Tool[]) => Promise<Reply>

/** Stands in for a model: looks up the weather of every place that the question names, and answers with that. */
export const askModel: AskModel = async (messages) => {
  const said = messages.filter((message) => message.role === 'tool').map(({ text }) => text)
  if (said.length > 0) return { text: said.join(' ') }
  const [question] = messages
  const places = question?.text?.match(/\b(?<!^)\p{Lu}\p{L}+/gu) ?? []
  if (places.length === 0) return { text: 'Of which place would you like to know the weather?' }
  return { calls: places.map((place, at) => ({ id: `call-${at}`, name: 'weather', input: { place } })) }
}

/**
 * An agent: a model is asked, calls tools, and is asked again with what they said, until it answers.
 *
 *     model ──▶ answer
 *      │ ▲
 *      ▼ │
 *     tools
 *
 * What the model answers and what the tools say is kept as soon as it is there. If a worker dies, another one goes on where it
 * was, and pays for no answer again that was kept. So a node may run twice, but only the one that was under way.
 */
import { createFlow, type NodeContext } from 'flowcraft'
import { defineFlows, NonRetryableError } from 'flowcraft-aws'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import type { AskModel, Message, Reply, ToolCall } from './model.js'
import { tools } from './tools.js'

/** What a run starts from. A wrong input starts nothing. Schemas of zod and arktype do as well. */
const agentInput = v.object({
  question: v.pipe(v.string(), v.nonEmpty()),
  /** How often the model may be asked. */
  maxRounds: v.optional(v.pipe(v.number(), v.minValue(1)), 8),
})
type Context = v.InferOutput<typeof agentInput> & {
  messages: Message[]
}

/** What nodes use, and tests replace. The worker gives it (worker.ts). */
export interface Services {
  askModel: AskModel
}

/** What a node is called with. Its `input` is what `inputs` below names: keys of the run's context, outputs of nodes. */
type Call<Input> = NodeContext<Context, Services, Input>

interface Conversation {
  question: string
  messages?: Message[]
  maxRounds: number
}

/** The `action` of a node decides which of its edges are taken. */
async function model({ input, context, dependencies }: Call<Conversation>) {
  const { question, messages = [{ role: 'user', text: question }], maxRounds } = input!
  const rounds = messages.filter(({ role }) => role === 'model').length
  if (rounds >= maxRounds) throw new NonRetryableError(`no answer after ${rounds} rounds`)
  const reply = await dependencies.askModel(messages, Object.values(tools))
  await context.set('messages', [...messages, { role: 'model', ...reply }])
  return { output: reply, action: reply.calls?.length ? 'call' : 'answer' }
}

async function useTools({ input, context }: Call<{ messages: Message[]; reply: Reply }>) {
  const { messages, reply } = input!
  const said = await Promise.all((reply.calls ?? []).map(useTool))
  await context.set('messages', [...messages, ...said])
  return { output: said.length }
}

/** What a tool cannot do, the model is told. */
async function useTool({ id: callId, name, input }: ToolCall): Promise<Message> {
  const text = tools[name] ? await tools[name].run(input).catch(String) : `there is no tool ${name}`
  return { role: 'tool', callId, text }
}

async function answer({ input: reply }: Call<Reply>) {
  return { output: reply?.text ?? '' }
}

const agent = createFlow<Context, Services>('agent')
  // Models are busy at times: tried up to five times, after about 2, 4, 8 and 16 seconds.
  .node('model', model, {
    inputs: { question: 'question', messages: 'messages', maxRounds: 'maxRounds' },
    config: {
      joinStrategy: 'any',
      timeout: 45_000,
      retry: { maxAttempts: 5, delay: '2s', backoff: 'exponential' },
    },
  })

  // A loop: back to the model. Nodes of a loop run whenever any of their edges is taken.
  .node('tools', useTools, {
    inputs: { messages: 'messages', reply: 'model' },
    config: { joinStrategy: 'any' },
  })
  .edge('model', 'tools', { action: 'call' })
  .edge('tools', 'model')
  .setCycleEntryPoint('model')

  .node('answer', answer, { inputs: 'model' })
  .edge('model', 'answer', { action: 'answer' })

export const flows = defineFlows({
  agent: { flow: agent, input: toStandardJsonSchema(agentInput) },
})

/** For callers, which then know ids and inputs: `new StartRunInvoker<Flows>()`. */
export type Flows = typeof flows

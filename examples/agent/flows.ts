/**
 * An agent: a model is asked, calls tools, and is asked again with what they said, until it answers. A tool that cannot be undone
 * waits for a person. What the model costs is counted, and the run may have a budget.
 *
 *     model ──answer──▶ answer
 *      │ ▲ └──ask──▶ approval ──approve──▶ tools
 *      │ │              └──────refuse────▶ refused ──▶ model
 *      ▼ │
 *     tools
 *
 * What the model answered and what the tools said is kept as soon as it is there. If a worker dies, another one goes on where it
 * was, and pays for no answer again that was kept.
 */
import { createFlow, type NodeContext } from 'flowcraft'
import { addCost, defineFlows, NonRetryableError } from 'flowcraft-aws'
import type { AskModel, Message, Reply, ToolCall } from './model.js'
import type { Tools } from './tools.js'

export interface Context {
  question: string
  messages: Message[]
}
/** What nodes use, and tests replace. The worker gives it (worker.ts). */
export interface Services {
  askModel: AskModel
  tools: Tools
}
/** What a node is called with. Its `input` is what `inputs` below names: keys of the run's context, outputs of nodes. */
type Call<Input> = NodeContext<Context, Services, Input>
interface Turn {
  messages: Message[]
  reply: Reply
}

const ROUNDS = 8

/** The `action` of a node decides which of its edges are taken. */
async function model({ input, context, dependencies }: Call<{ question: string; messages?: Message[] }>) {
  const { question, messages = [{ role: 'user', text: question }] } = input!
  const rounds = messages.filter(({ role }) => role === 'model').length
  if (rounds >= ROUNDS) throw new NonRetryableError(`no answer after ${rounds} rounds`)
  const reply = await dependencies.askModel(messages, Object.values(dependencies.tools))
  addCost(dependencies, 'model', reply.usd)
  await context.set('messages', [...messages, { role: 'model', ...reply }])
  const calls = reply.calls ?? []
  if (calls.length === 0) return { output: reply, action: 'answer' }
  return {
    output: reply,
    action: calls.some(({ name }) => dependencies.tools[name]?.dangerous) ? 'ask' : 'call',
  }
}

async function useTools({ input, context, dependencies }: Call<Turn>) {
  const { messages, reply } = input!
  const said = await Promise.all((reply.calls ?? []).map((call) => useTool(dependencies.tools, call)))
  await context.set('messages', [...messages, ...said])
  return { output: said.length }
}

/** A call's id is its own in the world, so a tool takes it as the key by which it does nothing twice. What it cannot do, the model is told. */
async function useTool(tools: Tools, { id: callId, name, input }: ToolCall): Promise<Message> {
  const text = tools[name] ? await tools[name].run(input, callId).catch(String) : `there is no tool ${name}`
  return { role: 'tool', callId, text }
}

/** The model is told, and may think of something else. */
async function refused({ input, context }: Call<Turn>) {
  const { messages, reply } = input!
  const said = (reply.calls ?? []).map(({ id: callId }) => ({
    role: 'tool' as const,
    callId,
    text: 'a person refused this',
  }))
  await context.set('messages', [...messages, ...said])
  return { output: said.length }
}

async function answer({ input: reply }: Call<Reply>) {
  return { output: reply?.text ?? '' }
}

// Nodes of a loop run whenever any of their edges is taken.
const inLoop = { joinStrategy: 'any' } as const
const turn = { messages: 'messages', reply: 'model' }

export const agent = createFlow<Context, Services>('agent')
  // Models are busy at times: tried up to five times, after about 2, 4, 8 and 16 seconds.
  .node('model', model, {
    inputs: { question: 'question', messages: 'messages' },
    config: {
      ...inLoop,
      timeout: 45_000,
      retry: { maxAttempts: 5, delay: '2s', backoff: 'exponential' },
    },
  })
  .node('tools', useTools, { inputs: turn, config: inLoop })
  .edge('model', 'tools', { action: 'call' })
  .edge('tools', 'model')

  // A person decides within a day; silence is a no.
  .wait('approval', { params: { timeout: '1d', timeoutAction: 'refuse' }, config: inLoop })
  .edge('model', 'approval', { action: 'ask' })
  .edge('approval', 'tools', { action: 'approve' })
  .node('refused', refused, { inputs: turn, config: inLoop })
  .edge('approval', 'refused', { action: 'refuse' })
  .edge('refused', 'model')
  .setCycleEntryPoint('model')

  .node('answer', answer, { inputs: 'model' })
  .edge('model', 'answer', { action: 'answer' })

export const flows = defineFlows({ agent: { flow: agent, waits: ['approval'] } })

/** For callers, which then know ids, inputs and waits: `new StartRunInvoker<Flows>()`. */
export type Flows = typeof flows

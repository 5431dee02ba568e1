import { createFlow, type NodeContext } from 'flowcraft'
import { addCost, NonRetryableError } from 'flowcraft-aws'
import type { AskModel, Message, Proposal } from './model.js'

interface Claim {
  text: string
}

/** What nodes use, and tests replace. */
export interface Services {
  askModel: AskModel
}

type Call<Input = unknown> = NodeContext<Claim & { messages: Message[] }, Services, Input>

const MAX_QUESTIONS = 5

/** Asks the model what to do with the claim. What it answered is kept: no crash makes you pay for it again. */
async function propose({ context, dependencies }: Call) {
  const messages = (await context.get('messages')) ?? [
    { role: 'user', text: (await context.get('text')) ?? '' },
  ]
  if (messages.filter(({ role }) => role === 'model').length >= MAX_QUESTIONS) {
    throw new NonRetryableError(`no decision after ${MAX_QUESTIONS} answers of the model`)
  }
  const { proposal, usd } = await dependencies.askModel(messages)
  addCost(dependencies, 'model', usd)
  await context.set('messages', [...messages, { role: 'model', text: JSON.stringify(proposal) }])
  return { output: proposal }
}

/** A person has read the proposal. Their correction goes back to the model. */
async function hear({ input, context }: Call<{ correction: string }>) {
  const messages = (await context.get('messages')) ?? []
  await context.set('messages', [...messages, { role: 'user', text: input?.correction ?? '' }])
  return { output: messages.length + 1 }
}

async function book({ input }: Call<Proposal>) {
  return { output: `booked ${input!.cents} cents on ${input!.account}` }
}

export const assistant = createFlow<Claim & { messages: Message[] }, Services>('assistant')
  .node('propose', propose, {
    config: {
      joinStrategy: 'any',
      timeout: 45_000,
      // Models are busy at times: after about 2, 4, 8 and 16 seconds.
      retry: { maxAttempts: 5, delay: '2s', backoff: 'exponential' },
    },
  })
  .wait('review', { config: { joinStrategy: 'any' } })
  .edge('propose', 'review')

  // A loop: the model tries again with what the person said. Its nodes are joins of 'any', so that each round runs them.
  .node('hear', hear, { config: { joinStrategy: 'any' } })
  .edge('review', 'hear', { action: 'correct' })
  .edge('hear', 'propose')
  .setCycleEntryPoint('propose')

  .node('book', book, { inputs: 'propose' })
  .edge('review', 'book', { action: 'accept' })

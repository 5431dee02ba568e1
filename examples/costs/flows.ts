import { createFlow, type NodeContext } from 'flowcraft'
import { addCost } from 'flowcraft-aws'

const USD_PER_TOKEN = 0.000003

/** A model that is paid for by the token. */
async function ask(question: string): Promise<{ text: string; tokens: number }> {
  return { text: `about ${question}`, tokens: 4_000 }
}

export const summary = createFlow('summary').node('ask', async ({ context, dependencies }: NodeContext) => {
  const { text, tokens } = await ask(String(await context.get('question')))
  addCost(dependencies, 'bedrock', tokens * USD_PER_TOKEN)
  return { output: text }
})

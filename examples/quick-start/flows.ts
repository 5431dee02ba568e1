import { createFlow, type NodeContext } from 'flowcraft'

export const greeting = createFlow('greeting')
  .node('hello', async ({ context }: NodeContext) => ({ output: `Hello, ${await context.get('name')}` }))
  .node('shout', async ({ input }: NodeContext) => ({ output: `${input}!`.toUpperCase() }))
  .edge('hello', 'shout')

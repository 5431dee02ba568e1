/** Flows for workers of which some die: one whose node ends its process, calm ones, and a batch with such an item. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createFlow, type NodeContext } from 'flowcraft'

const ways: Record<string, () => void> = {
  exits: () => process.exit(1),
  'throws in a timer': () =>
    setTimeout(() => {
      throw new Error('in a timer')
    }, 0),
  'leaves a rejection unhandled': () => void Promise.reject(new Error('unhandled')),
}

/** After 0.1 s it ends its process, in the way that the input names. */
async function kill({ context }: NodeContext): Promise<{ output: string }> {
  const way = (await context.get('way' as never)) as unknown as string
  console.log(`killer ${way}`)
  await sleep(100)
  ways[way]?.()
  await sleep(1_000)
  return { output: 'it lives on' }
}

async function calm({ input }: NodeContext): Promise<{ output: string }> {
  await sleep(400)
  return { output: `calm ${String(input ?? '')}`.trim() }
}

async function item({ input }: NodeContext): Promise<{ output: string }> {
  console.log(`item ${String(input)}`)
  await sleep(100)
  if (input === 'killer') process.exit(1)
  return { output: `calm ${String(input)}` }
}

const mixed = createFlow('mixed')
  .node('list', async () => ({ output: ['a', 'killer', 'b', 'c'] }))
  .batch('work', item as never, { inputKey: 'list', outputKey: 'worked' })
  .edge('list', 'work_scatter')

export const flows = [createFlow('killer').node('kill', kill), createFlow('calm').node('rest', calm), mixed]

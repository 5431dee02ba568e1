/** The workflow of runs whose items stand in `fixtures` as older versions wrote them, halfway. */
import { createFlow, type FlowBuilder, type NodeContext } from 'flowcraft'

/** In `old-run.json`: of version 1. */
export const OLD_RUN_ID = 'old-run'
/** In `run-of-format-2.json`: half of the branches are done, one is under way, and the worker of another has died. */
export const RUN_OF_FORMAT_2 = 'run-of-format-2'
const KEYS = 40
export const BRANCHES = 60

async function body({ context }: NodeContext) {
  const round = ((await context.get('round')) as number | undefined) ?? 0
  await context.set('round', round + 1)
  await context.set('again', round < 2)
  return { output: `round ${round}` }
}

/** Keys and small outputs that fill the header; a loop; a large value; many branches; a wait; a join of all. */
export function oldFlow(): FlowBuilder {
  const flow = createFlow('old')
  for (let at = 0; at < KEYS; at++) {
    flow.node(`k${at}`, async ({ context }: NodeContext) => {
      await context.set(`key ${at}`, `value ${at}`)
      if (at === 3) await context.set('large', 'x'.repeat(2_000))
      return { output: { at } }
    })
    if (at > 0) flow.edge(`k${at - 1}`, `k${at}`)
  }
  flow.node('body', body, { config: { joinStrategy: 'any' } })
  flow.edge(`k${KEYS - 1}`, 'body')
  flow.loop('loop', { startNodeId: 'body', endNodeId: 'body', condition: 'again' })
  flow.node('fan', async () => ({ output: 'go' })).edge('loop', 'fan', { action: 'break' })
  flow.wait('approved').edge('fan', 'approved')
  for (let at = 0; at < BRANCHES; at++) {
    flow.node(`b${at}`, async ({ input, context }: NodeContext) => ({
      output: `${String(input)} ${at} ${String(await context.get(`key ${at % KEYS}`))}`,
    }))
    flow.edge('fan', `b${at}`).edge(`b${at}`, 'join')
  }
  flow.node('join', async ({ context }: NodeContext) => {
    const outputs = await Promise.all(
      Array.from({ length: BRANCHES }, (_, at) => context.get(`b${at}`) as Promise<string>),
    )
    const large = (await context.get('large')) as string
    return {
      output: [...outputs, large.length, await context.get('round'), await context.get('approved')].join(),
    }
  })
  flow.edge('approved', 'join')
  return flow
}

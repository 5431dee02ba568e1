/** The flows of `runs.contract.ts`, without its test runner: what a worker has. */
import { createFlow, type NodeContext, SubflowNode } from 'flowcraft'
import { addCost } from '../../lib/index.ts'

/** Each run of it costs a dollar. */
async function pay({ dependencies }: NodeContext) {
  addCost(dependencies, 'model', 1)
  return { output: 'paid' }
}

/** What the workers behind the runs must have. */
export const contractFlows = [
  createFlow('greet').node('hello', async ({ context }) => ({
    output: `Hello, ${await context.get('name')}`,
  })),
  createFlow('approval')
    .node('ask', async () => ({ output: 'asked' }))
    .wait('decide')
    .node('ship', async ({ input }) => ({ output: `shipped by ${(input as { by: string }).by}` }))
    .node('refuse', async () => ({ output: 'refused' }))
    .edge('ask', 'decide')
    .edge('decide', 'ship', { action: 'yes' })
    .edge('decide', 'refuse', { action: 'no' }),
  createFlow('breaks').node('break', async ({ context }) => {
    throw new Error(`no ${await context.get('what')} after ${Date.now()} ms`)
  }),
  createFlow('mends').node('mend', async ({ context }) => {
    if (!(await context.get('mended'))) throw new Error(`${await context.get('what')} is broken`)
    return { output: 'mended' }
  }),
  createFlow('stands')
    .node('one', async () => ({ output: 1 }))
    .wait('go')
    .node('two', async () => ({ output: 2 }))
    .edge('one', 'go')
    .edge('go', 'two'),
  createFlow('pays')
    .node('first', pay)
    .node('second', pay)
    .node('third', pay)
    .edge('first', 'second')
    .edge('second', 'third'),
  createFlow('pays-for-child')
    .node('first', pay)
    .node('sub', SubflowNode, { params: { blueprintId: 'pays' } })
    .edge('first', 'sub'),
  createFlow('outer').node('sub', SubflowNode, { params: { blueprintId: 'inner' } }),
  createFlow('inner').node('leaf', async () => ({ output: 'leaf' })),
]

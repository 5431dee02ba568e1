import { createFlow, type NodeContext } from 'flowcraft'
import type { Expense } from './expense.js'

const NEEDS_APPROVAL_CENTS = 10_000

async function check({ context }: NodeContext<Expense>) {
  const cents = (await context.get('cents')) ?? 0
  return { output: cents, action: cents < NEEDS_APPROVAL_CENTS ? 'small' : 'large' }
}

export const claim = createFlow<Expense>('claim')
  .node('check', check)

  // The run stops here, and nothing works on it, until somebody decides or three days are over.
  .wait('approval', { params: { timeout: '3d' } })
  .edge('check', 'approval', { action: 'large' })

  .node('pay', async ({ context }) => ({ output: `paid ${await context.get('cents')} cents` }), {
    config: { joinStrategy: 'any' },
  })
  .edge('check', 'pay', { action: 'small' })
  .edge('approval', 'pay', { action: 'approve' })

  .node('refuse', async ({ input }) => ({ output: `refused: ${input?.because ?? 'nobody answered'}` }), {
    config: { joinStrategy: 'any' },
  })
  .edge('approval', 'refuse', { action: 'refuse' })
  .edge('approval', 'refuse', { action: 'timeout' })

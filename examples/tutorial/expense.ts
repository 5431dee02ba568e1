import { createFlow, type NodeContext } from 'flowcraft'

/** What a run starts from. */
export interface Expense {
  employee: string
  purpose: string
  cents: number
}

export const expense = createFlow<Expense>('expense')
  .node('check', async ({ context }: NodeContext<Expense>) => {
    const cents = (await context.get('cents')) ?? 0
    if (cents <= 0) throw new Error(`An expense is more than nothing, got ${cents} cents`)
    return { output: { cents, currency: 'EUR' } }
  })
  .node('pay', async ({ input, context }) => ({
    output: `paid ${input.cents / 100} ${input.currency} to ${await context.get('employee')}`,
  }))
  .edge('check', 'pay')

import { StartRunInvoker } from 'flowcraft-aws'
import type { Expense } from './expense.js'

const runs = new StartRunInvoker()

/** The run has the id of the claim: a request that comes twice starts one run. */
export const handler = ({ id, ...input }: Expense & { id: string }) =>
  runs.start({ blueprintId: 'claim', input, runId: `claim-${id}` })

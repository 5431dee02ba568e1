import { createFlow } from 'flowcraft'

export interface Receipt {
  file: string
  cents: number
}

/** Stands in for a service that reads pictures of receipts. */
async function read({ file, cents }: Receipt): Promise<Receipt> {
  if (!file.endsWith('.jpg')) throw new Error(`${file} is no picture`)
  return { file, cents }
}

export const report = createFlow<{ receipts: Receipt[] }>('report')
  // One message for each receipt: they are read at the same time, by as many workers as there are.
  .batch('read', async ({ input }) => ({ output: await read(input as Receipt) }), {
    inputKey: 'receipts',
    outputKey: 'lines',
  })
  .node('total', async ({ context }) => {
    const lines = ((await context.get('lines')) ?? []) as Receipt[]
    return { output: { receipts: lines.length, cents: lines.reduce((sum, { cents }) => sum + cents, 0) } }
  })
  .edge('read_gather', 'total')

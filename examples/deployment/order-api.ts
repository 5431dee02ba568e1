import { StartRunInvoker } from 'flowcraft-aws'

const runs = new StartRunInvoker()

export const handler = (order: { id: string; name: string }) =>
  runs.start({ blueprintId: 'greeting', input: { name: order.name }, runId: `order-${order.id}` })

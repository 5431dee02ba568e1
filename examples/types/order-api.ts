import { isFlowcraftAwsError, StartRunInvoker } from 'flowcraft-aws'
import type { Flows } from './flows.js'

const runs = new StartRunInvoker<Flows>()

export async function handler(order: { id: string; quantity?: number }) {
  try {
    const input = { orderId: order.id, quantity: order.quantity }
    const { runId } = await runs.start({ blueprintId: 'order', input, runId: `order-${order.id}` })
    return { statusCode: 202, body: runId }
  } catch (error) {
    if (isFlowcraftAwsError(error, 'INVALID_INPUT')) return { statusCode: 400, body: error.message }
    if (isFlowcraftAwsError(error, 'RUN_CONFLICT')) return { statusCode: 409, body: error.message }
    throw error
  }
}

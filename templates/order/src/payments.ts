/** Stands in for your payment provider: call it here. */
import type { Order } from './flows.js'

export interface Payments {
  /** The same order is charged once, however often this is called: providers take a key for that. */
  charge(order: Order): Promise<{ receipt: string }>
}

export const payments: Payments = {
  async charge({ orderId }) {
    return { receipt: `receipt-${orderId}` }
  },
}

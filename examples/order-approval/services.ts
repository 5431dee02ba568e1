/** Stands in for your payment provider and for your mail: call them here. */
import type { Order } from './flows.js'

export interface Payments {
  /** @returns the receipt. The same order is charged once, however often this is called: providers take a key for that. */
  charge(order: Order): Promise<string>
}

export interface People {
  /** A reminder that comes twice does no harm. */
  remind(orderId: string, time: number): Promise<void>
}

export const payments: Payments = {
  async charge({ orderId }) {
    return `receipt-${orderId}`
  },
}

export const people: People = {
  async remind(orderId, time) {
    console.log(JSON.stringify({ reminder: time, orderId }))
  },
}

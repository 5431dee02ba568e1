/** What the model may call: add yours here. */
export interface Tool {
  name: string
  description: string
  /** A JSON schema of what `run` takes. */
  inputSchema: object
  /** Whether a person must allow each call. */
  dangerous?: boolean
  /** `key` is the same if the call is made twice: what it does outside, it does once by it. */
  run(input: Record<string, unknown>, key: string): Promise<string>
}
export type Tools = Readonly<Record<string, Tool>>

const inputSchema = { type: 'object', properties: { orderId: { type: 'string' } }, required: ['orderId'] }

/** Stands in for the orders' database. */
const order: Tool = {
  name: 'order',
  description: 'What was ordered, and when it came',
  inputSchema,
  run: async ({ orderId }) => `Order ${String(orderId)}: a kettle, for $39. It came two days ago.`,
}

/** Stands in for the payment provider, which takes `key` as its idempotency key. */
const refund: Tool = {
  name: 'refund',
  description: 'Gives the money for an order back',
  inputSchema,
  dangerous: true,
  run: async ({ orderId }, key) => {
    console.log(JSON.stringify({ refunded: orderId, key }))
    return `The money for order ${String(orderId)} was given back.`
  },
}

export const tools: Tools = { order, refund }

/** A node is a function: what it is given, what it gives. */
import type { NodeContext } from 'flowcraft'

export async function check({ context }: NodeContext) {
  return { output: await context.get('cents') }
}

export async function charge({ context }: NodeContext) {
  return { output: `receipt-${await context.get('orderId')}` }
}

export async function ship({ input: receipt }: NodeContext) {
  return { output: `shipped, ${receipt}` }
}

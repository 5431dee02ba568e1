/**
 * An order. A small one is charged at once; a large one waits until somebody has approved it.
 *
 *     check ──────────────▶ charge ──▶ ship
 *       │                     ▲
 *       └──▶ approval ────────┤
 *                             └──▶ refuse
 *
 * Nothing runs while an order waits, for minutes or for months. If a worker dies, another one goes on where it was; so
 * a node may run twice, and what it does outside the run is named by the order.
 */
import { createFlow, type NodeContext } from 'flowcraft'
import { defineFlows } from 'flowcraft-aws'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import type { Payments } from './payments.js'

/** What a run starts from. A wrong input starts nothing. Schemas of zod and arktype do as well. */
const orderInput = v.object({
  orderId: v.pipe(v.string(), v.nonEmpty()),
  total: v.pipe(v.number(), v.minValue(0)),
})
export type Order = v.InferOutput<typeof orderInput>

/** What nodes use, and tests replace. The worker gives it (worker.ts). */
export interface Services {
  payments: Payments
}

/** What a node is called with. Its `input` is what `inputs` below names: keys of the run's context, outputs of nodes. */
type Call<Input> = NodeContext<Order, Services, Input>

const LARGE = 100

/** The `action` of a node decides which of its edges are taken. */
async function check({ input: total = 0 }: Call<number>) {
  return { output: { checked: total }, action: total < LARGE ? 'small' : 'large' }
}

async function charge({ input, dependencies }: Call<Order>) {
  const { receipt } = await dependencies.payments.charge(input!)
  return { output: receipt }
}

async function ship({ input }: Call<{ orderId: string; receipt: string }>) {
  const { orderId, receipt } = input!
  return { output: { parcel: `parcel-${orderId}`, receipt } }
}

async function refuse({ input: orderId }: Call<string>) {
  return { output: `order ${orderId} was refused` }
}

const order = createFlow<Order, Services>('order')
  .node('check', check, { inputs: 'total' })

  // A large order waits here: flowcraft-aws resume <run> --node approval --action approve
  .wait('approval')
  .edge('check', 'approval', { action: 'large' })

  // Tried up to five times, after about 2, 4, 8 and 16 seconds. It runs after either of its two edges.
  .node('charge', charge, {
    inputs: { orderId: 'orderId', total: 'total' },
    config: { joinStrategy: 'any', retry: { maxAttempts: 5, delay: '2s', backoff: 'exponential' } },
  })
  .edge('check', 'charge', { action: 'small' })
  .edge('approval', 'charge', { action: 'approve' })

  .node('refuse', refuse, { inputs: 'orderId' })
  .edge('approval', 'refuse', { action: 'refuse' })

  .node('ship', ship, { inputs: { orderId: 'orderId', receipt: 'charge' } })
  .edge('charge', 'ship')

export const flows = defineFlows({
  order: { flow: order, input: toStandardJsonSchema(orderInput), waits: ['approval'] },
})

/** For callers, which then know ids, inputs and waits: `new StartRunInvoker<Flows>()`. */
export type Flows = typeof flows

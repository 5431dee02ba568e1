/**
 * An order. A large one waits until a person has approved it. The person is reminded each day, and the order is refused when
 * nobody has answered the third time.
 *
 *     check ──large──▶ approval ──approve──▶ charge ──▶ ship
 *       │               ▲    │ ├──refuse────▶ refuse
 *       │          again│    │timeout           ▲
 *       │               remind ────give up──────┘
 *       └──small───────────────────────────▶ charge
 *
 * Nothing runs and nothing is paid for while an order waits. If a worker dies, another one goes on where it was, so a node may
 * run twice: what it does outside the run is named by the order.
 */
import { createFlow, type NodeContext } from 'flowcraft'
import { defineFlows, NonRetryableError } from 'flowcraft-aws'
import type { People, Payments } from './services.js'

export interface Order {
  orderId: string
  cents: number
}
export interface Context extends Order {
  reminders: number
}
/** What nodes use, and tests replace. The worker gives it (worker.ts). */
export interface Services {
  payments: Payments
  people: People
}
/** What a node is called with. Its `input` is what `inputs` below names: keys of the run's context, outputs of nodes. */
type Call<Input> = NodeContext<Context, Services, Input>

const LARGE_CENTS = 10_000
const REMINDERS = 2

/** The `action` of a node decides which of its edges are taken. */
async function check({ input: cents = 0 }: Call<number>) {
  if (!(cents > 0)) throw new NonRetryableError(`an order costs more than nothing; got ${cents} cents`)
  return { output: { cents }, action: cents < LARGE_CENTS ? 'small' : 'large' }
}

/** Nobody answered in time: the edge back to `approval` is the next day's wait. */
async function remind({ input: orderId, context, dependencies }: Call<string>) {
  const before = (await context.get('reminders')) ?? 0
  if (before === REMINDERS) return { output: { reminders: before }, action: 'give up' }
  await dependencies.people.remind(orderId!, before + 1)
  await context.set('reminders', before + 1)
  return { output: { reminders: before + 1 }, action: 'again' }
}

async function charge({ input, dependencies }: Call<Order>) {
  return { output: await dependencies.payments.charge(input!) }
}

async function ship({ input }: Call<{ orderId: string; receipt: string }>) {
  return { output: { parcel: `parcel-${input!.orderId}`, receipt: input!.receipt } }
}

async function refuse({ input: orderId }: Call<string>) {
  return { output: `order ${orderId} was refused` }
}

export const order = createFlow<Context, Services>('order')
  .node('check', check, { inputs: 'cents' })

  // A person answers: flowcraft-aws resume <run> --node approval --action approve. It is a loop, so any edge begins it.
  .wait('approval', { params: { timeout: '1d' }, config: { joinStrategy: 'any' } })
  .edge('check', 'approval', { action: 'large' })
  .node('remind', remind, { inputs: 'orderId', config: { joinStrategy: 'any' } })
  .edge('approval', 'remind', { action: 'timeout' })
  .edge('remind', 'approval', { action: 'again' })

  // Tried up to five times, after about 2, 4, 8 and 16 seconds.
  .node('charge', charge, {
    inputs: { orderId: 'orderId', cents: 'cents' },
    config: { joinStrategy: 'any', retry: { maxAttempts: 5, delay: '2s', backoff: 'exponential' } },
  })
  .edge('check', 'charge', { action: 'small' })
  .edge('approval', 'charge', { action: 'approve' })
  .node('ship', ship, { inputs: { orderId: 'orderId', receipt: 'charge' } })
  .edge('charge', 'ship')

  .node('refuse', refuse, { inputs: 'orderId', config: { joinStrategy: 'any' } })
  .edge('approval', 'refuse', { action: 'refuse' })
  .edge('remind', 'refuse', { action: 'give up' })

export const flows = defineFlows({ order: { flow: order, waits: ['approval'] } })

/** For callers, which then know ids, inputs and waits: `new StartRunInvoker<Flows>()`. */
export type Flows = typeof flows

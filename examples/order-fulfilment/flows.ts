/**
 * An order, from the basket to the question how it was.
 *
 *            ┌▶ reserve ───────────────┐           ┌▶ ship ─▶ tryOut (3 days) ─▶ askForReview
 *     check ─┤                         ├▶ settle ──┤
 *            └▶ paymentPage ─▶ payment ┘           └▶ release
 *
 * `paymentPage` makes a URL that the payment provider calls once, and `payment` waits for that call: minutes or days,
 * nothing runs meanwhile. What a node does outside the run is named by the order, so that doing it twice does no harm.
 */
import { createFlow, WebhookNode } from 'flowcraft'

/** What a run starts from. */
export interface Order {
  orderId: string
  lines: { sku: string; quantity: number; cents: number }[]
}

/** What the payment provider posts. */
interface Payment {
  body?: { paid?: boolean; reference?: string }
}

/** What a node is called with, as far as these nodes look at it. */
interface Call<Input> {
  input?: Input
}

async function check({ input: lines = [] }: Call<Order['lines']>) {
  if (lines.length === 0) throw new Error('The order has no lines')
  const odd = lines.filter(({ quantity, cents }) => !(quantity > 0) || !(cents >= 0))
  if (odd.length > 0) throw new Error(`Not a quantity or a price: ${odd.map(({ sku }) => sku).join(', ')}`)
  return { output: { cents: lines.reduce((sum, { quantity, cents }) => sum + quantity * cents, 0) } }
}

async function reserve({ input }: Call<Order>) {
  const { orderId, lines } = input!
  return { output: lines.map(({ sku, quantity }) => ({ sku, quantity, reservation: `${orderId}/${sku}` })) }
}

/** Both are there: the goods, and an answer of the payment provider. */
async function settle({ input }: Call<{ total: { cents: number }; payment: Payment }>) {
  const { paid = false, reference } = input!.payment.body ?? {}
  return { output: { cents: input!.total.cents, reference }, action: paid ? 'paid' : 'declined' }
}

async function ship({ input: orderId }: Call<string>) {
  return { output: { tracking: `PARCEL-${orderId}` } }
}

async function askForReview({ input: orderId }: Call<string>) {
  return { output: `How do you like order ${orderId}?` }
}

async function release({ input: reserved = [] }: Call<{ reservation: string }[]>) {
  return { output: { released: reserved.map(({ reservation }) => reservation) } }
}

export const orderFulfilment = createFlow('order-fulfilment')
  .node('check', check, { inputs: 'lines' })

  // Two things at a time: the goods are put aside while the customer pays.
  .node('reserve', reserve, { inputs: { orderId: 'orderId', lines: 'lines' } })
  .node('paymentPage', WebhookNode)
  .wait('payment', { params: { eventName: 'webhook:paymentPage' } })
  .edge('check', 'reserve')
  .edge('check', 'paymentPage')
  .edge('paymentPage', 'payment')

  // A join, and a choice.
  .node('settle', settle, {
    inputs: { total: 'check', payment: 'payment' },
    config: { joinStrategy: 'all' },
  })
  .edge('reserve', 'settle')
  .edge('payment', 'settle')

  .node('ship', ship, { inputs: 'orderId' })
  .sleep('tryOut', { duration: '3d' })
  .node('askForReview', askForReview, { inputs: 'orderId' })
  .edge('settle', 'ship', { action: 'paid' })
  .edge('ship', 'tryOut')
  .edge('tryOut', 'askForReview')

  .node('release', release, { inputs: 'reserve' })
  .edge('settle', 'release', { action: 'declined' })

export const flows = [orderFulfilment]

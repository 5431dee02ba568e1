/** A flow that waits for a payment by webhook. */
import { createFlow, WebhookNode } from 'flowcraft'
import { createStartRunHandler, createWorkerHandler } from '../../../lib/index.ts'
import { contractFlows } from '../../client/contract-flows.ts'

const payment = createFlow('payment')
  .node('page', WebhookNode)
  .wait('payment', { params: { eventName: 'webhook:page' } })
  .node('settle', async ({ input }: { input?: { body?: { cents: number } } }) => ({
    output: `paid ${input?.body?.cents}`,
  }))
  .edge('page', 'payment')
  .edge('payment', 'settle')

const reminder = createFlow('reminder').node('remind', async ({ context }) => ({
  output: `${await context.get('nodeId')} of ${await context.get('runId')} waits`,
}))

const flows = [payment, reminder, ...contractFlows]
export const handler = createWorkerHandler({ flows })
export const startRun = createStartRunHandler({ flows })

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

export const handler = createWorkerHandler({ flows: [payment, ...contractFlows] })
export const startRun = createStartRunHandler({ flows: [payment, ...contractFlows] })

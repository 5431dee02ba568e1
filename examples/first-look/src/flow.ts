import { createFlow } from 'flowcraft'
import { charge, check, ship } from './nodes.js'

export const order = createFlow('order')
  .node('check', check)
  .wait('approval', { params: { timeout: '3d' } })
  .node('charge', charge, { config: { retry: { maxAttempts: 5 } } })
  .node('ship', ship)
  .edge('check', 'approval')
  .edge('approval', 'charge', { action: 'approve' })
  .edge('charge', 'ship')

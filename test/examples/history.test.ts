import { createFlow, NullLogger } from 'flowcraft'
import { expect, it } from 'vitest'
import { contextAfter, picture } from '../../examples/history/replay.ts'
import { timeline } from '../../examples/history/timeline.ts'
import { TestService } from '../../lib/testing/index.ts'

const flow = createFlow('pay')
  .node('price', async () => ({ output: 12 }))
  .node('charge', async () => {
    throw new TypeError('no card')
  })
  .edge('price', 'charge')

it('a run is told line by line, drawn, and replayed as far as one likes', async () => {
  const service = new TestService({ flows: [flow], logger: new NullLogger(), history: 'full' })
  const { runId } = await service.run({ blueprintId: 'pay' })
  const at = new Date(service.now).toISOString()

  expect(await timeline(service, runId)).toEqual([
    `${at} runStarted`,
    `${at} nodeStarted price`,
    `${at} nodeCompleted price`,
    `${at} nodeStarted charge`,
    `${at} charge failed: no card`,
    `${at} the run ended: failed`,
  ])
  const blueprint = flow.toBlueprint()
  expect(await picture(service, blueprint, runId)).toContain('style charge fill:#f8d7da')
  // The run's start, and the node's.
  expect(await contextAfter(service, blueprint, runId, 2)).toEqual({ _executionId: runId })
  expect(await contextAfter(service, blueprint, runId, 3)).toMatchObject({ price: 12 })
})

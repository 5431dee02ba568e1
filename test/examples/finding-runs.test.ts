import { NullLogger, createFlow } from 'flowcraft'
import { expect, it } from 'vitest'
import { incident } from '../../examples/finding-runs/incident.ts'
import { TestService } from '../../lib/testing/index.ts'

it('an incident is told by what failed, most frequent first', async () => {
  const flow = createFlow('pay').node('charge', async ({ context }) => {
    throw new TypeError(`no card ${await context.get('card')}`)
  })
  const service = new TestService({ flows: [flow], logger: new NullLogger() })
  for (const card of [1, 2]) await service.run({ blueprintId: 'pay', runId: `r${card}`, input: { card } })

  const lines = await incident(service, new Date(service.now))

  expect(lines).toEqual([expect.stringMatching(/^2 x pay\/charge: TypeError: no card # \(such as r[12]\)$/)])
})

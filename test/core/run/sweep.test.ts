/** What a sweep counts. */
import { createFlow, SleepNode } from 'flowcraft'
import { expect, it } from 'vitest'
import { sweep } from '../../../lib/core/run/sweep.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { takeOne } from '../../support/one-message.ts'

it('counts each job that it sends, though it looks at many runs side by side', async () => {
  const flow = createFlow('sleeper').node('s', SleepNode, { params: { duration: 3_600_000 } })
  const service = new TestService({ flows: [flow] })
  const runs = 60
  for (let at = 0; at < runs; at++) await service.start({ blueprintId: 'sleeper', runId: `r${at}` })
  for (let at = 0; at < runs; at++) await takeOne(service)
  service.now += 3_500_000

  expect(await sweep(service.services)).toEqual({
    runs,
    jobs: runs,
    released: 0,
    returned: 0,
    deadLetters: 0,
  })

  expect(service.queue.size).toBe(runs)
})

import { createFlow } from 'flowcraft'
import { expect, it, vi } from 'vitest'
import { WorkLog } from '../../lib/adapter/work-log.ts'
import { NO_TELEMETRY } from '../../lib/core/telemetry/telemetry.ts'
import { TestService } from '../../lib/testing/index.ts'
import { quiet } from '../end-to-end/driver.ts'
import { takeOne } from '../support/one-message.ts'

function said(runs: readonly string[], messages: number, left = 0, isOn = true): unknown {
  const info = vi.fn()
  const log = new WorkLog({ ...quiet, info }, { isOn })
  for (const runId of runs) log.note(runId)
  log.say(messages, left)
  return info.mock.calls
}

it('one line names the runs whose messages came together', () => {
  const ms = expect.any(Number) as number
  expect(said(['r', 'r'], 2)).toEqual([['worked on messages', { messages: 2, runId: 'r', ms }]])
  expect(said(['a', 'b'], 3, 1)).toEqual([
    ['worked on messages', { messages: 3, left: 1, runs: ['a', 'b'], ms }],
  ])
  const many = Array.from({ length: 25 }, (_, at) => `run ${at}`)
  expect(said(many, 25)).toEqual([
    ['worked on messages', { messages: 25, runs: many.slice(0, 20), moreRuns: 5, ms }],
  ])
})

it('nothing is said where each node says it, or nothing came', () => {
  expect(said(['r'], 1, 0, false)).toEqual([])
  expect(said([], 0)).toEqual([])
})

/** What a run of a node that ends and one that fails says at INFO. */
async function saidOfNodes(isOn: boolean): Promise<unknown[]> {
  const info = vi.fn()
  const flow = createFlow('two')
    .node('a', async () => ({}))
    .node('b', async () => {
      throw new Error('no good')
    })
    .edge('a', 'b')
  const service = new TestService({ flows: [flow], logger: quiet })
  await service.start({ blueprintId: 'two' })
  const services = { logger: { ...quiet, info }, telemetry: { ...NO_TELEMETRY, isOn } }
  while (service.queue.visible().length > 0) await takeOne(service, { services })
  return info.mock.calls.flatMap(([message, meta]) =>
    message === 'node ended' ? [(meta as { nodeId: string }).nodeId] : [],
  )
}

it('a node that ended well says so at INFO only where no metrics count it; one that failed in any case', async () => {
  expect(await saidOfNodes(false)).toEqual(['a', 'b'])
  expect(await saidOfNodes(true)).toEqual(['b'])
})

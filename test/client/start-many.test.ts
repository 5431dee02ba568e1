import { describe, expect, it } from 'vitest'
import { startMany, type StartManyOptions } from '../../lib/client/start-many.ts'
import type { StartRunRequest } from '../../lib/client/start-request.ts'
import type { Job } from '../../lib/core/queue/job.ts'

const requests: StartRunRequest[] = Array.from({ length: 25 }, (_, n) => ({
  blueprintId: 'order',
  runId: `run-${n}`,
}))

/** Accepts all; a run whose id ends in 5 is over. */
function optionsOf(
  sent: (readonly Job[])[],
  isBroken: (jobs: readonly Job[]) => boolean = () => false,
): StartManyOptions {
  return {
    newRunId: () => 'fresh',
    accept: async ({ runId = '', blueprintId }) => {
      const isOver = runId.endsWith('5')
      const status = isOver ? 'completed' : 'running'
      return { result: { runId, status, created: !isOver }, jobs: isOver ? [] : [{ runId, blueprintId }] }
    },
    send: async (jobs) => {
      if (isBroken(jobs)) throw new Error('no queue')
      sent.push(jobs)
    },
  }
}

describe('startMany', () => {
  it('sends the jobs of ten runs at a time', async () => {
    const sent: (readonly Job[])[] = []
    const { results } = await startMany(optionsOf(sent), requests)
    expect(results.map((result) => result.runId)).toEqual(requests.map(({ runId }) => runId))
    expect(sent.map((jobs) => jobs.length).toSorted()).toEqual([5, 9, 9])
  })

  it('says of which runs the jobs could not be sent', async () => {
    const options = optionsOf([], (jobs) => jobs.some(({ runId }) => runId === 'run-12'))
    const { failures } = await startMany(options, requests)
    // Not of run-15, which is over and needs none.
    const ids = [10, 11, 12, 13, 14, 16, 17, 18, 19].map((n) => `run-${n}`)
    expect(failures.map(({ runId }) => runId)).toEqual(ids)
    expect(failures[0]?.error).toMatchObject({ code: 'REQUEST_FAILED', retryable: true })
  })

  it('names runs that have no id, so that the same request can be made again', async () => {
    const options = { ...optionsOf([]), accept: () => Promise.reject(new Error('no table')) }
    const { failures } = await startMany(options, [{ blueprintId: 'order' }])
    expect(failures).toMatchObject([
      { runId: 'fresh', error: { message: expect.stringContaining('no table') } },
    ])
  })
})

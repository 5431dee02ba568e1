/** What `Runs` promises of what runs cost, and of what they may: one test, in memory and on the local AWS. */
import { describe, expect, it } from 'vitest'
import type { Runs } from '../../lib/index.ts'

/** Of AWS itself less than this, in US dollars: what is compared are dollars that nodes paid. */
const AWS_AT_MOST = 0.01

const refused = (call: Promise<unknown>, code: string) =>
  expect(call).rejects.toMatchObject({ name: 'FlowcraftAwsError', code })

async function hasStopped(runs: Runs, runId: string): Promise<void> {
  for await (const { status } of runs.watch(runId)) if (status === 'paused') return
}

/** `makeRuns` gives the runs of a service that has `contractFlows`, whose workers work. */
export function costsContract(name: string, makeRuns: () => Runs): void {
  describe(`what runs cost, ${name}`, () => {
    it('is told of a run, with what its nodes paid and what its child runs cost', async () => {
      const runs = makeRuns()
      const { runId } = await runs.start({ blueprintId: 'pays-for-child' })
      const { cost, status } = await runs.waitFor(runId)
      expect([status, cost?.other]).toEqual(['completed', { model: 4 }])
      const aws = (cost?.usd ?? 0) - 4
      expect(aws).toBeGreaterThanOrEqual(0)
      expect(aws).toBeLessThan(AWS_AT_MOST)
      const [child] = (await runs.list({ parentRunId: runId })).runs
      expect((await runs.get(child?.runId as string)).cost?.other).toEqual({ model: 3 })
    })

    it('is bounded: a run that has cost more fails, and goes on when it is redriven with more', async () => {
      const runs = makeRuns()
      const { runId } = await runs.start({ blueprintId: 'pays', maxUsd: 1.5 })
      expect(await runs.waitFor(runId)).toMatchObject({
        status: 'failed',
        reason: 'the run cost $2.0000; its maxUsd is $1.5000',
        nodes: { completed: ['first', 'second'] },
        budget: { maxUsd: 1.5, onBudget: 'fail' },
      })
      await refused(runs.redrive(runId), 'INVALID_STATE')
      await refused(runs.redrive(runId, { maxUsd: 0.5 }), 'INVALID_INPUT')
      await runs.redrive(runId, { maxUsd: 5, by: 'Ada' })
      expect(await runs.waitFor(runId)).toMatchObject({ status: 'completed', cost: { other: { model: 3 } } })
    })

    it('is bounded: a run is paused where it is to be, with whoever waits for it', async () => {
      const runs = makeRuns()
      const { runId } = await runs.start({ blueprintId: 'pays-for-child', maxUsd: 2.5, onBudget: 'pause' })
      await hasStopped(runs, runId)
      expect(await runs.get(runId)).toMatchObject({ status: 'paused', operations: [{ kind: 'pause' }] })
      await refused(runs.start({ blueprintId: 'pays', maxUsd: -1 }), 'INVALID_INPUT')
      await runs.unpause(runId, { maxUsd: 10 })
      expect(await runs.waitFor(runId)).toMatchObject({ status: 'completed', cost: { other: { model: 4 } } })
    })
  })
}

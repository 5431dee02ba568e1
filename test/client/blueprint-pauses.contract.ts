/** What `Runs` promises of paused blueprints: in memory, on the local AWS and on AWS. */
import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { RunDescription, Runs } from '../../lib/index.ts'

const id = () => `run-${randomUUID()}`

const refused = (call: Promise<unknown>) =>
  expect(call).rejects.toMatchObject({ name: 'FlowcraftAwsError', code: 'INVALID_INPUT' })

/** Lets the workers work until a run is so. */
async function untilIs(runs: Runs, runId: string, status: RunDescription['status']): Promise<RunDescription> {
  for (let looks = 0; ; looks++) {
    const run = await runs.get(runId)
    if (run.status === status || looks > 100) return run
    await runs.waitFor(runId, { timeoutMs: 100 }).catch(() => undefined)
  }
}

/** `makeRuns` gives the runs of a service that has `contractFlows`, whose workers see at once what is paused. */
export function blueprintPausesContract(name: string, makeRuns: () => Runs): void {
  describe(`blueprints, ${name}`, () => {
    const blueprintId = 'stands'

    it('are paused: nothing of them starts or goes on until they are unpaused', async () => {
      const runs = makeRuns()
      const labels = { test: id() }
      const { runId: begun } = await runs.start({ blueprintId, labels, runId: id() })
      expect(await untilIs(runs, begun, 'awaiting')).toMatchObject({ status: 'awaiting' })

      const why = { by: 'Ada', reason: 'it charges twice' }
      expect(await runs.pauseBlueprint(blueprintId, why)).toEqual({ paused: true })
      expect(await runs.pauseBlueprint(blueprintId, { by: 'Eve' })).toEqual({ paused: false })
      const pausedAt = expect.any(Date) as Date
      expect(await runs.pausedBlueprints()).toEqual([{ blueprintId, pausedAt, ...why }])
      expect(await runs.resume(begun, { nodeId: 'go' })).toEqual({ resumed: true })
      const { runId: fresh, created } = await runs.start({ blueprintId, labels, runId: id() })
      expect(created).toBe(true)
      const { runId: other } = await runs.start({ blueprintId: 'greet', input: { name: 'Ada' } })

      const blueprintPause = { pausedAt, ...why }
      const paused = { status: 'paused', pausedBy: 'blueprint', pausedAt, blueprintPause }
      expect(await untilIs(runs, begun, 'paused')).toMatchObject({ ...paused, nodes: { active: ['go'] } })
      expect(await untilIs(runs, fresh, 'paused')).toMatchObject({ ...paused, nodes: { completed: [] } })
      const { runs: listed } = await runs.list({ label: labels, status: 'paused' })
      expect(listed.map(({ runId, pausedBy }) => [runId, pausedBy]).toSorted()).toEqual(
        [begun, fresh].map((runId) => [runId, 'blueprint']).toSorted(),
      )
      expect(await runs.waitFor(other)).toMatchObject({ status: 'completed' })
      await expect(runs.waitFor(begun, { timeoutMs: 1 })).rejects.toMatchObject({
        code: 'RUN_TIMEOUT',
        message: expect.stringContaining('its blueprint is paused') as string,
      })
      await expect(runs.unpause(begun)).rejects.toMatchObject({ code: 'INVALID_STATE' })
      expect(await runs.pause(fresh)).toEqual({ paused: true })

      expect(await runs.unpauseBlueprint(blueprintId)).toEqual({ unpaused: true })
      expect(await runs.unpauseBlueprint(blueprintId)).toEqual({ unpaused: false })
      expect(await runs.pausedBlueprints()).toEqual([])
      expect(await runs.waitFor(begun)).toMatchObject({ status: 'completed', context: { two: 2 } })
      const own = await untilIs(runs, fresh, 'paused')
      expect(own).toMatchObject({ status: 'paused', pausedBy: 'run' })
      expect(own.blueprintPause).toBeUndefined()
      expect(await runs.unpause(fresh)).toEqual({ unpaused: true })
      await untilIs(runs, fresh, 'awaiting')
      await runs.resume(fresh, { nodeId: 'go' })
      const ended = await runs.waitFor(fresh)
      expect(ended).toMatchObject({ status: 'completed' })
      expect(ended.pausedBy).toBeUndefined()
    })

    it('may be paused together with a run of theirs: it goes on when both are over', async () => {
      const runs = makeRuns()
      const { runId } = await runs.start({ blueprintId, runId: id() })
      await untilIs(runs, runId, 'awaiting')
      await runs.pauseBlueprint(blueprintId)
      await runs.resume(runId, { nodeId: 'go' })
      await untilIs(runs, runId, 'paused')
      await runs.pause(runId)
      expect(await runs.get(runId)).toMatchObject({ pausedBy: 'run', blueprintPause: {} })
      expect(await runs.unpause(runId)).toEqual({ unpaused: true })
      expect(await untilIs(runs, runId, 'paused')).toMatchObject({ pausedBy: 'blueprint' })
      await runs.unpauseBlueprint(blueprintId)
      expect(await runs.waitFor(runId)).toMatchObject({ status: 'completed' })
    })

    it('are not paused by what is no id, nor with what is no reason', async () => {
      const runs = makeRuns()
      for (const wrong of ['', 'x'.repeat(501), 7]) {
        await refused(runs.pauseBlueprint(wrong as string))
        await refused(runs.unpauseBlueprint(wrong as string))
      }
      for (const wrong of [{ by: '' }, { reason: 'x'.repeat(501) }, { by: 'x'.repeat(101) }, { why: 'x' }])
        await refused(runs.pauseBlueprint(blueprintId, wrong))
      expect(await runs.pausedBlueprints()).toEqual([])
    })
  })
}

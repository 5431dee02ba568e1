/** What `Runs` promises, held against whatever implements it: one test, in memory, on the local AWS and on AWS. */
import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Runs } from '../../lib/index.ts'

const id = () => `run-${randomUUID()}`

const refused = (call: Promise<unknown>, code: string) =>
  expect(call).rejects.toMatchObject({ name: 'FlowcraftAwsError', code })

/** `makeRuns` gives the runs of a service that has `contractFlows`, whose workers work. */
export function runsContract(name: string, makeRuns: () => Runs): void {
  describe(`runs, ${name}`, () => {
    it('are started once per run id, and tell how they ended', async () => {
      const runs = makeRuns()
      const request = { blueprintId: 'greet', input: { name: 'Ada' }, runId: id() }

      const first = await runs.start(request)
      const again = await runs.start(request)
      const ended = await runs.waitFor(request.runId)

      expect(first).toEqual({ runId: request.runId, status: 'running', created: true })
      expect(again).toMatchObject({ runId: request.runId, created: false })
      expect(ended).toMatchObject({
        runId: request.runId,
        blueprintId: 'greet',
        status: 'completed',
        context: { hello: 'Hello, Ada' },
        nodes: { completed: ['hello'] },
      })
      expect(await runs.get(request.runId)).toEqual(ended)
      expect(await runs.start(request)).toEqual({ ...first, status: 'completed', created: false })
      const { runId } = await runs.start({ blueprintId: 'greet' })
      expect(runId).toMatch(/^[0-9a-f-]{36}$/)
    })

    it('are resumed by the first event that counts', async () => {
      const runs = makeRuns()
      const { runId } = await runs.start({ blueprintId: 'approval', runId: id() })
      await expect(runs.waitFor(runId, { timeoutMs: 2_000 })).rejects.toMatchObject({
        code: 'RUN_TIMEOUT',
        message: `run '${runId}' did not end within 2000 ms: node 'decide' waits (external_event)`,
      })
      expect(await runs.get(runId)).toMatchObject({
        status: 'awaiting',
        waiting: [{ nodeId: 'decide', reason: 'external_event' }],
      })

      const event = { nodeId: 'decide', action: 'yes', output: { by: 'Ada' }, idempotencyKey: 'once' }
      expect(await runs.resume(runId, event)).toEqual({ resumed: true })
      expect(await runs.resume(runId, event)).toEqual({ resumed: true })
      expect(await runs.resume(runId, { nodeId: 'decide', action: 'no' })).toEqual({ resumed: false })

      expect(await runs.waitFor(runId)).toMatchObject({
        status: 'completed',
        context: { ship: 'shipped by Ada' },
        nodes: { notRun: ['refuse'] },
      })
    })

    it('are cancelled unless they have ended', async () => {
      const runs = makeRuns()
      const { runId } = await runs.start({ blueprintId: 'approval', runId: id() })
      const { runId: done } = await runs.start({ blueprintId: 'greet', runId: id() })
      await runs.waitFor(done)

      expect(await runs.cancel(runId)).toEqual({ cancelled: true })
      expect(await runs.cancel(runId)).toEqual({ cancelled: true })
      expect(await runs.waitFor(runId)).toMatchObject({ status: 'cancelled' })
      expect(await runs.cancel(done)).toEqual({ cancelled: false })
    })

    it('refuse alike what cannot be', async () => {
      const runs = makeRuns()
      const runId = id()
      await runs.start({ blueprintId: 'greet', input: { name: 'Ada' }, runId })
      await runs.waitFor(runId)

      await refused(runs.start({ blueprintId: 'greet', input: { name: 'Eve' }, runId }), 'RUN_CONFLICT')
      await refused(runs.start({ blueprintId: 'greet', runId: 'a b' }), 'INVALID_INPUT')
      await refused(runs.start({ blueprintId: 'greet', input: [] as never }), 'INVALID_INPUT')
      await refused(runs.resume(runId, { nodeId: 'hello' }), 'INVALID_INPUT')
      for (const verb of ['get', 'waitFor', 'resume', 'cancel'] as const) {
        await refused(runs[verb](`${runId}-none`), 'RUN_NOT_FOUND')
        await refused(runs[verb]('a b'), 'INVALID_INPUT')
      }
    })
  })
}

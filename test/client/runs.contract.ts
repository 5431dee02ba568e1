/** What `Runs` promises, held against whatever implements it: one test, in memory, on the local AWS and on AWS. */
import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { RedriveManyRequest, RunLabels, RunPage, Runs, StartRunRequest } from '../../lib/index.ts'
import { forksContract } from './forks.contract.ts'

const id = () => `run-${randomUUID()}`

const idsOf = (page: RunPage) => page.runs.map(({ runId }) => runId)

const refused = (call: Promise<unknown>, code: string) =>
  expect(call).rejects.toMatchObject({ name: 'FlowcraftAwsError', code })

/** `Array.fromAsync`, which Node 20 lacks. */
async function allOf<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of values) all.push(value)
  return all
}

const byRunId = (a: { runId: string }, b: { runId: string }) => (a.runId < b.runId ? -1 : 1)

/** Runs that fail until they are mended, by id. */
async function failedRuns(runs: Runs, count: number, what: string, labels?: RunLabels): Promise<string[]> {
  const ids = Array.from({ length: count }, id).toSorted()
  for (const runId of ids) {
    await runs.start({ blueprintId: 'mends', runId, input: { what }, ...(labels ? { labels } : {}) })
    expect(await runs.waitFor(runId)).toMatchObject({ status: 'failed' })
  }
  return ids
}

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

    it('are started many at a time, and each is told of on its own', async () => {
      const runs = makeRuns()
      const ids = Array.from({ length: 23 }, id)
      const requests = ids.map((runId, n) => ({ blueprintId: 'greet', input: { name: `${n}` }, runId }))
      const wrong = { blueprintId: 'greet', input: 'Ada' as unknown as Record<string, unknown> }
      const other = { ...requests[3]!, input: { name: 'other' } }
      await runs.start(requests[3]!)

      const { results, failures } = await runs.startMany([
        ...requests,
        wrong,
        other,
        null as unknown as StartRunRequest,
        { blueprintId: 'greet' },
      ])
      const again = await runs.startMany(requests)

      expect(results.slice(0, 23)).toEqual(
        ids.map((runId, n) => expect.objectContaining({ runId, created: n !== 3 })),
      )
      expect(failures).toEqual(results.slice(23, 26))
      expect(failures).toMatchObject([
        { runId: expect.stringMatching(/^[0-9a-f-]{36}$/), error: { code: 'INVALID_INPUT' } },
        { runId: ids[3], error: { code: 'RUN_CONFLICT' } },
        { error: { code: 'INVALID_INPUT' } },
      ])
      expect(results[26]).toMatchObject({ created: true })
      expect(again.failures).toEqual([])
      expect(again.results).toEqual(ids.map((runId) => expect.objectContaining({ runId, created: false })))
      for (const [n, runId] of ids.entries()) {
        expect((await runs.waitFor(runId)).context['hello']).toBe(`Hello, ${n}`)
      }
      expect(await runs.startMany([])).toEqual({ results: [], failures: [] })
      await refused(runs.startMany(Array.from({ length: 1_001 }, () => requests[0]!)), 'INVALID_INPUT')
      await refused(runs.startMany('all' as unknown as []), 'INVALID_INPUT')
    })

    it('may start later, and be cancelled until then', async () => {
      const runs = makeRuns()
      const soon = { blueprintId: 'greet', input: { name: 'Ada' }, runId: id(), delayMs: 1_500 }
      const late = { blueprintId: 'greet', runId: id(), startAt: new Date(Date.UTC(2126, 0, 1)) }

      expect(await runs.start(soon)).toEqual({ runId: soon.runId, status: 'running', created: true })
      expect(await runs.startMany([late])).toMatchObject({ results: [{ created: true }], failures: [] })
      const { startsAt } = await runs.get(soon.runId)
      const other = { ...soon, delayMs: 3_600_000 }
      expect(await runs.start(other)).toMatchObject({ created: false })

      const waiting = { status: 'running', startsAt: late.startAt, nodes: { active: [] } }
      expect(await runs.get(late.runId)).toMatchObject(waiting)
      expect(await runs.cancel(late.runId)).toEqual({ cancelled: true })
      expect(await runs.waitFor(late.runId)).toMatchObject({ status: 'cancelled', startsAt: late.startAt })
      expect(await runs.waitFor(soon.runId)).toMatchObject({ status: 'completed', startsAt })
      await refused(runs.start({ ...soon, runId: id(), delayMs: -1 }), 'INVALID_INPUT')
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
        progress: [
          { nodeId: 'ask', state: 'completed' },
          { nodeId: 'decide', state: 'waiting', waiting: { reason: 'external_event' } },
          { nodeId: 'ship', state: 'notRun' },
          { nodeId: 'refuse', state: 'notRun' },
        ],
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

    it('tell what happened in them', async () => {
      const runs = makeRuns()
      const { runId } = await runs.start({ blueprintId: 'approval', runId: id() })
      await runs.waitFor(runId, { timeoutMs: 2_000 }).catch(() => undefined)
      await runs.resume(runId, { nodeId: 'decide', action: 'yes', output: { by: 'Ada' } })
      const { startedAt, endedAt } = await runs.waitFor(runId)
      const told = async () => {
        const entries = await runs.history(runId)
        return entries.map((entry) => ('nodeId' in entry ? `${entry.type} ${entry.nodeId}` : entry.type))
      }

      // The last worker writes what it noted when it has answered who waits.
      await expect
        .poll(told, { timeout: 10_000 })
        .toEqual([
          'runStarted',
          'nodeStarted ask',
          'nodeCompleted ask',
          'nodeStarted decide',
          'nodeWaits decide',
          'nodeResumed decide',
          'nodeWoke decide',
          'nodeCompleted decide',
          'nodeStarted ship',
          'nodeCompleted ship',
          'runEnded',
        ])
      const entries = await runs.history(runId)
      expect(entries[0]).toEqual({ type: 'runStarted', at: startedAt })
      expect(entries[7]).toMatchObject({ action: 'yes', next: ['ship'], durationMs: expect.any(Number) })
      expect(entries.at(-1)).toEqual({ type: 'runEnded', at: endedAt, status: 'completed' })
      await refused(runs.history(id()), 'RUN_NOT_FOUND')
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

    it('are listed, newest first, with their status and labels, by pages and one by one', async () => {
      const runs = makeRuns()
      const tenant = id()
      const started: string[] = []
      for (const blueprintId of ['greet', 'approval', 'greet']) {
        const labels = { tenant, of: blueprintId }
        started.push((await runs.start({ blueprintId, runId: id(), labels })).runId)
        await runs.waitFor(started.at(-1) as string, { timeoutMs: 2_000 }).catch(() => undefined)
      }
      const newestFirst = started.toReversed()

      const byLabel = await runs.list({ label: { tenant } })
      expect(new Set(idsOf(byLabel))).toEqual(new Set(started))
      expect(byLabel.runs.find(({ runId }) => runId === started[1])).toEqual({
        runId: started[1],
        blueprintId: 'approval',
        status: 'awaiting',
        labels: { tenant, of: 'approval' },
        startedAt: expect.any(Date),
      })
      expect(await runs.list({ label: { tenant, of: 'greet' }, status: 'completed' })).toMatchObject({
        runs: [{ endedAt: expect.any(Date) }, {}],
      })
      expect((await runs.get(started[0] as string)).labels).toEqual({ tenant, of: 'greet' })

      const startedAfter = (await runs.get(started[0] as string)).startedAt
      const own = (page: RunPage) => idsOf(page).filter((runId) => started.includes(runId))
      const all = await runs.list({ startedAfter, limit: 1_000 })
      expect(own(all).toSorted()).toEqual(newestFirst.toSorted())
      expect(own(await runs.list({ startedAfter, status: 'awaiting', blueprintId: 'approval' }))).toEqual([
        started[1],
      ])
      const seen: string[] = []
      for await (const { runId } of runs.runs({ startedAfter })) seen.push(runId)
      expect(seen).toEqual(idsOf(all))
      const first = await runs.list({ startedAfter, limit: 1 })
      const second = await runs.list({ startedAfter, limit: 1, cursor: first.cursor })
      expect([...idsOf(first), ...idsOf(second)]).toEqual(seen.slice(0, 2))
    })

    it('are listed as asked for, or not at all', async () => {
      const runs = makeRuns()
      const wrong: object[] = [
        { limit: 0 },
        { limit: 1_001 },
        { status: 'done' },
        { status: [] },
        { startedAfter: 'yesterday' },
        { startedBefore: new Date(NaN) },
        { label: { a: 1 } },
        { blueprintId: '' },
        { parentRunId: 'a b' },
        { cursor: 'x' },
        { labels: { tenant: 'acme' } },
      ]
      for (const request of wrong) await refused(runs.list(request), 'INVALID_INPUT')
      await refused(runs.list({ parentRunId: id() }), 'RUN_NOT_FOUND')
      const { cursor } = await runs.list({ limit: 1 })
      await refused(runs.list({ blueprintId: 'greet', cursor: cursor ?? 'x' }), 'INVALID_INPUT')
    })

    it('that failed are found by what they failed with', async () => {
      const runs = makeRuns()
      const what = [...'abcdef'].toSorted(() => Math.random() - 0.5).join('')
      const failed: string[] = []
      for (let at = 0; at < 2; at++) {
        const { runId } = await runs.start({ blueprintId: 'breaks', runId: id(), input: { what } })
        expect(await runs.waitFor(runId)).toMatchObject({ status: 'failed' })
        failed.unshift(runId)
      }
      const { groups } = await runs.failures({ since: new Date(0), blueprintId: 'breaks' })
      const message = `no ${what} after # ms`
      expect(groups.find((group) => group.message === message)).toMatchObject({
        blueprintId: 'breaks',
        nodeId: 'break',
        error: 'Error',
        count: 2,
        examples: expect.arrayContaining(failed),
        firstFailedAt: (await runs.get(failed[1] as string)).endedAt,
        lastFailedAt: (await runs.get(failed[0] as string)).endedAt,
      })
      await refused(runs.failures({} as never), 'INVALID_INPUT')
    })

    it('that failed alike are redriven together', async () => {
      const runs = makeRuns()
      const since = new Date(0)
      const what = [...'ghijkl'].toSorted(() => Math.random() - 0.5).join('')
      const failed = await failedRuns(runs, 3, what)
      const [other] = await failedRuns(runs, 1, `not ${what}`)
      const { groups } = await runs.failures({ since, blueprintId: 'mends' })
      const group = groups.find(({ message }) => message.startsWith(what))
      const failures = { since, group: group! }
      const all = (request: RedriveManyRequest) => allOf(runs.redriveMany(request))
      const each = (outcome: object) => failed.map((runId) => expect.objectContaining({ runId, ...outcome }))

      const planned = await all({ failures, dryRun: true })
      const impossible = await all({ failures, nodes: ['none'] })
      const first = await all({ failures, limit: 1, set: { mended: true }, by: 'Ada' })
      const rest = await all({ failures, set: { mended: true }, by: 'Ada' })

      expect(planned.toSorted(byRunId)).toEqual(each({ redriven: false, again: ['mend'] }))
      const error = expect.objectContaining({ code: 'INVALID_INPUT' })
      expect(impossible.toSorted(byRunId)).toEqual(each({ error }))
      expect([first.length, rest.length]).toEqual([1, 2])
      expect([...first, ...rest].toSorted(byRunId)).toEqual(each({ redriven: true, again: ['mend'] }))
      for (const runId of failed) {
        const { status, operations } = await runs.waitFor(runId)
        expect([status, operations]).toEqual(['completed', [expect.objectContaining({ by: 'Ada' })]])
      }
      expect(await all({ failures })).toEqual([])
      expect(await runs.get(other!)).toMatchObject({ status: 'failed' })
    })

    it('that a list has are redriven together', async () => {
      const runs = makeRuns()
      const tenant = id()
      const failed = await failedRuns(runs, 2, 'it', { tenant })
      const [other] = await failedRuns(runs, 1, 'it', { tenant: id() })
      await runs.start({ blueprintId: 'greet', labels: { tenant } })
      const request = { runs: { label: { tenant } }, set: { mended: true } }

      const outcomes = await allOf(runs.redriveMany(request))

      expect(outcomes.map(({ runId }) => runId).toSorted()).toEqual(failed)
      for (const runId of failed) expect(await runs.waitFor(runId)).toMatchObject({ status: 'completed' })
      expect(await runs.get(other!)).toMatchObject({ status: 'failed' })
    })

    it('are redriven once by two who do it at once', async () => {
      const runs = makeRuns()
      const tenant = id()
      const failed = await failedRuns(runs, 3, 'it', { tenant })
      const all = () => allOf(runs.redriveMany({ runs: { label: { tenant } }, set: { mended: true } }))

      const outcomes = (await Promise.all([all(), all()])).flat()

      const done = outcomes.filter((outcome) => !('error' in outcome))
      expect(done.map(({ runId }) => runId).toSorted()).toEqual(failed)
      for (const outcome of outcomes)
        if ('error' in outcome) expect(outcome.error.code).toMatch(/^(INVALID_STATE|RUN_ENDING)$/)
      for (const runId of failed)
        expect(await runs.waitFor(runId)).toMatchObject({ status: 'completed', redrives: 1 })
    })

    it('are not redriven together where it is not said which', async () => {
      const runs = makeRuns()
      const since = new Date(0)
      const wrong = [
        {},
        { runs: {}, failures: { since } },
        { runs: 'all' },
        { runs: { status: 'running' } },
        { runs: { statuses: 'failed' } },
        { failures: {} },
        { failures: { since, group: { error: 'Error' } } },
        { failures: { since }, limit: 0 },
        { failures: { since, limit: 5 } },
        { runs: { limit: 5 } },
        { failures: { since }, node: ['mend'] },
        { failures: { since }, nodes: [] },
      ]
      for (const request of wrong) {
        const outcomes = allOf(runs.redriveMany(request as RedriveManyRequest))
        await refused(outcomes, 'INVALID_INPUT')
      }
    })

    forksContract(makeRuns)

    it('are watched', async () => {
      const runs = makeRuns()
      const { runId } = await runs.start({ blueprintId: 'approval', runId: id() })

      const seen: string[] = []
      for await (const run of runs.watch(runId, { pollMs: 100 })) {
        seen.push(run.status)
        if (run.status === 'awaiting') await runs.resume(runId, { action: 'no' })
      }

      expect([...new Set(seen)].slice(-2)).toEqual(['awaiting', 'completed'])
      expect(await allOf(runs.watch(runId))).toEqual([await runs.get(runId)])
      await refused(allOf(runs.watch(id())), 'RUN_NOT_FOUND')
      for (const pollMs of [0, NaN, Infinity])
        await refused(allOf(runs.watch(runId, { pollMs })), 'INVALID_INPUT')
      const { runId: waits } = await runs.start({ blueprintId: 'approval', runId: id() })
      const ended = new AbortController()
      const aborted = async () => {
        for await (const _ of runs.watch(waits, { signal: ended.signal })) ended.abort()
      }
      await expect(aborted()).rejects.toMatchObject({ name: 'AbortError' })
    })

    it('have children, which their parent has', async () => {
      const runs = makeRuns()
      const { runId } = await runs.start({ blueprintId: 'outer', runId: id() })
      await runs.waitFor(runId)

      const { runs: children } = await runs.list({ parentRunId: runId })

      expect(children).toEqual([
        {
          runId: `${runId}/0.1`,
          blueprintId: 'inner',
          status: 'completed',
          parentRunId: runId,
          startedAt: expect.any(Date),
          endedAt: expect.any(Date),
        },
      ])
      expect((await runs.get(`${runId}/0.1`)).parent).toEqual({ runId, nodeId: 'sub' })
      expect((await runs.get(runId)).parent).toBeUndefined()
      const { runs: all } = await runs.list({ limit: 1_000 })
      expect(all.filter((run) => run.runId.startsWith(runId))).toHaveLength(1)
      expect(await runs.list({ parentRunId: runId, status: 'failed' })).toEqual({ runs: [] })
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

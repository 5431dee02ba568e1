/** What `Runs.fork` promises: a part of `runs.contract.ts`. */
import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import type { Runs } from '../../lib/index.ts'

const id = () => `run-${randomUUID()}`

const refused = (call: Promise<unknown>, code: string) =>
  expect(call).rejects.toMatchObject({ name: 'FlowcraftAwsError', code })

export function forksContract(makeRuns: () => Runs): void {
  it('are forked, by a request that makes one run', async () => {
    const runs = makeRuns()
    const [runId, fork] = [id(), id()]
    const labels = { order: runId }
    await runs.start({ blueprintId: 'mends', runId, input: { what: 'it' }, labels })
    const failed = await runs.waitFor(runId)
    const request = { runId: fork, set: { mended: true }, by: 'Ada', reason: 'mended by hand' }

    expect(await runs.fork(runId, { dryRun: true, runId: fork })).toEqual({
      runId: fork,
      forked: false,
      again: ['mend'],
    })
    await refused(runs.get(fork), 'RUN_NOT_FOUND')
    const made = { runId: fork, forked: true, again: ['mend'] }
    expect(await Promise.all([runs.fork(runId, request), runs.fork(runId, request)])).toEqual([made, made])
    const run = await runs.waitFor(fork)
    expect(await runs.fork(runId, request)).toEqual(made)

    expect(run).toMatchObject({
      status: 'completed',
      context: { what: 'it', mended: true, mend: 'mended' },
      labels,
      forkedFrom: { runId },
      operations: [{ kind: 'fork', by: 'Ada', reason: 'mended by hand', nodes: ['mend'], keys: ['mended'] }],
    })
    expect(run.errors).toBeUndefined()
    expect(await runs.get(runId)).toEqual(failed)
    const { runs: forks } = await runs.list({ forkedFrom: runId })
    expect(forks).toMatchObject([{ runId: fork, forkedFrom: { runId }, status: 'completed' }])
    const { runs: labelled } = await runs.list({ label: labels })
    expect(labelled.map((each) => each.runId).toSorted()).toEqual([runId, fork].toSorted())
  })

  it('are forked from a node that completed, with its values and child runs anew', async () => {
    const runs = makeRuns()
    const [greeted, outer] = [id(), id()]
    const name = `Ada ${'Lovelace '.repeat(200)}`
    await runs.start({ blueprintId: 'greet', runId: greeted, input: { name, more: name } })
    await runs.start({ blueprintId: 'outer', runId: outer })
    for (const runId of [greeted, outer]) await runs.waitFor(runId)

    const { runId: other } = await runs.fork(greeted, { nodes: ['hello'], set: { name: 'Eve' } })
    const { runId: same } = await runs.fork(greeted, { nodes: ['hello'] })
    const { runId: again } = await runs.fork(same, { nodes: ['hello'] }).catch(async () => {
      await runs.waitFor(same)
      return runs.fork(same, { nodes: ['hello'] })
    })
    const { runId: anew } = await runs.fork(outer, { nodes: ['sub'] })

    expect((await runs.waitFor(other)).context).toMatchObject({ hello: 'Hello, Eve', more: name })
    expect((await runs.waitFor(again)).context).toMatchObject({ hello: `Hello, ${name}`, more: name })
    expect(await runs.waitFor(anew)).toMatchObject({ status: 'completed', context: { sub: 'leaf' } })
    const { runs: children } = await runs.list({ parentRunId: anew })
    expect(children).toMatchObject([{ runId: `${anew}/0.2`, status: 'completed', parentRunId: anew }])
  })

  it('are not forked where they cannot be', async () => {
    const runs = makeRuns()
    const [waits, greeted] = [id(), id()]
    await runs.start({ blueprintId: 'approval', runId: waits })
    await runs.start({ blueprintId: 'greet', runId: greeted })
    await runs.waitFor(greeted)

    await refused(runs.fork(waits, { nodes: ['ask'] }), 'INVALID_STATE')
    await refused(runs.fork(greeted), 'INVALID_STATE')
    await refused(runs.fork(greeted, { nodes: ['none'] }), 'INVALID_INPUT')
    await refused(runs.fork(greeted, { nodes: ['hello'], runId: waits }), 'RUN_CONFLICT')
    await refused(runs.fork(greeted, { nodes: ['hello'], runId: 'a b' }), 'INVALID_INPUT')
    await refused(runs.fork(id()), 'RUN_NOT_FOUND')
    await refused(runs.fork('a b'), 'INVALID_INPUT')
    expect(await runs.list({ forkedFrom: greeted })).toEqual({ runs: [] })
    await refused(runs.list({ forkedFrom: id() }), 'RUN_NOT_FOUND')
    await runs.cancel(waits)
    await runs.waitFor(waits)
    const { runId, again } = await runs.fork(waits)
    expect(again).toHaveLength(1)
    if (again[0] === 'decide') await runs.resume(runId, { nodeId: 'decide', action: 'no' })
    else await runs.cancel(runId)
    expect(await runs.waitFor(runId)).toMatchObject({
      status: again[0] === 'decide' ? 'completed' : 'cancelled',
    })
  })
}

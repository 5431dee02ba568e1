/** Starts under one run id: the same again starts nothing, another is a conflict. */
import { describe, expect, it } from 'vitest'
import type { RunLabels } from '../../../lib/core/common/labels.ts'
import { refuseOther, putRun } from '../../../lib/core/run/start.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { graph, value } from '../../conformance/case.ts'
import { quiet } from '../../end-to-end/driver.ts'

function serviceOf() {
  const { blueprint, registry } = graph({ a: value(1), b: { run: 'wait' } }, ['a>b'])
  const other = { ...blueprint, id: 'other' }
  return new TestService({ blueprints: { case: blueprint, other }, registry, logger: quiet })
}

const conflict = (why: string) => ({ code: 'RUN_CONFLICT', message: expect.stringContaining(why) })
const large = 'x'.repeat(1_000)

describe('a start of a run that is there', () => {
  it.each([
    ['other keys', { a: 1 }, { b: 1 }],
    ['a key more', { a: 1 }, { a: 1, b: 1 }],
    ['no keys', { a: 1 }, {}],
    ['another value', { a: { b: [1, 2] } }, { a: { b: [2, 1] } }],
    ['a text for a number', { a: 1 }, { a: '1' }],
    ['null for nothing', {}, { a: null }],
    ['another large value', { a: large }, { a: `${large}x` }],
    ['a key that looks like a value', { a: 'b' }, { ab: '' }],
  ])(
    'is a conflict with %s, and changes nothing, also after the end of the run',
    async (_, input, second) => {
      const service = serviceOf()
      const { runId } = await service.start({ blueprintId: 'case', input, runId: 'r' })
      const before = await service.services.store.read(runId)
      const sent = service.queue.size

      await expect(service.start({ blueprintId: 'case', input: second, runId: 'r' })).rejects.toMatchObject(
        conflict("cannot start run 'r': it was started with another input"),
      )
      expect([await service.services.store.read(runId), service.queue.size]).toEqual([before, sent])

      await service.settle()
      await service.resume(runId)
      await service.settle()
      expect(await service.isOver(runId)).toBe(true)
      await expect(service.start({ blueprintId: 'case', input: second, runId: 'r' })).rejects.toMatchObject(
        conflict('another input'),
      )
      expect(await service.start({ blueprintId: 'case', input, runId: 'r' })).toMatchObject({
        runId: 'r',
        created: false,
      })
    },
  )

  it.each([
    ['the same', { a: 1, b: { c: large, d: [1] } }, { a: 1, b: { c: large, d: [1] } }],
    ['the same in another order', { a: 1, b: { c: large, d: [1] } }, { b: { d: [1], c: large }, a: 1 }],
    [
      'what the serializer makes the same',
      { a: new Date(0) },
      { a: '1970-01-01T00:00:00.000Z', b: undefined },
    ],
    ['nothing', {}, {}],
  ])('is none with %s', async (_, input, second) => {
    const service = serviceOf()
    await service.start({ blueprintId: 'case', input, runId: 'r' })

    expect(await service.start({ blueprintId: 'case', input: second, runId: 'r' })).toMatchObject({
      runId: 'r',
      created: false,
    })
  })

  it('is a conflict with another blueprint', async () => {
    const service = serviceOf()
    await service.start({ blueprintId: 'case', runId: 'r' })

    await expect(service.start({ blueprintId: 'other', runId: 'r' })).rejects.toMatchObject(
      conflict("cannot start 'other': a run 'r' of blueprint 'case' is there already"),
    )
  })

  it('is none where an older version of this package started it, which kept no hash', async () => {
    const { services } = serviceOf()
    const blueprintId = 'case'
    const { run } = await putRun(services, { runId: 'r', blueprintId, input: { a: 1 } })
    expect(run.inputHash).toMatch(/^[\w-]{8}$/)
    const older = { ...run, inputHash: undefined }
    const put = await putRun(services, { runId: 'r', blueprintId, input: { a: 2 } })

    expect(() => refuseOther({ ...put, run: older }, blueprintId)).not.toThrow()
    expect(() => refuseOther(put, blueprintId)).toThrow('another input')
  })

  it('costs a child run nothing: its id says what it starts with', async () => {
    const { services } = serviceOf()
    const parent = { runId: 'p', blueprintId: 'case', nodeId: 'a', iteration: 1 }
    const { run } = await putRun(services, { runId: 'r', blueprintId: 'case', input: {}, parent })
    expect(run.inputHash).toBeUndefined()
  })
})

describe('a start with labels', () => {
  const labels = { tenant: 'acme', orderId: 'A-17' }

  it('is the same again with the same labels, in any order, and a conflict with others', async () => {
    const service = serviceOf()
    const request = { blueprintId: 'case', runId: 'r', labels }
    await service.start(request)

    const again = { ...request, labels: { orderId: 'A-17', tenant: 'acme' } }
    expect(await service.start(again)).toMatchObject({ created: false })
    const others: (RunLabels | undefined)[] = [undefined, {}, { tenant: 'acme' }, { ...labels, tenant: 'x' }]
    for (const other of others) {
      await expect(service.start({ ...request, labels: other })).rejects.toMatchObject(
        conflict('run \'r\': it was started with other labels, {"orderId":"A-17","tenant":"acme"}'),
      )
    }
    expect(await service.get('r')).toMatchObject({ labels })
  })

  it('that dies before its header leads nowhere; the same start later leads to its run, once', async () => {
    const service = serviceOf()
    const { store } = service.services
    const create = store.create.bind(store)
    store.create = () => Promise.reject(new Error('died'))
    await expect(service.start({ blueprintId: 'case', runId: 'r', labels })).rejects.toThrow('died')
    expect(await service.list({ label: labels })).toEqual({ runs: [] })

    store.create = create
    service.now += 5
    await service.start({ blueprintId: 'case', runId: 'r', labels })
    await service.start({ blueprintId: 'case', runId: 'r', labels })
    const { runs } = await service.list({ label: labels })
    expect(runs.map(({ runId }) => runId)).toEqual(['r'])
  })

  it('is found by all of them from the moment that its header stands', async () => {
    const service = serviceOf()
    const { store } = service.services
    const create = store.create.bind(store)
    store.create = async (run) => {
      const created = await create(run)
      for (const [name, value] of Object.entries(labels))
        expect((await service.list({ label: { [name]: value } })).runs).toHaveLength(1)
      return created
    }
    await service.start({ blueprintId: 'case', runId: 'r', labels })
    expect.assertions(2)
  })

  it('may be that of a raw job', async () => {
    const service = serviceOf()
    await service.queue.send([{ runId: 'raw', blueprintId: 'case', nodeId: 'a', labels }])
    await service.settle()
    expect(await service.list({ label: { tenant: 'acme' } })).toMatchObject({
      runs: [{ runId: 'raw', status: 'awaiting', labels }],
    })
  })
})

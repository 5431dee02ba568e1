/** Resumes: which node they mean, which of them counts, and what one does that is made again. */
import { describe, expect, it, vi } from 'vitest'
import { cancelRun } from '../../lib/adapter/cancel.ts'
import { resumeRun } from '../../lib/adapter/resume.ts'
import { TestService } from '../../lib/testing/index.ts'
import { failing, graph, rounds, type Setup } from '../conformance/case.ts'
import { Gate, quiet } from './driver.ts'
import { withMethods } from './one-message.ts'

async function waiting({ blueprint, registry }: Setup) {
  const service = new TestService({ blueprints: { case: blueprint }, registry, logger: quiet })
  const runId = await service.start('case', {}, 'r')
  await service.settle()
  return { service, runId }
}

const wait = { run: 'wait' }
const oneAfterAnother = () => graph({ first: wait, second: wait }, ['first>second'])
const sideBySide = () => graph({ left: wait, right: wait }, [])

describe('a resume that is made again', () => {
  it('sends what came of the event a message, as long as the run goes on', async () => {
    const { service, runId } = await waiting(oneAfterAnother())
    await service.resume(runId, { nodeId: 'first' })
    await service.settle()
    expect(service.queue.size).toBe(0)

    expect(await service.resume(runId, { nodeId: 'first' })).toBe(false)
    expect(service.queue.visible().map(({ job }) => job.nodeId)).toEqual(['first'])
    await service.settle()
    expect(await service.describe(runId)).toMatchObject({
      status: 'awaiting',
      waiting: [{ nodeId: 'second' }],
    })

    await service.resume(runId, { nodeId: 'second' })
    await service.settle()
    expect(await service.resume(runId, { nodeId: 'first' })).toBe(false)
    expect(service.queue.size).toBe(0)
  })

  const call = { output: 'once', idempotencyKey: 'k' }

  it('with its idempotency key is for the node of the first, though it names none and another waits now', async () => {
    const { service, runId } = await waiting(oneAfterAnother())
    expect(await service.resume(runId, call)).toBe(true)
    await service.settle()

    expect(await service.resume(runId, call)).toBe(true)
    await service.settle()

    expect(await service.describe(runId)).toMatchObject({
      waiting: [{ nodeId: 'second' }],
      context: { first: 'once' },
    })
  })

  it('with its idempotency key is for the round of the first, though the loop waits in the next', async () => {
    const { blueprint, registry } = graph({ ask: { ...wait, any: true }, count: rounds('n', 3) }, [
      'ask>count',
      'count>ask:again',
    ])
    const { service, runId } = await waiting({ blueprint, registry })
    for (let time = 0; time < 3; time++) {
      expect(await service.resume(runId, { nodeId: 'ask', ...call })).toBe(true)
      await service.settle()
    }

    expect(await service.describe(runId)).toMatchObject({ context: { n: 1 }, waiting: [{ nodeId: 'ask' }] })
    expect(await service.resume(runId, { nodeId: 'ask', ...call, idempotencyKey: 'next' })).toBe(true)
  })

  it('with its idempotency key counts also after the end of the run; without one it does not', async () => {
    const { service, runId } = await waiting(graph({ only: wait }, []))
    await service.resume(runId, { nodeId: 'only', ...call })
    await service.settle()
    expect(await service.isOver(runId)).toBe(true)

    expect(await service.resume(runId, { nodeId: 'only', ...call })).toBe(true)
    expect(await service.resume(runId, call)).toBe(true)
    expect(await service.resume(runId, { nodeId: 'only', output: 'late' })).toBe(false)
    expect(await service.resume(runId, { nodeId: 'only', ...call, idempotencyKey: 'other' })).toBe(false)
  })

  it('is refused where its idempotency key was used for another node', async () => {
    const { service, runId } = await waiting(sideBySide())
    await service.resume(runId, { nodeId: 'left', ...call })

    await expect(service.resume(runId, { nodeId: 'right', ...call })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: "cannot resume node 'right': its idempotencyKey was given in a call for node 'left'",
    })
    await service.settle()
    expect(await service.describe(runId)).toMatchObject({ waiting: [{ nodeId: 'right' }] })
  })

  it('is refused where a call for another node claims its idempotency key at the same time', async () => {
    const { service, runId } = await waiting(sideBySide())
    const { store } = service.services
    const [held, gate] = [new Gate(), new Gate()]
    const slow = withMethods(store, {
      putOnce: async (...put) => {
        held.open()
        await gate.passed
        return store.putOnce(...put)
      },
    })
    const late = resumeRun({ ...service.services, store: slow }, runId, 'right', call)
    await held.passed
    await service.resume(runId, { nodeId: 'left', ...call })

    gate.open()

    await expect(late).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await service.settle()
    expect(await service.describe(runId)).toMatchObject({ waiting: [{ nodeId: 'right' }] })
  })

  it('gives its event where the first caller died before it gave it, and not where the run was cancelled', async () => {
    for (const cancelled of [false, true]) {
      const { service, runId } = await waiting(graph({ only: wait }, []))
      const { store } = service.services
      const dying = withMethods(store, {
        putOnce: async (run, key, value) => {
          if (key.startsWith('event#')) throw new Error('died')
          return store.putOnce(run, key, value)
        },
      })
      const first = resumeRun({ ...service.services, store: dying }, runId, 'only', call)
      await expect(first).rejects.toThrow('died')
      if (cancelled) await cancelRun(service.services, runId)

      expect(await service.resume(runId, { nodeId: 'only', ...call })).toBe(!cancelled)

      await service.settle()
      expect(await service.describe(runId)).toMatchObject({ status: cancelled ? 'cancelled' : 'completed' })
    }
  })
})

describe('a resume that comes too late', () => {
  it('for a node that failed does not count', async () => {
    const { service, runId } = await waiting(graph({ bad: failing('no'), only: wait }, []))

    expect(await service.resume(runId, { nodeId: 'bad' })).toBe(false)
    expect(service.queue.size).toBe(0)
    expect(await service.describe(runId)).toMatchObject({ waiting: [{ nodeId: 'only' }] })
  })

  it('for a run that was cancelled does not count', async () => {
    const { service, runId } = await waiting(graph({ only: wait }, []))
    await cancelRun(service.services, runId)
    const putOnce = vi.spyOn(service.services.store, 'putOnce')

    expect(await service.resume(runId, { nodeId: 'only' })).toBe(false)
    expect(await service.resume(runId, { nodeId: 'only', idempotencyKey: 'k' })).toBe(false)
    expect(putOnce).not.toHaveBeenCalled()
    await expect(service.resume(runId)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: "cannot resume run 'r': no node waits for an event",
    })
  })
})

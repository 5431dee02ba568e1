/** What a test could see of a TestService that must be as on AWS. */
import { createFlow, type FlowcraftEvent, type NodeContext, SubflowNode } from 'flowcraft'
import { describe, expect, it, vi } from 'vitest'
import { FlowcraftAwsError } from '../../lib/index.ts'
import { MemoryRunStore, TestService } from '../../lib/testing/index.ts'
import { quiet } from '../end-to-end/driver.ts'

const flow = createFlow('greet').node('hello', async ({ context }: NodeContext) => ({
  output: `Hello, ${await context.get('name')}`,
}))
const waits = createFlow('waits')
  .wait('answer')
  .node('end', async ({ input }) => ({ output: input as unknown }))
  .edge('answer', 'end')

const service = () => new TestService({ flows: [flow, waits], logger: quiet })

describe('what a TestService refuses', () => {
  it.each([
    [
      'a run id with a blank',
      { runId: 'a b' },
      "runId must be 1 to 200 characters of A-Z a-z 0-9 . _ : / @ + = ~ -; got 'a b'",
    ],
    ['an empty run id', { runId: '' }, 'runId must be'],
    ["a child's run id", { runId: 'a/1.1' }, "runId must not end like a child run's"],
    ['an input that is a list', { input: [1] }, 'input must be a plain object'],
    ['an input that is null', { input: null }, 'input must be a plain object'],
    [
      'an input that JSON cannot carry',
      { input: { big: 1n } },
      'cannot start a run: the serializer cannot carry',
    ],
    ['an empty blueprint id', { blueprintId: '' }, 'blueprintId must be a string'],
    [
      'an unknown blueprint',
      { blueprintId: 'nope' },
      "no blueprint 'nope' here; registered: 'greet', 'waits'",
    ],
  ])('%s', async (_, request: object, message) => {
    const { blueprintId = 'greet', input = {}, runId } = request as Record<string, never>

    await expect(service().start({ blueprintId, input, runId })).rejects.toThrow(message)
    await expect(service().start({ blueprintId, input, runId })).rejects.toBeInstanceOf(FlowcraftAwsError)
  })

  it('a run id that another blueprint has', async () => {
    const one = service()
    await one.start({ blueprintId: 'greet', runId: 'mine' })

    await expect(one.start({ blueprintId: 'waits', runId: 'mine' })).rejects.toThrow(
      "a run 'mine' of blueprint 'greet' is there",
    )
  })

  it('to resume or to cancel what is not there, or what no run can be called', async () => {
    const one = service()
    await one.start({ blueprintId: 'waits', runId: 'mine' })

    await expect(one.resume('nope')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
    await expect(one.cancel('nope')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
    await expect(one.get('nope')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
    await expect(one.resume('a b')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(one.resume('mine', { action: 1 as never })).rejects.toThrow('action must be a string; got 1')
    await expect(one.resume('mine', { nodeId: 'nope' })).rejects.toThrow("has no node 'nope'")
  })
})

describe('a second start', () => {
  it('of a run that is over begins nothing', async () => {
    const one = service()
    await one.start({ blueprintId: 'greet', input: { name: 'Ada' }, runId: 'mine' })
    await one.settle()

    expect(await one.start({ blueprintId: 'greet', input: { name: 'Ada' }, runId: 'mine' })).toEqual({
      runId: 'mine',
      status: 'completed',
      created: false,
    })
    expect(one.queue.size).toBe(0)
  })
})

describe('cancel', () => {
  it('ends a run and its children, and says whether it did', async () => {
    const parent = createFlow('parent').node('child', SubflowNode, { params: { blueprintId: 'waits' } })
    const one = new TestService({ flows: [waits, parent], logger: quiet })
    const { runId } = await one.start({ blueprintId: 'parent' })
    await one.settle()
    const child = (await one.get(runId)).waiting?.[0]?.childRunId as string

    expect(await one.cancel(runId)).toEqual({ cancelled: true })
    await one.settle()

    expect((await one.get(runId)).status).toBe('cancelled')
    expect((await one.get(child)).status).toBe('cancelled')
    expect(await one.cancel(runId)).toEqual({ cancelled: true })
    await one.run({ blueprintId: 'waits' })
    const { runId: done } = await one.start({ blueprintId: 'waits' })
    await one.settle()
    await one.resume(done)
    await one.settle()
    expect(await one.cancel(done)).toEqual({ cancelled: false })
  })
})

describe('what a TestService tells', () => {
  it('is the end of each run, on the event bus and to publishFinalResult', async () => {
    const events: FlowcraftEvent[] = []
    const results: unknown[] = []
    const one = new TestService({
      flows: [flow],
      eventBus: { emit: async (event) => void events.push(event) },
      publishFinalResult: async (runId, result) => void results.push({ runId, ...result }),
    })

    await one.start({ blueprintId: 'greet', input: { name: 'Ada' }, runId: 'mine' })
    await one.settle()

    const payload = { blueprintId: 'greet', executionId: 'mine', status: 'completed', errors: undefined }
    expect(events.filter(({ type }) => type === 'workflow:finish')).toEqual([
      { type: 'workflow:finish', payload },
    ])
    expect(results).toMatchObject([
      { runId: 'mine', status: 'completed', payload: { context: { hello: 'Hello, Ada' } } },
    ])
  })

  it('is told again where it could not be told', async () => {
    let calls = 0
    const publishFinalResult = async () => {
      calls++
      if (calls === 1) throw new Error('away')
    }
    const one = new TestService({ flows: [flow], publishFinalResult, logger: quiet })

    expect((await one.run({ blueprintId: 'greet' })).status).toBe('completed')
    expect(calls).toBe(2)
  })

  it('are warnings about what is registered, in the log', () => {
    const warn = vi.fn()
    const endless = createFlow('endless')
      .node('a', async () => ({}))
      .loop('loop', { startNodeId: 'a', endNodeId: 'a', condition: 'true' })

    const one = new TestService({ flows: [endless], logger: { ...quiet, warn } })

    expect(one.now).toBe(Date.UTC(2026, 0, 1))
    expect(warn.mock.calls.map(([text]) => text as string)).toEqual([
      expect.stringContaining("loop 'loop' has no 'break' edge"),
    ])
  })
})

describe('a store that is in trouble', () => {
  /** Fails its first so many commits. */
  class Failing extends MemoryRunStore {
    left: number

    constructor(left: number) {
      super()
      this.left = left
    }

    override async commit(...args: Parameters<MemoryRunStore['commit']>) {
      if (this.left-- > 0) throw new Error('throttled')
      return super.commit(...args)
    }
  }

  it('for a moment delays nothing but the invocation', async () => {
    const one = new TestService({ flows: [flow], store: new Failing(3), logger: quiet })
    const before = one.now

    expect((await one.run({ blueprintId: 'greet' })).status).toBe('completed')
    expect(one.now).toBe(before)
  })

  it('for longer than an invocation has delays a run, by the times of the worker function', async () => {
    const one = new TestService({ flows: [flow], store: new Failing(20), logger: quiet })
    const before = one.now

    expect((await one.run({ blueprintId: 'greet', input: { name: 'Ada' } })).context['hello']).toBe(
      'Hello, Ada',
    )
    // Each delivery tries some ten times within its half minute.
    expect(one.now - before).toBeGreaterThanOrEqual(3_000)
    expect(one.now - before).toBeLessThanOrEqual(5_000 + 10_000)
  })

  it('for long sends its message to the dead-letter queue, and the sweep sends it back', async () => {
    const one = new TestService({ flows: [flow], store: new Failing(1_200), logger: quiet })

    expect((await one.run({ blueprintId: 'greet' })).status).toBe('completed')
    expect(one.deadLetters.letters).toEqual([])
  })

  it('for ever leaves the message there with a reason, and the run says so', async () => {
    const one = new TestService({ flows: [flow], store: new Failing(Infinity), logger: quiet })

    const { status, deadLetters } = await one.run({ blueprintId: 'greet' })

    expect([status, deadLetters]).toEqual([
      'running',
      [{ nodeId: 'hello', reason: 'sent back 50 times, and no worker was done with it' }],
    ])
    expect(one.deadLetters.letters).toMatchObject([{ reason: expect.stringContaining('sent back 50 times') }])
  })
})

describe('a message that is no job of a run', () => {
  it('goes to the dead-letter queue with its reason, and the others are not affected', async () => {
    const one = service()
    one.queue.put({ runId: 'other', blueprintId: 'nope', nodeId: 'a' })
    one.now += 3_600_000

    expect((await one.run({ blueprintId: 'greet' })).status).toBe('completed')
    expect(one.deadLetters.letters).toMatchObject([
      { reason: expect.stringContaining("no blueprint 'nope'") },
    ])
  })
})

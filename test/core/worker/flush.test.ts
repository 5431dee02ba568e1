import { randomBytes } from 'node:crypto'
import { createFlow, JsonSerializer } from 'flowcraft'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Execution } from '../../../lib/core/execution/execution.ts'
import { RunGraph } from '../../../lib/core/protocol/run-graph.ts'
import type { RunState } from '../../../lib/core/protocol/run-state.ts'
import { MemoryRunStore } from '../../../lib/core/store/memory-run-store.ts'
import type { Write } from '../../../lib/core/values/context-key.ts'
import type { ErrorCause, ErrorRecord } from '../../../lib/core/values/error-record.ts'
import { RunReader } from '../../../lib/core/values/run-reader.ts'
import { ValueStore } from '../../../lib/core/values/value-store.ts'
import { inlineInput } from '../../../lib/core/values/value-writer.ts'
import { flush, type FlushRequest } from '../../../lib/core/worker/flush.ts'

const NOW = Date.UTC(2026, 0, 1)
const large = () => randomBytes(1_500).toString('base64')

/** Nodes: 0 start, 1 body, 2 the loop's controller, 3 after, 4 side (both fed by start). */
const graph = new RunGraph(
  createFlow('flush')
    .node('start', async () => ({}))
    .node('body', async () => ({}))
    .loop('again', { startNodeId: 'body', endNodeId: 'body', condition: 'more' })
    .node('after', async () => ({}))
    .node('side', async () => ({}))
    .edge('start', 'body')
    .edge('again', 'after', { action: 'break' })
    .edge('start', 'side')
    .toBlueprint(),
)

function setup() {
  const store = new MemoryRunStore()
  const values = new ValueStore({ store, serializer: new JsonSerializer() })
  const put = vi.spyOn(store, 'putValue')
  const leave = async (execution: Partial<Execution>, over: Partial<FlushRequest> = {}) =>
    (await flushed(execution, over)).inlineValues
  const flushed = (execution: Partial<Execution>, over: Partial<FlushRequest> = {}) =>
    flush(values, {
      graph,
      runId: 'run',
      key: '0.1',
      attempt: '1',
      execution: {
        outcome: { kind: 'completed', result: {}, matched: [] },
        inputs: new Map(),
        ...execution,
      },
      writes: new Map(),
      now: NOW,
      ...over,
    })
  /** Reads a run whose header holds these inline values, all nodes completed. */
  const readerOf = (inlineValues: ReadonlyMap<string, string>) => {
    const run = { runId: 'run', inlineValues, done: 31n, offloaded: false } as unknown as RunState
    return new RunReader({ graph, run, store, values })
  }
  return { store, values, put, leave, flushed, readerOf }
}

const recordOf = async (error: Error | undefined): Promise<ErrorRecord> => {
  const { leave, readerOf } = setup()
  const inlineValues = await leave({ outcome: { kind: 'failed' }, error }, { key: '1.2' })
  expect([...inlineValues.keys()]).toEqual(['x1.2'])
  return (await readerOf(inlineValues).errors())[0] as ErrorRecord
}

afterEach(() => vi.restoreAllMocks())

describe('what an activation leaves', () => {
  it('is inline where it is small: output, inputs, user keys, in the words of the header', async () => {
    const { leave, put } = setup()
    const writes = new Map<string, Write>([
      ['key', { value: 'v' }],
      ['none', { value: undefined }],
      ['gone', 'deleted'],
    ])

    const inlineValues = await leave(
      { output: { value: { a: 1 } }, inputs: new Map([[4, { changed: { value: 'x' } }]]) },
      { writes },
    )

    expect(inlineValues).toEqual(
      new Map([
        ['o0', '0.1={"v":{"a":1}}'],
        ['i4.0', '0.1={"v":"x"}'],
        [':key', '0.1={"v":"v"}'],
        [':none', '0.1u'],
        [':gone', '0.1-'],
      ]),
    )
    expect(put).not.toHaveBeenCalled()
  })

  it('is stored on its own where it is large, under the activation and the attempt', async () => {
    const { leave, readerOf, store, put } = setup()
    const [output, key] = [large(), large()]
    const writes = new Map<string, Write>([['key', { value: key }]])

    const inlineValues = await leave({ output: { value: output } }, { key: '1.3', attempt: '2', writes })

    expect(inlineValues).toEqual(
      new Map([
        ['o1', '1.3@2.0'],
        [':key', '1.3@2.1'],
      ]),
    )
    expect(put).toHaveBeenCalledTimes(2)
    expect(await store.getValue('run', '1.3#2.0')).toBeDefined()
    const reader = readerOf(inlineValues)
    expect(await reader.find('_outputs.body')).toEqual({ value: output })
    expect(await reader.find('key')).toEqual({ value: key })
  })

  it('does not touch what another attempt of the activation left', async () => {
    const { leave, readerOf } = setup()
    const [first, second] = [large(), large()]
    const seen = await leave({ output: { value: first } }, { attempt: '1' })

    await leave({ output: { value: second } }, { attempt: '2' })

    expect(await readerOf(seen).find('start')).toEqual({ value: first })
  })

  it('is inline up to 256 bytes of text', async () => {
    const { leave } = setup()
    const fits = 'x'.repeat(256 - '{"v":""}'.length)

    expect((await leave({ output: { value: fits } })).get('o0')).toBe(`0.1={"v":"${fits}"}`)
    expect((await leave({ output: { value: `${fits}x` } })).get('o0')).toBe('0.1@1.0')
    // Bytes, not characters.
    expect((await leave({ output: { value: 'é'.repeat(200) } })).get('o0')).toBe('0.1@1.0')
  })

  it('of a value of 600 KB refers to its parts', async () => {
    const { leave, readerOf } = setup()
    const output = randomBytes(450 * 1024).toString('base64')

    const inlineValues = await leave({ output: { value: output } })

    expect(inlineValues.get('o0')).toBe('0.1@1.0*2')
    expect((await readerOf(inlineValues).find('start'))?.value === output).toBe(true)
  })

  it('is nothing for an undefined output, save where an earlier round may have left another', async () => {
    const { leave } = setup()

    expect(await leave({ output: { value: undefined } })).toEqual(new Map())
    expect(await leave({ output: { value: undefined } })).toEqual(new Map())
    expect(await leave({ output: { value: undefined } }, { key: '1.2' })).toEqual(new Map([['o1', '1.2u']]))
  })

  it('says that a node which gave no result has no output, where none of an earlier round stands', async () => {
    const { leave, readerOf } = setup()

    const inlineValues = await leave({})

    expect(inlineValues).toEqual(new Map([['o0', '0.1-']]))
    expect(await readerOf(inlineValues).find('start')).toBeUndefined()
    expect(await leave({}, { key: '1.2' })).toEqual(new Map())
  })

  it('is refused as a whole, before anything is written, where one value cannot be carried', async () => {
    const { leave, put } = setup()
    const writes = new Map<string, Write>([
      ['big', { value: large() }],
      ['fn', { value: () => 1 }],
    ])

    const left = leave({ output: { value: large() } }, { writes })

    await expect(left).rejects.toMatchObject({
      code: 'VALUE_NOT_SERIALIZABLE',
      message: "the serializer cannot carry context key 'fn' set by node 'start': it is a function",
    })
    expect(put).not.toHaveBeenCalled()
  })

  it('names the output or the input that cannot be carried', async () => {
    const { leave } = setup()

    await expect(leave({ output: { value: () => 1 } })).rejects.toThrow("the output of node 'start'")
    await expect(leave({ inputs: new Map([[4, { changed: { value: () => 1 } }]]) })).rejects.toThrow(
      "the input that node 'start' gives 'side'",
    )
  })

  it('fails where the store fails: that is not the value', async () => {
    const { leave, put } = setup()
    put.mockRejectedValueOnce(new Error('throttled'))

    await expect(leave({ output: { value: large() } })).rejects.toThrow('throttled')
  })
})

describe('the error that an activation leaves', () => {
  it("is in the shape of the engine's, with node, time, stack and causes", async () => {
    const cause = new TypeError('no such host', { cause: 'offline' })

    const record = await recordOf(new Error('cannot ship', { cause }))

    expect(record).toEqual({
      name: 'FlowcraftError',
      message: 'cannot ship',
      nodeId: 'body',
      isFatal: false,
      timestamp: '2026-01-01T00:00:00.000Z',
      originalError: {
        name: 'Error',
        message: 'cannot ship',
        stack: expect.stringContaining('flush.test.ts') as string,
        cause: {
          name: 'TypeError',
          message: 'no such host',
          stack: expect.any(String) as string,
          cause: { name: 'Error', message: 'offline' },
        },
      },
    })
  })

  it('ends where causes go in a circle or far down, and cuts long stacks', async () => {
    const error = new Error('round and round')
    error.cause = error
    error.stack = 's'.repeat(100_000)

    const { originalError } = await recordOf(error)

    let depth = 0
    for (let at: ErrorCause | undefined = originalError; at; at = at.cause) depth++
    expect(depth).toBe(6)
    expect(originalError.stack).toHaveLength(2_000)
  })

  it('stands also where the node failed without one', async () => {
    expect(await recordOf(undefined)).toMatchObject({ message: 'the node failed without an error' })
  })

  it('is forgotten where a fallback took over, as in memory', async () => {
    const { leave } = setup()
    const outcome = { kind: 'fallback', fallback: 4 } as const

    const inlineValues = await leave({ outcome, output: { value: null }, error: new Error('x') })

    expect([...inlineValues.keys()]).toEqual(['o0'])
  })
})

const inputOf = (value: number) =>
  Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`key ${at}`, value]))

const many = (count: number, value: unknown = 1) =>
  new Map(Array.from({ length: count }, (_, at): [string, Write] => [`key ${at}`, { value }]))

describe('many keys', () => {
  it('are inline up to 150 of them, and up to 48 KB of names and values', async () => {
    const { flushed } = setup()

    expect((await flushed({ output: { value: undefined } }, { writes: many(150) })).inlineValues.size).toBe(
      150,
    )
    expect(
      (await flushed({ output: { value: undefined } }, { writes: many(140, 'x'.repeat(240)) })).inlineValues
        .size,
    ).toBe(140)
  })

  it('beyond that are one inline value, whose buckets are named by the attempt', async () => {
    const { flushed, store, readerOf } = setup()
    const writes = new Map([...many(149), ['gone', 'deleted'], ['none', { value: undefined }]] as const)

    const { inlineValues, bundled } = await flushed({ output: { value: 'out' } }, { attempt: '2', writes })

    expect(inlineValues).toEqual(
      new Map([
        ['o0', '0.1={"v":"out"}'],
        ['m0.1', '0.1&0 1 2.0'],
      ]),
    )
    expect(bundled).toEqual(new Set([...writes.keys()].map((key) => `:${key}`)))
    expect(await store.getValue('run', '0.1#2.0.0')).toBeDefined()
    const reader = readerOf(inlineValues)
    expect(await reader.find('key 148')).toEqual({ value: 1 })
    expect(await reader.find('none')).toEqual({ value: undefined })
    expect(await reader.find('gone')).toBeUndefined()
    expect(await reader.find('never there')).toBeUndefined()
  })

  it('lie in buckets of about 16 KB, of which one is read for one key; large values on their own', async () => {
    const { flushed, store, put, readerOf } = setup()
    const writes = many(3_000, 'x'.repeat(20))
    const [medium, big] = ['y'.repeat(3_000), large().repeat(4)]
    writes.set('medium', { value: medium })
    writes.set('big', { value: big })

    const { inlineValues } = await flushed({ output: { value: undefined } }, { writes })

    expect(inlineValues.get('m0.1')).toMatch(/^0\.1&0 8 1\.1$/)
    expect(put).toHaveBeenCalledTimes(9)
    const get = vi.spyOn(store, 'getValue')
    const reader = readerOf(inlineValues)
    expect(await reader.find('key 2999')).toEqual({ value: 'x'.repeat(20) })
    expect(get).toHaveBeenCalledTimes(1)
    expect(await reader.find('medium')).toEqual({ value: medium })
    expect(await reader.find('big')).toEqual({ value: big })
    expect(Object.keys(await reader.all()).filter((key) => key.startsWith('key '))).toHaveLength(3_000)
  })

  it('of 200 KB of names are no problem, though their values alone would not fill the header', async () => {
    const { values, readerOf } = setup()
    const keys = Array.from({ length: 6_000 }, (_, at) => `a rather long key ${at} `.padEnd(40, '.'))
    const input = Object.fromEntries(keys.map((key, at) => [key, at]))

    const inlineValues = await inlineInput(values, 'run', input)

    expect([...inlineValues.keys()]).toEqual(['m'])
    expect(await readerOf(inlineValues).find(keys[5_999] as string)).toEqual({ value: 5_999 })
  })

  it('of the input of a second start leave those of the first as they are', async () => {
    const { values, readerOf } = setup()
    const seen = await inlineInput(values, 'run', inputOf(1))

    await inlineInput(values, 'run', inputOf(2))

    expect(await readerOf(seen).find('key 7')).toEqual({ value: 1 })
  })

  it('with the name of what objects inherit are keys like others', async () => {
    const { flushed, readerOf } = setup()
    const writes = many(200)
    writes.set('__proto__', { value: 'mine' })
    writes.set('constructor', { value: 'too' })

    const reader = readerOf((await flushed({ output: { value: undefined } }, { writes })).inlineValues)

    expect(await reader.find('__proto__')).toEqual({ value: 'mine' })
    expect(await reader.find('constructor')).toEqual({ value: 'too' })
  })
})

describe('the input of a run', () => {
  it("is the run's first keys", async () => {
    const { values, readerOf } = setup()
    const doc = large()

    const inlineValues = await inlineInput(values, 'run', { orderId: 'A-17', none: undefined, doc })

    expect(inlineValues.get(':orderId')).toBe('={"v":"A-17"}')
    expect(inlineValues.get(':none')).toBe('u')
    expect(await readerOf(inlineValues).find('doc')).toEqual({ value: doc })
  })

  it('of a second start with the same id leaves that of the first as it is', async () => {
    const { values, readerOf } = setup()
    const [first, second] = [large(), large()]
    const seen = await inlineInput(values, 'run', { doc: first })

    await inlineInput(values, 'run', { doc: second })

    expect(await readerOf(seen).find('doc')).toEqual({ value: first })
  })

  it('is refused before anything is written where a value cannot be carried', async () => {
    const { values, put } = setup()

    await expect(inlineInput(values, 'run', { doc: large(), fn: () => 1 })).rejects.toThrow(
      "the serializer cannot carry input 'fn': it is a function",
    )
    expect(put).not.toHaveBeenCalled()
  })
})

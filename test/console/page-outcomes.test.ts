/** What the console's page makes of answers that come line by line, and of groups of failures. */
import { describe, expect, it } from 'vitest'
import { jsonLines } from '../../console/src/json-lines.ts'
import { Problem, problemOf } from '../../console/src/problem.ts'
import { BulkOutcomes } from '../../console/src/screens/bulk/summary.ts'
import { merged } from '../../console/src/screens/failures/groups.ts'
import type { FailureGroupView } from '../../lib/console/views.ts'

function streamOf(...parts: readonly (string | Uint8Array<ArrayBuffer>)[]) {
  const seen = { isCancelled: false }
  const chunks = parts.map((part) => (typeof part === 'string' ? new TextEncoder().encode(part) : part))
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks.shift()
      if (chunk) controller.enqueue(chunk)
      else controller.close()
    },
    cancel() {
      seen.isCancelled = true
    },
  })
  return { stream, seen }
}

async function all(stream: ReadableStream<Uint8Array>): Promise<unknown[]> {
  const values: unknown[] = []
  for await (const value of jsonLines(stream)) values.push(value)
  return values
}

const group = (to: Partial<FailureGroupView>): FailureGroupView => ({
  blueprintId: 'order',
  nodeId: 'charge',
  error: 'Error',
  message: 'no',
  count: 1,
  examples: ['a'],
  firstFailedAt: '2026-11-27T12:00:00.000Z',
  lastFailedAt: '2026-11-27T12:00:00.000Z',
  ...to,
})

describe('lines of JSON', () => {
  it('are read however they are cut', async () => {
    expect(await all(streamOf('{"a":', '1}\n{"b":2}', '\n\n', '{"c":3}').stream)).toEqual([
      { a: 1 },
      { b: 2 },
      { c: 3 },
    ])
    const bytes = new TextEncoder().encode('"ä"\n')
    expect(await all(streamOf(bytes.slice(0, 2), bytes.slice(2)).stream)).toEqual(['ä'])
    expect(await all(streamOf().stream)).toEqual([])
  })

  it('tell the server where nobody reads on', async () => {
    const { stream, seen } = streamOf('1\n', '2\n', '3\n', '4\n')
    for await (const value of jsonLines(stream)) if (value === 1) break
    expect(seen.isCancelled).toBe(true)
  })
})

describe('outcomes', () => {
  it('add up', () => {
    const outcomes = new BulkOutcomes()
    outcomes.add({ runId: 'a', again: ['charge'], goesOn: [], children: ['x', 'y'] })
    outcomes.add({ runId: 'b', again: ['mail', 'charge'], goesOn: ['ship'], children: [] })
    outcomes.add({ runId: 'c' })
    for (const runId of 'defg')
      outcomes.add({ runId, error: { code: 'INVALID_STATE', message: `run '${runId}' is running` } })
    outcomes.add({ runId: 'h', error: { code: 'RUN_NOT_FOUND', message: 'gone' } })
    expect(outcomes.summary).toEqual({
      done: ['a', 'b', 'c'],
      again: [
        ['charge', 2],
        ['mail', 1],
      ],
      goesOn: [['ship', 1]],
      children: 2,
      refused: [
        {
          problem: { code: 'INVALID_STATE', message: "run 'd' is running" },
          count: 4,
          examples: ['d', 'e', 'f'],
        },
        { problem: { code: 'RUN_NOT_FOUND', message: 'gone' }, count: 1, examples: ['h'] },
      ],
      refusedCount: 5,
      problem: undefined,
    })
    outcomes.add({ problem: { code: 'THROTTLED', message: 'later' } })
    expect(outcomes.summary.problem).toMatchObject({ code: 'THROTTLED' })
  })
})

describe('groups of failures', () => {
  it('of several pages are one where they are the same', () => {
    const later = group({ count: 2, examples: ['a', 'b'] })
    const earlier = group({
      count: 5,
      examples: [...'cdefg'],
      firstFailedAt: '2026-11-27T10:00:00.000Z',
      lastFailedAt: '2026-11-27T11:00:00.000Z',
    })
    const itself = group({ nodeId: undefined, count: 3 })
    const { groups, runs } = merged([
      { groups: [later], runs: 2, cursor: 'x' },
      { groups: [earlier, itself], runs: 8 },
    ])
    expect(runs).toBe(10)
    expect(groups).toEqual([
      {
        ...later,
        count: 7,
        examples: [...'abcde'],
        firstFailedAt: earlier.firstFailedAt,
        lastFailedAt: later.lastFailedAt,
      },
      itself,
    ])
  })
})

describe('a problem', () => {
  it('is the server’s where it gave one', () => {
    const problem = { code: 'INVALID_INPUT', message: 'no', docs: 'https://example.org/errors' }
    expect(problemOf(new Problem(problem))).toMatchObject(problem)
  })

  it('is that the server does not answer, or what was thrown', () => {
    for (const said of ['Failed to fetch', 'NetworkError when attempting to fetch resource.', 'Load failed'])
      expect(problemOf(new TypeError(said)).code).toBe('NO_CONNECTION')
    expect(problemOf(new TypeError("Cannot read properties of undefined (reading 'x')")).code).toBe(
      'PAGE_ERROR',
    )
    expect(problemOf('text')).toEqual({ code: 'PAGE_ERROR', message: 'text' })
  })
})

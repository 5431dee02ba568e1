import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { show } from '../../../lib/core/common/thrown.ts'
import { checkJob, formatJob, type Job, parseJob } from '../../../lib/core/queue/job.ts'

const good: Job = { runId: 'run-1', blueprintId: 'order', nodeId: 'ship', iteration: 2 }

describe('a job', () => {
  it('comes back as it was formatted, in ASCII, whatever its ids hold', () => {
    const unit = fc.constantFrom(
      'a',
      '#',
      '.',
      '"',
      '\\',
      '\n',
      '\0',
      '\u007f',
      '\u2028',
      'ß',
      '📦',
      '\u{10ffff}',
      '\ud83d',
    )
    const id = fc.string({ unit, minLength: 1, maxLength: 40 })
    const job = fc.record<Job, 'runId' | 'blueprintId'>(
      {
        runId: fc.stringMatching(/^[A-Za-z0-9._:/@+=~-]{1,200}$/),
        blueprintId: id,
        nodeId: id,
        iteration: fc.integer({ min: 1 }),
      },
      { requiredKeys: ['runId', 'blueprintId'] },
    )
    fc.assert(
      fc.property(job, (given) => {
        const body = formatJob(given)

        expect(body).toMatch(/^[ -~]+$/)
        expect(parseJob(body)).toEqual(given)
      }),
    )
  })

  it("may be that of the Flowcraft guide's client, or one that asks to begin a run", () => {
    expect(parseJob('{"runId":"r","blueprintId":"b","nodeId":"n"}')).toEqual({
      runId: 'r',
      blueprintId: 'b',
      nodeId: 'n',
    })
    expect(parseJob('{"runId":"r","blueprintId":"b"}')).toEqual({ runId: 'r', blueprintId: 'b' })
  })

  it('may carry more than it needs, which goes no further', () => {
    const known = {
      runId: 'r',
      blueprintId: 'b',
      nodeId: 'n',
      iteration: 1,
      due: 7,
      returns: 2,
      passedOn: 'm',
    }
    const items = { round: 0, from: 1, to: 2 }

    expect(checkJob({ ...known, attempt: 3, input: { card: '4111' } })).toEqual(known)
    expect(checkJob({ ...known, items: { ...items, all: true } })).toEqual({ ...known, items })
    expect(checkJob({ ...known, items: { ...items, item: 7 } })).toEqual({
      ...known,
      items: { round: 0, item: 7 },
    })
    expect(Object.keys(checkJob({ runId: 'r', blueprintId: 'b' }))).toEqual(['runId', 'blueprintId'])
  })

  const bodies: [string, string][] = [
    ['', "the message is not JSON: ''"],
    ['hello', "the message is not JSON: 'hello'"],
    ['{"runId":', 'the message is not JSON'],
    ['null', 'expected an object; got null'],
    ['[]', 'expected an object; got []'],
    ['[{"runId":"r"}]', 'expected an object; got [{"runId":"r"}]'],
    ['"run"', "expected an object; got 'run'"],
    ['7', 'expected an object; got 7'],
    ['{}', 'runId must be 1 to 200 characters of A-Z a-z 0-9 . _ : / @ + = ~ -; got undefined'],
  ]
  for (const [body, why] of bodies) {
    it(`is refused for the message ${body || '(empty)'}`, () => {
      expect(() => parseJob(body)).toThrow(expect.objectContaining({ code: 'INVALID_JOB' }))
      expect(() => parseJob(body)).toThrow(`not a job: ${why}`)
    })
  }

  const fields: [Partial<Record<keyof Job, unknown>>, string][] = [
    [{ runId: '' }, "runId must be 1 to 200 characters of A-Z a-z 0-9 . _ : / @ + = ~ -; got ''"],
    [{ runId: 'a b' }, "got 'a b'"],
    [{ runId: 'größe' }, "got 'größe'"],
    [{ runId: 'a#b' }, "got 'a#b'"],
    [{ runId: 'a\n' }, 'runId must be'],
    [{ runId: 'x'.repeat(901) }, '(903 characters)'],
    [{ runId: 7 }, 'got 7'],
    [{ runId: null }, 'got null'],
    [{ blueprintId: '' }, "blueprintId must be a string of 1 to 500 characters; got ''"],
    [{ blueprintId: 'b'.repeat(501) }, 'blueprintId must be'],
    [{ blueprintId: ['order'] }, 'got ["order"]'],
    [{ blueprintId: undefined }, 'got undefined'],
    [{ nodeId: '' }, "nodeId must be a non-empty string; got ''"],
    [{ nodeId: 1 }, 'nodeId must be a non-empty string; got 1'],
    [{ nodeId: null }, 'nodeId must be a non-empty string; got null'],
    [{ iteration: 0 }, 'iteration must be an integer from 1; got 0'],
    [{ iteration: -1 }, 'iteration must be an integer from 1; got -1'],
    [{ iteration: 1.5 }, 'iteration must be an integer from 1; got 1.5'],
    [{ iteration: '1' }, "iteration must be an integer from 1; got '1'"],
    [{ iteration: null }, 'iteration must be an integer from 1; got null'],
    [{ iteration: 1e300 }, 'iteration must be an integer from 1'],
    [{ due: -1 }, 'due must be a time in milliseconds; got -1'],
    [{ due: 'soon' }, "due must be a time in milliseconds; got 'soon'"],
    [{ returns: -1 }, 'returns must be an integer from 0; got -1'],
    [{ passedOn: true }, 'passedOn must be the id of a node; got true'],
    [{ items: { item: 1 } }, 'items must name a round and an item or a range; got {"item":1}'],
    [{ items: { round: 0, from: 1 } }, 'items must name a round and an item or a range'],
    [{ items: { round: 0, item: -1 } }, 'items must name a round and an item or a range'],
    [{ items: null }, 'items must name a round and an item or a range; got null'],
  ]
  for (const [over, why] of fields) {
    it(`is refused with ${show(over)}`, () => {
      expect(() => checkJob({ ...good, ...over })).toThrow(why)
    })
  }

  it('is refused with all that is wrong at once', () => {
    const bad = { runId: 'a b', blueprintId: 1, nodeId: 2, iteration: 0 }

    expect(() => checkJob(bad)).toThrow(/^not a job: runId .*; blueprintId .*; nodeId .*; iteration /)
  })

  it('has ids at their limits', () => {
    const job = { runId: 'x'.repeat(200), blueprintId: 'b'.repeat(500) }

    expect(checkJob(job)).toEqual(job)
  })
})

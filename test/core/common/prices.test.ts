import { describe, expect, it } from 'vitest'
import { addCost } from '../../../lib/core/common/add-cost.ts'
import { PRICES, pricesProblems, pricesWith } from '../../../lib/core/common/prices.ts'
import { runCostOf } from '../../../lib/core/common/run-cost.ts'
import { priceOf } from '../../../lib/local/index.ts'

function wrong(): void {
  addCost(undefined as unknown as object, '', Number.NaN)
}

describe('what a run cost', () => {
  it('is its counts at their prices, and what its nodes added', () => {
    const counts = { $w: 14, $r: 2.5, $d: 13, $q: 320, $p: 1, $o: 2, $e: 1, $i: 50, $m: 140, $b: 143_360 }
    const cost = runCostOf({ ...counts, '$.bedrock': 120_000_000 }, PRICES)

    expect(cost).toEqual({
      usd: expect.closeTo(0.120019109, 9),
      byService: {
        dynamodb: expect.closeTo(14 * 0.625e-6 + 2.5 * 0.125e-6, 12),
        sqs: expect.closeTo(3.2 * 0.4e-6, 12),
        s3: expect.closeTo(5e-6 + 2 * 0.4e-6, 12),
        eventbridge: 1e-6,
        lambda: expect.closeTo(0.5 * 0.2e-6 + 0.14 * 0.0000133334, 12),
      },
      other: { bedrock: 0.12 },
      writeUnits: 14,
      readUnits: 2.5,
      requests: { dynamodb: 13, sqs: 3.2, s3: 3, eventbridge: 1, lambda: 0.5 },
      computeMs: 140,
      gbSeconds: 0.14,
    })
  })

  it('is nothing where nothing was counted', () => {
    expect(runCostOf(undefined, PRICES)).toBeUndefined()
    expect(runCostOf({}, PRICES)).toBeUndefined()
  })

  it('goes by other prices where some are given', () => {
    const prices = pricesWith({ dynamodb: { writeUnit: 1 } })
    expect(runCostOf({ $w: 2, $r: 1 }, prices)?.usd).toBe(2 + PRICES.dynamodb.readUnit)
    expect(prices.sqs).toEqual(PRICES.sqs)
  })

  it('has the prices of the local AWS', () => {
    const none = { requests: 0, byOperation: {} }
    const dynamodb = { ...none, readUnits: 3, writeUnits: 7, refusedWrites: 0 }
    const usage = {
      dynamodb,
      sqs: { ...none, billedRequests: 0 },
      s3: none,
      eventbridge: { ...none, billedEvents: 0 },
    }
    expect(runCostOf({ $w: 7, $r: 3 }, PRICES)?.usd).toBe(priceOf(usage).usd)
  })
})

describe('prices that somebody gives', () => {
  it.each([
    [undefined, []],
    [{}, []],
    [{ sqs: { request: 0 }, s3: undefined, lambda: {} }, []],
    [7, ['prices must be such as { dynamodb: { writeUnit: 0.0000007 } }; got 7']],
    [{ dynamo: {} }, ["prices has no 'dynamo', only dynamodb, sqs, s3, eventbridge, lambda"]],
    [{ constructor: {} }, ["prices has no 'constructor', only dynamodb, sqs, s3, eventbridge, lambda"]],
    [{ s3: 5 }, ['prices.s3 must have some of write, read; got 5']],
    [{ s3: { put: 5 } }, ["prices.s3 has no 'put', only write, read"]],
    [
      { s3: { write: -1, read: Infinity } },
      [
        'prices.s3.write must be US dollars, from 0; got -1',
        'prices.s3.read must be US dollars, from 0; got Infinity',
      ],
    ],
  ])('are checked: %j', (given, problems) => {
    expect(pricesProblems(given)).toEqual(problems)
  })
})

describe('addCost', () => {
  it('does nothing where no worker counts', () => {
    expect(() => addCost({}, 'bedrock', 0.1)).not.toThrow()
  })

  it('refuses what is no cost, with all that is wrong', () => {
    expect(wrong).toThrow(
      [
        'cannot add a cost:',
        '- dependencies must be those that the node was given; got undefined',
        "- name must be 1 to 40 characters of A-Z a-z 0-9 _ . -; got ''",
        '- usd must be US dollars from 0 to 1000000; got NaN',
      ].join('\n'),
    )
    expect(wrong).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
    for (const usd of [-1, Infinity, 1_000_001]) expect(() => addCost({}, 'a', usd)).toThrow(/usd must be/)
  })
})

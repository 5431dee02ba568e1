/** One small shape, from the local AWS to its row. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WorkerProcess } from '../../bench/function.ts'
import { measure } from '../../bench/measure.ts'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { hasDynoxide } from '../end-to-end/engines.ts'

describe.skipIf(!hasDynoxide)('a measurement (dynoxide only: dynalite does not tell refused units)', () => {
  let aws: LocalAws
  let worker: WorkerProcess

  beforeAll(async () => {
    aws = await startLocalAws({ dynamodb: 'dynoxide' })
    worker = new WorkerProcess({ ...process.env, ...aws.env })
  })
  afterAll(async () => {
    await worker.stop()
    await aws.stop()
  })

  it('of a chain of ten counts what the services are asked, and what Lambda asks of SQS', async () => {
    const row = await measure(aws, worker, { shape: 'chain10', variant: 'tiny', workers: '10x1' })

    expect(row).toMatchObject({
      shape: 'chain10',
      variant: 'tiny',
      workers: '10x1',
      nodes: 10,
      status: 'completed',
      // A send, a receive, a delete.
      sqs: 3,
      sends: 1,
      s3: 0,
      refused: 0,
      invocations: 1,
    })
    // Exactly: test/end-to-end/units.emulated.test.ts. Ten commits, and what a run takes besides.
    for (const count of [row.dynamodb, row.writeUnits]) {
      expect(count).toBeGreaterThan(10)
      expect(count).toBeLessThanOrEqual(14)
    }
    expect(row.usdPerMillionNodes).toBeCloseTo(
      (row.writeUnits * 0.625 + row.readUnits * 0.125 + 3 * 0.4) / 10,
      9,
    )
    for (const figure of [row.wallMs, row.cpuMs, row.logBytes]) expect(figure).toBeGreaterThan(0)
  })

  it('of a fan takes up to ten messages an invocation, and calls the worker with the next shape', async () => {
    const row = await measure(aws, worker, { shape: 'fan9', variant: 'set3', workers: '5x10' })

    expect(row).toMatchObject({ nodes: 11, status: 'completed', sends: 2 })
    expect(row.invocations).toBeLessThan(10)
    expect(row.sqs).toBe(row.sends + 2 * row.invocations)
  })
})

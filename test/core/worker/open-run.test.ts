/** Jobs of runs that nobody put: the Flowcraft guide's client sends `{ runId, blueprintId, nodeId }`, and so may anybody. */
import { createFlow } from 'flowcraft'
import { beforeEach, describe, expect, it } from 'vitest'
import { TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { workOnJob } from '../../support/one-message.ts'

const GRACE_MS = 120_000
const services = { deployGraceMs: GRACE_MS }

let service: TestService
beforeEach(() => {
  service = new TestService({
    flows: [createFlow('old').node('a', async () => ({ output: 1 }))],
    logger: quiet,
  })
})

describe('a job that begins a run', () => {
  it('does so', async () => {
    const job = { runId: 'r', blueprintId: 'old', nodeId: 'a' }

    expect(await workOnJob(service, job, { services })).toEqual({ kind: 'acknowledge' })

    expect(await service.get('r')).toMatchObject({ status: 'completed', context: { a: 1 } })
  })

  it("is refused under a child run's id, whose place it would take", async () => {
    const job = { runId: 'parent/0.1', blueprintId: 'old', nodeId: 'a' }

    await expect(workOnJob(service, job)).rejects.toMatchObject({
      code: 'INVALID_JOB',
      message:
        "cannot begin a run: runId must not end like a child run's, in /<number>.<number>; got 'parent/0.1'",
    })
    expect(await service.services.store.read('parent/0.1')).toBeUndefined()
  })

  const newer = [
    [
      'blueprint',
      { runId: 'r', blueprintId: 'new', nodeId: 'a' },
      'UNKNOWN_BLUEPRINT',
      "no blueprint 'new' here",
    ],
    [
      'node',
      { runId: 'r', blueprintId: 'old', nodeId: 'b' },
      'INVALID_JOB',
      "blueprint 'old' has no node 'b'",
    ],
  ] as const
  for (const [what, job, code, why] of newer) {
    it(`with a ${what} that this worker does not have is left to a newer one while its message is young`, async () => {
      const sentAt = service.now
      const take = () => workOnJob(service, job, { services, invocation: { sentAt } })

      service.now += GRACE_MS - 1
      expect(await take()).toEqual({
        kind: 'retry',
        reason: expect.stringContaining(why) as string,
        afterSeconds: 10,
      })
      service.now += 1
      await expect(take()).rejects.toMatchObject({ code })
      expect(await service.services.store.read('r')).toBeUndefined()
    })

    it(`with a ${what} that this worker does not have is refused where nobody says how old it is`, async () => {
      for (const sentAt of [undefined, Number.NaN]) {
        await expect(workOnJob(service, job, { services, invocation: { sentAt } })).rejects.toMatchObject({
          code,
        })
      }
    })
  }
})

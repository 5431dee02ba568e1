/** Jobs that came to another pool than their node's: passed on once, to be run by whoever gets them then. */
import { createFlow } from 'flowcraft'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Services } from '../../../lib/core/execution/services.ts'
import type { Job } from '../../../lib/core/queue/job.ts'
import { Pools } from '../../../lib/core/queue/pools.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { Deaths, nextJob, takeOne, workOnJob } from '../../support/one-message.ts'

const DEFAULT = 'https://sqs.local/1/jobs'
const HEAVY = 'https://sqs.local/1/heavy'
const declared = { heavy: { queueUrl: HEAVY, nodes: ['transcode'] } }

/** A worker of a pool, that sends to `sent` by the pools' rules. */
function workerIn(pool: string | undefined, sent: { url: string; job: Job }[]): Partial<Services> {
  const pools = new Pools(DEFAULT, declared, pool)
  return {
    isOwn: (job) => pools.isOwn(job),
    queue: {
      send: async (jobs) => void sent.push(...jobs.map((job) => ({ url: pools.queueUrlOf(job), job }))),
    },
  }
}

let service: TestService
let deaths: Deaths
let dies: boolean
let ran: string[]
let sent: { url: string; job: Job }[]
beforeEach(async () => {
  ran = []
  sent = []
  deaths = new Deaths()
  dies = false
  const flow = createFlow('video')
    .node('upload', async () => (ran.push('upload'), { output: 1 }))
    .node('transcode', async () => {
      if (dies) return deaths.die()
      ran.push('transcode')
      return { output: 2 }
    })
    .node('publish', async () => (ran.push('publish'), { output: 3 }))
    .edge('upload', 'transcode')
    .edge('transcode', 'publish')
  service = new TestService({ flows: [flow], logger: quiet })
  await service.start({ blueprintId: 'video', runId: 'r' })
})

describe('a node that got a pool after it was scheduled', () => {
  it('inline is passed on to that pool, and run there', async () => {
    // Its worker died of it, so it was given a pool of its own.
    dies = true
    const job = nextJob(service)
    await deaths.watch(() => takeOne(service))
    dies = false
    ran = []
    service.now += 200_000

    expect(await workOnJob(service, job, { services: workerIn(undefined, sent) })).toEqual({
      kind: 'acknowledge',
    })

    expect(ran).toEqual([])
    expect(sent).toEqual([{ url: HEAVY, job: { ...job, passedOn: 'transcode' } }])
    const [passed] = sent.splice(0)
    await workOnJob(service, passed?.job ?? job, { services: workerIn('heavy', sent) })
    expect(ran).toEqual(['transcode'])
    // What follows is no node of that pool.
    expect(sent).toMatchObject([{ url: DEFAULT, job: { nodeId: 'publish' } }])
  })

  it('is run by whoever gets it once it was passed on, though its pools say otherwise', async () => {
    const job = { ...nextJob(service), passedOn: 'upload' }

    await workOnJob(service, job, { services: workerIn('heavy', sent) })

    expect(ran).toEqual(['upload', 'transcode'])
    expect(sent).toMatchObject([{ url: DEFAULT, job: { nodeId: 'publish' } }])
    expect(sent[0]?.job).not.toHaveProperty('passedOn')
  })

  it('is not passed on for a duplicate of a message whose work is done', async () => {
    const job = nextJob(service)
    await takeOne(service)

    expect(await workOnJob(service, job, { services: workerIn('heavy', sent) })).toEqual({
      kind: 'acknowledge',
    })

    expect(sent).toEqual([])
  })
})

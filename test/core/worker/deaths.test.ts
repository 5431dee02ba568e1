/** Nodes that kill their workers: what is given up, what is not, and how often it is tried. */
import { createFlow, type NodeContext } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { DEATHS_AT_MOST } from '../../../lib/core/execution/services.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { batchOf } from '../../conformance/case.ts'
import { quiet } from '../../end-to-end/driver.ts'
import {
  Deaths,
  nextJob,
  takeOne,
  withMethods,
  workOnJob,
  type WorkerOptions,
} from '../../support/one-message.ts'

/** One message after the other until none is left, each death followed by the message's return. */
async function settleAmongDeaths(
  service: TestService,
  deaths: Deaths,
  options: WorkerOptions = {},
): Promise<number> {
  let died = 0
  for (let next = service.queue.nextAt(); next !== undefined; next = service.queue.nextAt()) {
    service.now = Math.max(service.now, next)
    if ((await deaths.watch(() => takeOne(service, options))) === 'died') died++
    if (died > 10 * DEATHS_AT_MOST) throw new Error('it never ends')
  }
  return died
}

function batch(worker: (call: NodeContext) => Promise<{ output: unknown }>): TestService {
  const { blueprint, registry } = batchOf([0, 1, 2], worker)
  return new TestService({ blueprints: { case: blueprint }, registry, logger: quiet })
}

/** How a message ends that comes so long after the end of the invocation that died with it. */
async function backAfter(seconds: number): Promise<unknown> {
  const deaths = new Deaths()
  let calls = 0
  const flow = createFlow('one').node('a', async () => (calls++ === 0 ? deaths.die() : { output: 'a' }))
  const service = new TestService({ flows: [flow], logger: quiet })
  await service.start({ blueprintId: 'one', runId: 'r' })
  const job = nextJob(service)
  const invocationMs = 60_000
  const invocation = { deadline: () => service.now + invocationMs }
  await deaths.watch(() => takeOne(service, { invocation }))
  service.now += invocationMs + seconds * 1000
  return workOnJob(service, job, { invocation })
}

describe("a dead worker's message", () => {
  it('is worked on where it comes back when the queue of the constructs brings it', async () => {
    expect(await backAfter(10)).toEqual({ kind: 'acknowledge' })
    expect(await backAfter(3)).toEqual({ kind: 'acknowledge' })
  })

  it('waits for the rest of the lease where it comes before', async () => {
    expect(await backAfter(1)).toMatchObject({ kind: 'retry', afterSeconds: 2 })
    expect(await backAfter(-20)).toMatchObject({ kind: 'retry', afterSeconds: 23 })
  })
})

describe('a chain of nodes', () => {
  it('each of which kills its first worker completes', async () => {
    const deaths = new Deaths()
    const flow = createFlow('chain')
    const ids = Array.from({ length: 2 * DEATHS_AT_MOST }, (_, at) => `n${at}`)
    const tried = new Map<string, number>()
    for (const [at, id] of ids.entries()) {
      flow.node(id, async () => {
        tried.set(id, (tried.get(id) ?? 0) + 1)
        return tried.get(id) === 1 ? deaths.die() : { output: id }
      })
      if (at > 0) flow.edge(`n${at - 1}`, id)
    }
    const service = new TestService({ flows: [flow], logger: quiet })
    await service.start({ blueprintId: 'chain', runId: 'r' })

    expect(await settleAmongDeaths(service, deaths)).toBe(ids.length)

    expect(await service.get('r')).toMatchObject({ status: 'completed', nodes: { completed: ids } })
    expect(new Set(tried.values())).toEqual(new Set([2]))
  })

  it('goes on inline again after a death', async () => {
    const deaths = new Deaths()
    let calls = 0
    const flow = createFlow('chain').node('n0', async () => (calls++ === 0 ? deaths.die() : { output: 0 }))
    for (let at = 1; at < 6; at++)
      flow.node(`n${at}`, async () => ({ output: at })).edge(`n${at - 1}`, `n${at}`)
    const service = new TestService({ flows: [flow], logger: quiet })
    await service.start({ blueprintId: 'chain', runId: 'r' })
    await deaths.watch(() => takeOne(service))
    service.now += 200_000

    await takeOne(service)
    expect(nextJob(service)).toMatchObject({ nodeId: 'n1' })
    await takeOne(service)

    expect(await service.isOver('r')).toBe(true)
  })
})

describe(`what kills ${DEATHS_AT_MOST} workers is given up`, () => {
  it('where it is a node, whose run fails; what lies beside it is not touched', async () => {
    const deaths = new Deaths()
    let calls = 0
    const flow = createFlow('two')
      .node('bad', async () => (calls++, deaths.die()))
      .node('good', async () => ({ output: 'good' }))
    const service = new TestService({ flows: [flow], logger: quiet })
    await service.start({ blueprintId: 'two', runId: 'r' })

    expect(await settleAmongDeaths(service, deaths)).toBe(DEATHS_AT_MOST)

    expect(calls).toBe(DEATHS_AT_MOST)
    const { status, errors, nodes } = await service.get('r')
    expect({ status, nodes }).toMatchObject({
      status: 'failed',
      nodes: { completed: ['good'], failed: ['bad'] },
    })
    expect(errors).toMatchObject([
      {
        nodeId: 'bad',
        message: expect.stringMatching(/^15 workers died or ran out of time while they executed node 'bad'/),
        originalError: { name: 'FlowcraftAwsError' },
      },
    ])
  })

  it('where it is an item of a batch', async () => {
    const deaths = new Deaths()
    let calls = 0
    const service = batch(async ({ input }) => {
      if (input !== 1) return { output: input }
      calls++
      return deaths.die()
    })
    await service.start({ blueprintId: 'case', runId: 'r' })

    expect(await settleAmongDeaths(service, deaths)).toBe(DEATHS_AT_MOST)

    expect(calls).toBe(DEATHS_AT_MOST)
    const { status, errors } = await service.get('r')
    expect(status).toBe('failed')
    expect(errors?.map(({ message }) => message)).toContain(
      '15 workers died or ran out of time while they executed item 1',
    )
  })

  it('where it is the gathering of what a node waited for', async () => {
    const deaths = new Deaths()
    const service = batch(async () => {
      throw new Error('no good')
    })
    // The node that scattered reads why its items failed.
    const store = withMethods(service.services.store, { listValues: () => deaths.die() })
    await service.start({ blueprintId: 'case', runId: 'r' })

    expect(await settleAmongDeaths(service, deaths, { services: { store } })).toBe(DEATHS_AT_MOST)

    const { status, errors, nodes } = await service.get('r')
    expect({ status, failed: nodes.failed }).toEqual({ status: 'failed', failed: ['scatter'] })
    expect(errors?.[0]?.message).toMatch(/^15 workers died .* executed node 'scatter'/)
  })
})

it('a node that kills one worker fewer than that completes', async () => {
  const deaths = new Deaths()
  let calls = 0
  const flow = createFlow('one').node('a', async () =>
    ++calls < DEATHS_AT_MOST ? deaths.die() : { output: 'at last' },
  )
  const service = new TestService({ flows: [flow], logger: quiet })
  await service.start({ blueprintId: 'one', runId: 'r' })

  expect(await settleAmongDeaths(service, deaths)).toBe(DEATHS_AT_MOST - 1)

  expect(await service.get('r')).toMatchObject({ status: 'completed', context: { a: 'at last' } })
})

/**
 * Processes that have several messages at a time, and die with all of them: who is blamed, and how soon the others go
 * on. As the worker function and the long-lived worker have them, in virtual time.
 */
import { createFlow, type NodeContext } from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { Isolation } from '../../../lib/core/execution/isolation.ts'
import { DEATHS_AT_MOST } from '../../../lib/core/execution/services.ts'
import { processJob } from '../../../lib/core/worker/process-job.ts'
import { type MemoryMessage, TestService } from '../../../lib/testing/index.ts'
import { batchOf } from '../../conformance/case.ts'
import { quiet } from '../../end-to-end/driver.ts'
import { Deaths } from '../../support/one-message.ts'

const INVOCATION_MS = 30_000
const VISIBILITY_MS = 180_000

interface Lived {
  /** Processes that died. */
  died: number
  /** Receives of a message at most. */
  receives: number
}

class Processes {
  readonly deaths = new Deaths()
  readonly lived: Lived = { died: 0, receives: 0 }
  readonly #service: TestService
  readonly #size: number

  constructor(service: TestService, size: number) {
    this.#service = service
    this.#size = size
  }

  /** One process after the other, each with as many messages as it may have, until no message is left. */
  async settle(until: () => Promise<boolean> = async () => false): Promise<Lived> {
    const { queue } = this.#service
    for (let next = queue.nextAt(); next !== undefined && !(await until()); next = queue.nextAt()) {
      this.#service.now = Math.max(this.#service.now, next)
      const messages = queue.visible().slice(0, this.#size)
      if ((await this.deaths.watch(() => this.#process(messages))) === 'died') this.lived.died++
      if (this.lived.died > 200) throw new Error('it never ends')
    }
    return this.lived
  }

  async #process(messages: readonly MemoryMessage[]): Promise<void> {
    const { queue, services } = this.#service
    const isolation = new Isolation(() => this.#service.now)
    const end = this.#service.now + INVOCATION_MS
    const deadline = () => end
    const placed = messages.map((message) => {
      queue.receive(message, VISIBILITY_MS)
      this.lived.receives = Math.max(this.lived.receives, message.receives)
      return { message, place: isolation.arrive({ until: deadline, isRedelivered: message.receives > 1 }) }
    })
    await Promise.all(
      placed.map(async ({ message, place }) => {
        const invocation = { deadline, extendsLease: false, place }
        const result = await processJob({ ...services, isolation }, message.job, invocation)
        if (result.kind === 'acknowledge') queue.delete(message)
        else if (result.afterSeconds !== undefined)
          message.visibleAt = this.#service.now + result.afterSeconds * 1000
        place.leave()
      }),
    )
  }
}

/** A run that kills its process, and others beside it whose nodes take a while. */
function killerAmongCalm(calmRuns: number, size = 10) {
  let kills = 0
  const executions = new Map<string, number>()
  const killer = createFlow('killer').node('kill', async () => {
    kills++
    return processes.deaths.die()
  })
  const calm = createFlow('calm').node('rest', async ({ context }: NodeContext) => {
    const id = String(await context.get('id' as never))
    executions.set(id, (executions.get(id) ?? 0) + 1)
    await new Promise((resolve) => setTimeout(resolve, 1))
    return { output: 'calm' }
  })
  const service = new TestService({ flows: [killer, calm], logger: quiet })
  const processes = new Processes(service, size)
  const start = async () => {
    await service.start({ blueprintId: 'killer', runId: 'killer' })
    for (let at = 0; at < calmRuns; at++)
      await service.start({ blueprintId: 'calm', input: { id: `c${at}` }, runId: `c${at}` })
  }
  return { service, processes, start, executions, kills: () => kills }
}

describe('a run whose node ends its process', () => {
  for (const calmRuns of [1, 5, 9]) {
    it(`takes ${calmRuns} others along once, and is given up alone`, async () => {
      const { service, processes, start, executions, kills } = killerAmongCalm(calmRuns)
      await start()
      const began = service.now
      const calm = async () => {
        const over = await Promise.all(Array.from({ length: calmRuns }, (_, at) => service.isOver(`c${at}`)))
        return over.every(Boolean)
      }

      await processes.settle(calm)

      // After what was invisible came back, and as many seconds as it takes to come apart.
      expect(service.now - began).toBeLessThan(VISIBILITY_MS + 60_000)
      for (let at = 0; at < calmRuns; at++) {
        expect(await service.get(`c${at}`)).toMatchObject({
          status: 'completed',
          context: { rest: 'calm' },
        })
      }
      expect(Math.max(...executions.values())).toBeLessThanOrEqual(2)
      const { died, receives } = await processes.settle()
      expect(await service.get('killer')).toMatchObject({
        status: 'failed',
        errors: [{ nodeId: 'kill', message: expect.stringMatching(/^15 workers died/) }],
      })
      expect(kills()).toBe(DEATHS_AT_MOST)
      expect(died).toBe(DEATHS_AT_MOST)
      expect(receives).toBeLessThanOrEqual(20)
    })
  }

  it('takes nobody along that comes later, however many there are', async () => {
    const { service, processes, start, executions } = killerAmongCalm(0)
    await start()
    let left = 40
    await processes.settle(async () => {
      for (let each = 0; each < 3 && left > 0; each++) {
        left--
        await service.start({ blueprintId: 'calm', input: { id: `late${left}` }, runId: `late${left}` })
      }
      return false
    })

    expect(await service.get('killer')).toMatchObject({ status: 'failed' })
    for (let at = 0; at < 40; at++)
      expect(await service.get(`late${at}`)).toMatchObject({ status: 'completed' })
    // One may have come before the first death.
    expect([...executions.values()].filter((times) => times > 1).length).toBeLessThanOrEqual(1)
  })
})

it('an item that ends its process takes others along once', async () => {
  const items = [0, 1, 2, 3, 4, 5]
  const executions = new Map<unknown, number>()
  const { blueprint, registry } = batchOf(items, async ({ input }: NodeContext) => {
    executions.set(input, (executions.get(input) ?? 0) + 1)
    await new Promise((resolve) => setTimeout(resolve, 1))
    return input === 1 ? processes.deaths.die() : { output: input }
  })
  const service = new TestService({ blueprints: { case: blueprint }, registry, logger: quiet })
  const processes: Processes = new Processes(service, 10)
  await service.start({ blueprintId: 'case', runId: 'r' })

  const { died } = await processes.settle()

  const { status, errors } = await service.get('r')
  expect(status).toBe('failed')
  expect(errors?.filter(({ nodeId }) => nodeId !== 'scatter').map(({ message }) => message)).toEqual([
    '15 workers died or ran out of time while they executed item 1',
  ])
  expect(died).toBe(DEATHS_AT_MOST)
  expect(executions.get(1)).toBe(DEATHS_AT_MOST)
  for (const item of items) if (item !== 1) expect(executions.get(item)).toBeLessThanOrEqual(2)
})

/** What a sweep does with the messages that SQS gave up, and with those that make trouble. */
import { createFlow } from 'flowcraft'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Services } from '../../../lib/core/execution/services.ts'
import type { DeadLetter, DeadLetterQueue } from '../../../lib/core/queue/dead-letter-queue.ts'
import type { Job } from '../../../lib/core/queue/job.ts'
import { returnDeadLetters } from '../../../lib/core/run/redrive-dead-letters.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { withMethods } from '../../support/one-message.ts'

/** As SQS's: what was received is hidden until it is released, and what was not removed comes back. */
class MemoryLetters {
  readonly #letters = new Map<string, DeadLetter>()
  #hidden = new Set<string>()
  #next = 1
  /** A body that the queue takes no more. */
  refused: string | undefined

  readonly queue = {
    receive: async () => {
      const visible = [...this.#letters.values()].filter((one) => !this.#hidden.has(one.receiptHandle))
      const got = visible.slice(0, 10)
      for (const { receiptHandle } of got) this.#hidden.add(receiptHandle)
      return got
    },
    put: async (body: string, reason: string) => {
      if (body === this.refused) return false
      this.add(body, reason)
      return true
    },
    remove: async ({ receiptHandle }: DeadLetter) => void this.#letters.delete(receiptHandle),
    release: async (letters: readonly DeadLetter[]) => {
      for (const { receiptHandle } of letters) this.#hidden.delete(receiptHandle)
    },
  } as unknown as DeadLetterQueue

  add(body: string | Job, reason?: string): void {
    const receiptHandle = `${this.#next++}`
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    this.#letters.set(receiptHandle, { id: receiptHandle, body: text, reason, receiptHandle })
  }

  /** Until all that was received and not removed comes back. */
  waits(): void {
    this.#hidden = new Set()
  }

  get all(): { body: string; reason: string | undefined }[] {
    return [...this.#letters.values()].map(({ body, reason }) => ({ body, reason }))
  }
}

let service: TestService
let letters: MemoryLetters
beforeEach(async () => {
  service = new TestService({ flows: [createFlow('x').node('a', async () => ({ output: 1 }))] })
  letters = new MemoryLetters()
  await service.start({ blueprintId: 'x', runId: 'r1' })
  for (const message of service.queue.visible()) service.queue.delete(message)
})

const job = (runId: string): Job => ({ runId, blueprintId: 'x', nodeId: 'a', iteration: 1 })
const sweep = (services: Partial<Services> = {}) =>
  returnDeadLetters({ ...service.services, ...services }, letters.queue)
const sent = () => service.queue.visible().map((message) => message.job)

describe('the dead-letter queue', () => {
  it('gives back a job with its count, to the pool of its node', async () => {
    letters.add({ ...job('r1'), returns: 4, passedOn: 'a' })

    expect(await sweep()).toEqual({ returned: 1, kept: 0 })

    expect(sent()).toEqual([{ ...job('r1'), returns: 5 }])
    expect(letters.all).toEqual([])
  })

  it('is looked through though one of its messages makes trouble, which is told', async () => {
    const store = withMethods(service.services.store, {
      read: async (runId) => {
        if (runId === 'bad') throw new Error('the item is too new')
        return service.services.store.read(runId)
      },
    })
    letters.add(job('bad'))
    letters.add('no job')
    letters.add(job('r1'))

    await expect(sweep({ store })).rejects.toMatchObject({
      errors: [expect.objectContaining({ message: 'the item is too new' })],
    })

    expect(sent()).toEqual([{ ...job('r1'), returns: 1 }])
    expect(letters.all).toEqual([
      { body: JSON.stringify(job('bad')), reason: undefined },
      { body: 'no job', reason: "not a job: the message is not JSON: 'no job'" },
    ])
  })

  it('is looked through behind more messages with a reason than one request gives, which others see again', async () => {
    for (let at = 0; at < 230; at++) letters.add(`{"n":${at}}`, 'a worker refused it')
    letters.add(job('r1'))

    expect(await sweep()).toEqual({ returned: 1, kept: 230 })

    expect(sent()).toEqual([{ ...job('r1'), returns: 1 }])
    expect(await letters.queue.receive()).toHaveLength(10)
  })

  it('keeps what is no job and cannot be put with a reason, and goes on to the next', async () => {
    letters.add('no job')
    letters.add(job('r1'))
    letters.refused = 'no job'

    for (let time = 0; time < 2; time++) expect(await sweep()).toEqual({ returned: 1 - time, kept: 1 })

    expect(letters.all).toEqual([{ body: 'no job', reason: undefined }])
    expect(sent()).toHaveLength(1)
  })

  it('does not fill with copies of a job whose run cannot be noted', async () => {
    const graphs = {
      of: async () => {
        throw new Error('version v1 is not stored')
      },
    } as unknown as Services['graphs']
    letters.add({ ...job('r1'), returns: 50 })

    for (let time = 0; time < 3; time++) {
      await expect(sweep({ graphs })).rejects.toThrow()
      letters.waits()
    }

    expect(letters.all).toEqual([{ body: JSON.stringify({ ...job('r1'), returns: 50 }), reason: undefined }])
    await sweep()
    expect(letters.all).toHaveLength(1)
    expect(await service.get('r1')).toHaveProperty('deadLetters')
  })

  it('keeps a job that was sent back 50 times without its count, so that it may be sent back by hand', async () => {
    letters.add({ ...job('r1'), returns: 50, passedOn: 'a' })

    expect(await sweep()).toEqual({ returned: 0, kept: 1 })

    const reason = 'sent back 50 times, and no worker was done with it'
    expect(letters.all).toEqual([{ body: JSON.stringify(job('r1')), reason }])
    expect(sent()).toEqual([])
  })
})

describe('what a run says of its dead letters', () => {
  it('is gone when the message was sent back and its node waits', async () => {
    const waiting = { id: 'w', nodes: [{ id: 'w', uses: 'wait' }], edges: [] }
    service = new TestService({ blueprints: { w: waiting } })
    await service.start({ blueprintId: 'w', runId: 'r' })
    await service.services.store.noteDeadLetter('r', '0.1', 'sent back 50 times')
    expect(await service.get('r')).toHaveProperty('deadLetters')

    await service.settle()

    const { waiting: waits, deadLetters } = await service.get('r')
    expect({ waits, deadLetters }).toMatchObject({ waits: [{ nodeId: 'w' }], deadLetters: undefined })
  })
})

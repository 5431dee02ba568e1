import { beforeEach, describe, expect, it } from 'vitest'
import { MemoryQueue } from '../../lib/testing/index.ts'

let now: number
let queue: MemoryQueue
const job = (nodeId: string) => ({ runId: 'r', blueprintId: 'b', nodeId, iteration: 1 })
const visible = () => queue.visible().map((message) => message.job.nodeId)
const first = () => {
  const [message] = queue.visible()
  if (!message) throw new Error('no message is visible')
  return message
}

beforeEach(() => {
  now = 1_000
  queue = new MemoryQueue(() => now)
})

describe('MemoryQueue', () => {
  it('gives what was sent, oldest first', async () => {
    await queue.send([job('a'), job('b')])
    queue.put(job('c'))

    expect(visible()).toEqual(['a', 'b', 'c'])
    expect(queue.size).toBe(3)
  })

  it('hides a message that is worked on, until its time is over, and counts', () => {
    queue.put(job('a'))
    const message = first()

    queue.receive(message, 30)

    expect(visible()).toEqual([])
    expect(queue.nextAt()).toBe(1_030)
    now = 1_029
    expect(visible()).toEqual([])
    now = 1_030
    expect(visible()).toEqual(['a'])
    queue.receive(message, 30)
    expect(message.receives).toBe(2)
  })

  it('delays a message', () => {
    queue.put(job('a'), 500)

    expect(visible()).toEqual([])
    expect(queue.nextAt()).toBe(1_500)
    now = 1_500
    expect(visible()).toEqual(['a'])
  })

  it('forgets what is deleted', () => {
    queue.put(job('a'))
    queue.put(job('b'))

    queue.delete(first())

    expect(visible()).toEqual(['b'])
    expect(queue.size).toBe(1)
    queue.delete(first())
    expect(queue.nextAt()).toBeUndefined()
  })
})

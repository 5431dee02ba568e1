/** Pages that look at runs: one watch for all that look at one. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { LiveRuns } from '../../lib/console/live.ts'
import type { RunView } from '../../lib/console/views.ts'
import { served } from './served.ts'

/** A watch that gives what it is told to. */
class Told {
  watches = 0
  stopped = 0
  give: (status: string) => void = () => {}
  end: (error?: Error) => void = () => {}

  async *watch(runId: string, signal: AbortSignal): AsyncGenerator<RunView, void, undefined> {
    this.watches++
    const queue: (string | Error | undefined)[] = []
    let wake: (() => void) | undefined
    const add = (one: string | Error | undefined) => {
      queue.push(one)
      wake?.()
    }
    this.give = add
    this.end = add
    signal.addEventListener('abort', () => {
      this.stopped++
      add(undefined)
    })
    for (;;) {
      if (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      const next = queue.shift()
      if (next === undefined) return
      if (next instanceof Error) throw next
      yield { runId, status: next } as unknown as RunView
    }
  }
}

async function collect(looks: AsyncIterable<RunView>, seen: string[]): Promise<string[]> {
  for await (const { status } of looks) seen.push(status)
  return seen
}

it('several pages share one watch; one that comes later sees how it stands at once', async () => {
  const told = new Told()
  const live = new LiveRuns(told)
  const [a, b] = [new AbortController(), new AbortController()]
  const [one, two]: string[][] = [[], []]
  const first = collect(live.look('r', a.signal), one as string[])
  await sleep(1)
  told.give('running')
  await sleep(1)
  const second = collect(live.look('r', b.signal), two as string[])
  await sleep(1)
  expect(two).toEqual(['running'])
  told.give('awaiting')
  await sleep(1)
  a.abort()
  await first
  expect(told.stopped).toBe(0)
  told.give('completed')
  told.end()
  await second
  expect([one, two]).toEqual([
    ['running', 'awaiting'],
    ['running', 'awaiting', 'completed'],
  ])
  expect(told.watches).toBe(1)
})

it('the watch ends with the last page, and another page begins it anew', async () => {
  const told = new Told()
  const live = new LiveRuns(told)
  const gone = new AbortController()
  const looked = collect(live.look('r', gone.signal), [])
  await sleep(1)
  told.give('running')
  await sleep(1)
  gone.abort()
  expect(await looked).toEqual(['running'])
  expect(told.stopped).toBe(1)
  const again = collect(live.look('r', new AbortController().signal), [])
  await sleep(1)
  told.end(new Error('throttled'))
  await expect(again).rejects.toThrow('throttled')
  expect(told.watches).toBe(2)
})

it('a page that comes while another still reads the end begins a watch of its own: the run may be redriven since', async () => {
  const told = new Told()
  const live = new LiveRuns(told)
  const slow = live.look('r', new AbortController().signal)
  const first = slow.next()
  await sleep(1)
  told.give('failed')
  told.end()
  expect((await first).value).toMatchObject({ status: 'failed' })
  await sleep(1)
  const second = live.look('r', new AbortController().signal).next()
  await sleep(1)
  told.give('running')
  expect((await second).value).toMatchObject({ status: 'running' })
  expect(told.watches).toBe(2)
  expect(await slow.next()).toMatchObject({ done: true })
})

it('the page gets how a run stands, until it is over, as server-sent events', async () => {
  const { service, get } = served()
  await service.run({ blueprintId: 'order', runId: 'r', input: { amount: 1 } })
  const stop = new AbortController()
  const answer = await get('/runs/r/events', { signal: stop.signal })
  expect(answer.headers.get('content-type')).toBe('text/event-stream')
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
  const next = async () => new TextDecoder().decode((await reader.read()).value)
  expect(await next()).toMatch(/^event: run\ndata: \{"runId":"r".*"awaiting"/)
  await service.cancel('r')
  expect(await next()).toMatch(/^event: run\ndata: .*"cancelled"/)
  expect(await next()).toMatch(/^event: end\n/)
  expect((await reader.read()).done).toBe(true)

  const missing = await (await get('/runs/none/events')).text()
  expect(missing).toMatch(/^event: problem\ndata: \{"code":"RUN_NOT_FOUND"/)
})

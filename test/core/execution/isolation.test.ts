/** Who may begin beside whom in one process. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Isolation, type Place } from '../../../lib/core/execution/isolation.ts'

let now: number
let isolation: Isolation
beforeEach(() => {
  now = 0
  isolation = new Isolation(() => now)
  vi.useFakeTimers()
})
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

/** What a strand has heard so far. */
function ask(place: Place, wasLost = false, patienceMs = 0): { answer: boolean | undefined } {
  const heard: { answer: boolean | undefined } = { answer: undefined }
  void place.enter(wasLost, patienceMs).then((answer) => (heard.answer = answer))
  return heard
}
const settle = () => vi.advanceTimersByTimeAsync(0)

describe('strands that were never lost', () => {
  it('work side by side', async () => {
    const heard = [1, 2, 3].map(() => ask(isolation.arrive()))
    await settle()

    expect(heard).toEqual([{ answer: true }, { answer: true }, { answer: true }])
    expect(isolation.isClosed).toBe(false)
  })
})

describe('a strand that was lost before', () => {
  it('works alone: whoever comes meanwhile is given back', async () => {
    const lost = isolation.arrive()
    const heard = ask(lost, true)
    await settle()
    expect(heard.answer).toBe(true)
    expect(isolation.isClosed).toBe(true)

    const next = ask(isolation.arrive())
    const alsoLost = ask(isolation.arrive(), true)
    await settle()
    expect([next.answer, alsoLost.answer]).toEqual([false, false])

    const opened = vi.fn()
    void isolation.opened().then(opened)
    await settle()
    expect(opened).not.toHaveBeenCalled()
    lost.leave()
    await settle()
    expect(opened).toHaveBeenCalled()
    const later = ask(isolation.arrive())
    await settle()
    expect(later.answer).toBe(true)
  })

  it('is given back at once where others are under way, unless it has patience', async () => {
    const ordinary = isolation.arrive()
    ask(ordinary)
    await settle()

    const impatient = isolation.arrive()
    const first = ask(impatient, true)
    await settle()
    expect(first.answer).toBe(false)
    impatient.leave()
    expect(isolation.isClosed).toBe(false)

    const patient = isolation.arrive()
    const second = ask(patient, true, 30_000)
    await settle()
    expect(second.answer).toBeUndefined()
    // Nobody begins meanwhile, or it would wait for ever.
    const newcomer = isolation.arrive()
    const third = ask(newcomer)
    await settle()
    expect(third.answer).toBe(false)
    ordinary.leave()
    await settle()
    // Also not while the other is being given back: it would lose the request that does it.
    expect(second.answer).toBeUndefined()
    newcomer.leave()
    await settle()
    expect(second.answer).toBe(true)
    patient.leave()
  })

  it('is given back when its patience is over', async () => {
    ask(isolation.arrive())
    await settle()
    const heard = ask(isolation.arrive(), true, 30_000)

    await vi.advanceTimersByTimeAsync(29_999)
    expect(heard.answer).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)

    expect(heard.answer).toBe(false)
    expect(isolation.isClosed).toBe(false)
  })

  it('has no company in a process that is gone', async () => {
    ask(isolation.arrive({ until: () => 1_000 }))
    await settle()
    now = 1_001

    const heard = ask(isolation.arrive(), true)
    await settle()

    expect(heard.answer).toBe(true)
  })
})

describe('messages of one batch', () => {
  it('begin when it is known of each that came before whether it was lost', async () => {
    const [again, fresh] = [isolation.arrive({ isRedelivered: true }), isolation.arrive()]
    const heard = ask(fresh)
    await settle()
    expect(heard.answer).toBeUndefined()

    const other = ask(again)
    await settle()

    expect([heard.answer, other.answer]).toEqual([true, true])
  })

  it('one of which was lost leave first, all but that one', async () => {
    const again = isolation.arrive({ isRedelivered: true })
    const alsoAgain = isolation.arrive({ isRedelivered: true })
    const fresh = isolation.arrive()
    const late = isolation.arrive()
    const heard = [ask(fresh), ask(alsoAgain, true), ask(again, true)]
    await settle()
    expect(heard.map(({ answer }) => answer)).toEqual([false, undefined, false])

    fresh.leave()
    again.leave()
    await settle()
    expect(heard[1]?.answer).toBeUndefined()
    const last = ask(late)
    await settle()
    expect(last.answer).toBe(false)
    late.leave()
    await settle()

    expect(heard[1]?.answer).toBe(true)
    alsoAgain.leave()
  })

  it('begin though one of them had nothing to do, or takes long to be looked up', async () => {
    const nothing = isolation.arrive({ isRedelivered: true })
    const first = ask(isolation.arrive())
    await settle()
    nothing.leave()
    await settle()
    expect(first.answer).toBe(true)

    isolation.arrive({ isRedelivered: true })
    const second = ask(isolation.arrive())
    await vi.advanceTimersByTimeAsync(10_000)
    expect(second.answer).toBe(true)
  })

  it('do not keep one waiting that was lost, though one of them never leaves', async () => {
    isolation.arrive()
    const heard = ask(isolation.arrive(), true)
    await vi.advanceTimersByTimeAsync(5_000)

    expect(heard.answer).toBe(false)
    expect(isolation.isClosed).toBe(false)
  })
})

describe('the time of a process', () => {
  it('is shared alike by those who are present', () => {
    const first = isolation.arrive()
    now = 100
    const second = isolation.arrive()
    now = 140
    expect([first.elapsed(), second.elapsed()]).toEqual([120, 20])
    second.leave()
    now = 150
    expect(first.elapsed()).toBe(130)
    first.leave()
    now = 1_000
    const third = isolation.arrive()
    now = 1_005
    expect(third.elapsed()).toBe(5)
    third.leave()
  })
})

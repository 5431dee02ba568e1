/** The lists of the console's page: what they ask for, which rows are drawn, which are chosen, what they cost. */
import { describe, expect, it } from 'vitest'
import { Problem } from '../../console/src/problem.ts'
import { RunCosts } from '../../console/src/screens/runs/costs.ts'
import { countFilters, filtersOf, queryOf, requestOf } from '../../console/src/screens/runs/filters.ts'
import { type LoadRuns, RunPages } from '../../console/src/screens/runs/run-pages.ts'
import { NOTHING_SELECTED, toggled } from '../../console/src/screens/runs/selection.ts'
import { scrollTopFor, windowOf } from '../../console/src/ui/virtual.ts'
import type { RunRow, RunsView } from '../../lib/console/views.ts'

const runOf = (runId: string): RunRow => ({
  runId,
  blueprintId: 'order',
  status: 'completed',
  startedAt: '2026-11-27T12:00:00.000Z',
  endedAt: '2026-11-27T12:00:01.000Z',
})
const page = (runIds: string, cursor?: string): RunsView => ({
  runs: [...runIds].map(runOf),
  ...(cursor === undefined ? {} : { cursor }),
})

/** Answers what the test says, in the order in which it says so. */
function asked() {
  const answers: {
    cursor: string | undefined
    signal: AbortSignal
    give: (view: RunsView | Error) => void
  }[] = []
  const load: LoadRuns = async (cursor, signal) =>
    new Promise((resolve, reject) => {
      const give = (view: RunsView | Error) => (view instanceof Error ? reject(view) : resolve(view))
      answers.push({ cursor, signal, give })
    })
  return { pages: new RunPages(load), answers }
}
const idsOf = ({ state }: RunPages) => state.value.runs.map(({ runId }) => runId).join('')

const ids = (selection: { readonly ids: ReadonlySet<string> }) => [...selection.ids].toSorted().join('')

describe('filters of runs', () => {
  const query = {
    blueprint: ['order'],
    status: ['running', 'failed'],
    since: ['24h'],
    label: ['tenant=acme', 'orderId=a=b'],
    parent: ['p'],
  }

  it('stand in the address and are read from it', () => {
    expect(queryOf(filtersOf(query))).toEqual(query)
    expect(countFilters(filtersOf(query))).toBe(7)
    expect(queryOf(filtersOf({}))).toEqual({})
  })

  it('leave out what is none', () => {
    const wrong = { status: ['nope', 'failed'], since: ['toString'], until: ['soon'], label: ['=x', 'y'] }
    expect(queryOf(filtersOf(wrong))).toEqual({ status: ['failed'] })
  })

  it('are asked for by times', () => {
    const now = Date.parse('2026-11-27T12:00:00Z')
    expect(requestOf(filtersOf(query), now)).toMatchObject({
      since: '2026-11-26T12:00:00.000Z',
      label: ['tenant=acme', 'orderId=a=b'],
    })
    const exact = '2026-11-01T00:00:00.000Z'
    expect(requestOf(filtersOf({ since: [exact] }), now).since).toBe(exact)
  })
})

describe('pages of runs', () => {
  it('follow each other, without a run twice', async () => {
    const { pages, answers } = asked()
    const first = pages.first()
    answers[0]?.give(page('abc', '1'))
    await first
    const more = pages.more()
    await pages.more()
    expect(answers.map(({ cursor }) => cursor)).toEqual([undefined, '1'])
    answers[1]?.give(page('cd'))
    await more
    expect(idsOf(pages)).toBe('abcd')
    expect(pages.state.value).toMatchObject({ pages: 2, isLoading: false, cursor: undefined })
    await pages.more()
    expect(answers).toHaveLength(2)
  })

  it('drop what comes too late', async () => {
    const { pages, answers } = asked()
    const late = pages.first()
    const first = pages.first()
    expect(answers[0]?.signal.aborted).toBe(true)
    answers[1]?.give(page('b'))
    await first
    answers[0]?.give(page('a'))
    await late
    expect(idsOf(pages)).toBe('b')
  })

  it('can be left while one is on its way, and taken up again', async () => {
    const { pages, answers } = asked()
    const first = pages.first()
    answers[0]?.give(page('a', '1'))
    await first
    const left = pages.more()
    pages.close()
    answers[1]?.give(page('b', '2'))
    await left
    expect(pages.state.value).toMatchObject({ pages: 1, isLoading: false })
    const more = pages.more()
    answers[2]?.give(page('b', '2'))
    await more
    expect(idsOf(pages)).toBe('ab')
  })

  it('keep what was read where one cannot be read, and wait until somebody asks', async () => {
    const { pages, answers } = asked()
    const first = pages.first()
    answers[0]?.give(page('a', '1'))
    await first
    const more = pages.more()
    answers[1]?.give(new Problem({ code: 'THROTTLED', message: 'later' }))
    await more
    expect(idsOf(pages)).toBe('a')
    expect(pages.state.value.problem).toMatchObject({ code: 'THROTTLED' })
    expect(pages.goesOn).toBe(false)
    const again = pages.more({ isAsked: true })
    answers[2]?.give(page('b'))
    await again
    expect(idsOf(pages)).toBe('ab')
    expect(pages.state.value.problem).toBeUndefined()
  })

  it('look on by themselves for three pages without a run, then when asked', async () => {
    const { pages, answers } = asked()
    const first = pages.first()
    answers[0]?.give(page('', '1'))
    await first
    for (const at of [1, 2]) {
      const more = pages.more()
      answers[at]?.give(page('', String(at + 1)))
      await more
    }
    expect(pages.goesOn).toBe(false)
    await pages.more()
    expect(answers).toHaveLength(3)
    const more = pages.more({ isAsked: true })
    answers[3]?.give(page('', '4'))
    await more
    expect(pages.goesOn).toBe(true)
  })
})

describe('costs of runs', () => {
  it('are asked for once of what ended, again of what is under way, 100 at a time', async () => {
    const asked: (readonly string[])[] = []
    const costs = new RunCosts(async (runIds) => {
      asked.push(runIds)
      return { usd: { a: 0.5 } }
    })
    const running = { ...runOf('b'), endedAt: undefined, status: 'running' as const }
    await costs.show([runOf('a'), running], 1)
    await costs.show([runOf('a'), running], 1)
    await costs.show([runOf('a'), running], 2)
    expect(asked).toEqual([['a', 'b'], ['b']])
    expect([...costs.costs.value]).toEqual([
      ['a', 0.5],
      ['b', null],
    ])
    await costs.show(
      Array.from({ length: 150 }, (_, at) => runOf(`r${at}`)),
      3,
    )
    expect(asked.slice(2).map(({ length }) => length)).toEqual([100, 50])
  })

  it('are asked for again where they could not be had', async () => {
    let isDown = true
    const costs = new RunCosts(async () => {
      if (isDown) throw new Error('down')
      return { usd: { a: 1 } }
    })
    await costs.show([runOf('a')], 1)
    expect(costs.costs.value.size).toBe(0)
    isDown = false
    await costs.show([runOf('a')], 1)
    expect(costs.costs.value.get('a')).toBe(1)
  })
})

describe('a choice of runs', () => {
  const order = [...'abcdef']

  it('is one by one, or from the last to this one', () => {
    const one = toggled(NOTHING_SELECTED, { runId: 'e', isOn: true, isRange: true }, order)
    expect(ids(one)).toBe('e')
    const range = toggled(one, { runId: 'b', isOn: true, isRange: true }, order)
    expect(ids(range)).toBe('bcde')
    expect(ids(toggled(range, { runId: 'd', isOn: false, isRange: true }, order))).toBe('e')
    expect(ids(toggled(range, { runId: 'c', isOn: false, isRange: false }, order))).toBe('bde')
  })

  it('is of one where the last one has left the list', () => {
    const one = toggled(NOTHING_SELECTED, { runId: 'z', isOn: true, isRange: false }, order)
    expect(ids(toggled(one, { runId: 'c', isOn: true, isRange: true }, order))).toBe('cz')
  })
})

describe('a long list', () => {
  const rows = { count: 100_000, rowHeight: 38, overscan: 5 }

  it('draws what is in view, and as much space as the others take', () => {
    expect(windowOf({ scrollTop: 0, height: 380 }, rows)).toEqual({
      first: 0,
      end: 15,
      before: 0,
      after: 99_985 * 38,
    })
    const middle = windowOf({ scrollTop: 50_000 * 38 + 10, height: 380 }, rows)
    expect(middle).toMatchObject({ first: 49_995, end: 50_016 })
    expect(middle.before + (middle.end - middle.first) * 38 + middle.after).toBe(100_000 * 38)
  })

  it('is never beyond its end, however far it was scrolled before it became short', () => {
    expect(windowOf({ scrollTop: 9_999_999, height: 380 }, { ...rows, count: 12 })).toEqual({
      first: 0,
      end: 12,
      before: 0,
      after: 0,
    })
    expect(windowOf({ scrollTop: 0, height: 0 }, { ...rows, count: 0 })).toMatchObject({ first: 0, end: 0 })
  })

  it('scrolls no further than it must', () => {
    const view = { scrollTop: 100, height: 100 }
    expect([2, 5, 6, 9, 12].map((row) => scrollTopFor(row, 20, view))).toEqual([40, 100, 100, 100, 160])
  })
})

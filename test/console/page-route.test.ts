/** Addresses of the console's page. */
import { describe, expect, it } from 'vitest'
import { withQuery } from '../../console/src/query.ts'
import { href, parseRoute, type Route, runHref, titleOf } from '../../console/src/route.ts'

describe('a route of the page', () => {
  const ROUTES: readonly (readonly [string, Route])[] = [
    ['#/', { screen: 'home' }],
    ['#/runs', { screen: 'runs', query: {} }],
    [
      '#/runs?status=failed&status=awaiting&label=tenant%3Dacme',
      { screen: 'runs', query: { status: ['failed', 'awaiting'], label: ['tenant=acme'] } },
    ],
    ['#/runs/r-1', { screen: 'run', runId: 'r-1', nodeId: undefined }],
    ['#/runs/a%2Fb%3Fc%25?node=n%261', { screen: 'run', runId: 'a/b?c%', nodeId: 'n&1' }],
    ['#/failures?since=24h', { screen: 'failures', query: { since: ['24h'] } }],
    ['#/blueprints', { screen: 'blueprints' }],
    ['#/blueprints/shop%3Aorder', { screen: 'blueprint', blueprintId: 'shop:order' }],
    ['#/dead-letters', { screen: 'deadLetters' }],
    ['#/start', { screen: 'start', blueprintId: undefined }],
    ['#/start/order', { screen: 'start', blueprintId: 'order' }],
  ]

  it.each(ROUTES)('is read from its address and written to it: %s', (address, route) => {
    expect(parseRoute(address)).toEqual(route)
    expect(href(route)).toBe(address)
  })

  it('is the start where the address says nothing', () => {
    expect(parseRoute('')).toEqual({ screen: 'home' })
  })

  it.each(['#/nothing', '#/runs/a/b', '#/dead-letters/x', '#/__proto__'])('is unknown: %s', (address) => {
    expect(parseRoute(address)).toEqual({ screen: 'unknown' })
  })

  it('takes what is badly encoded as it is', () => {
    expect(parseRoute('#/runs/100%')).toEqual({ screen: 'run', runId: '100%', nodeId: undefined })
  })

  it('takes any name in a query', () => {
    expect(parseRoute('#/runs?__proto__=1')).toEqual({
      screen: 'runs',
      query: Object.fromEntries([['__proto__', ['1']]]),
    })
  })

  it('has a title', () => {
    const titles = ['#/', '#/runs', '#/runs/r-1?node=n', '#/start', '#/start/order', '#/nope'].map(
      (address) => titleOf(parseRoute(address)),
    )
    expect(titles).toEqual(['Console', 'Runs', 'r-1', 'Start a run', 'Start order', 'Nothing here'])
  })

  it('of a run may name a node', () => {
    expect(runHref('r', 'charge')).toBe('#/runs/r?node=charge')
  })
})

describe('an address of the server', () => {
  it('has a name for each value, and none for what is not given', () => {
    const query = {
      status: ['failed', 'paused'],
      limit: 50,
      cursor: undefined,
      blueprint: '',
      label: ['a=b'],
    }
    expect(withQuery('/api/runs', query)).toBe('/api/runs?status=failed&status=paused&limit=50&label=a%3Db')
    expect(withQuery('/api/runs', {})).toBe('/api/runs')
  })
})

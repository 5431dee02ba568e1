/** Who is refused by the console, whatever a site that a browser shows may try. */
import { describe, expect, it } from 'vitest'
import { PORT, served, TOKEN } from './served.ts'

const cookie = `flowcraft_console_${PORT}=${TOKEN}`
const own = `http://127.0.0.1:${PORT}`
const json = { 'content-type': 'application/json' }

describe('the console refuses', () => {
  const { request } = served()

  it.each([
    ['no cookie', {}],
    ['another token', { cookie: `flowcraft_console_${PORT}=nope` }],
    ['the token of another port', { cookie: `flowcraft_console_1=${TOKEN}` }],
    ['the token as a bearer', { authorization: `Bearer ${TOKEN}` }],
  ])('%s', async (_, headers) => {
    const answer = await request('/api/service', headers as Record<string, string>)
    expect(answer.status).toBe(401)
    expect(await answer.json()).toMatchObject({ code: 'UNAUTHORIZED' })
  })

  it('a token in the address of the API', async () => {
    expect((await request(`/api/service?token=${TOKEN}`)).status).toBe(401)
  })

  it.each([
    'evil.example:4321',
    '127.0.0.1',
    `127.0.0.1:${PORT + 1}`,
    `127.0.0.1.nip.io:${PORT}`,
    `LOCALHOST.evil:${PORT}`,
    '',
  ])('the host %j, to which its name may be made to point', async (host) => {
    const answer = await request('/api/service', { cookie, host })
    expect(answer.status).toBe(403)
    expect(await answer.json()).toMatchObject({ code: 'FORBIDDEN' })
  })

  it.each(['http://evil.example', 'null', `http://127.0.0.1:${PORT + 1}`, `https://127.0.0.1:${PORT}`])(
    'the origin %j',
    async (origin) => {
      for (const method of ['GET', 'POST'])
        expect((await request('/api/runs', { cookie, origin, ...json }, { method })).status).toBe(403)
    },
  )

  it.each(['cross-site', 'same-site'])(
    'what a page of a %s one asks for without telling its origin',
    async (site) => {
      expect((await request('/api/service', { cookie, 'sec-fetch-site': site })).status).toBe(403)
    },
  )

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', ''])(
    'a change as %j, as a form of another site would send it',
    async (type) => {
      const headers = { cookie, 'content-type': type }
      const answer = await request('/api/runs', headers, { method: 'POST', body: '{"blueprintId":"order"}' })
      expect(answer.status).toBe(415)
    },
  )

  it('to change anything where it is read-only, whatever it is', async () => {
    const { post, service } = served({ writable: false })
    const paths = ['/runs', '/runs/r/cancel', '/runs/r/redrive', '/runs/r/fork', '/runs/r/resume']
    const more = ['/redrives', '/cancels', '/blueprints/order/pause', '/dead-letters/drop']
    for (const path of [...paths, ...more]) {
      const answer = await post(path, { blueprintId: 'order', runIds: ['r'], ids: ['m'] })
      expect([path, answer.status, await answer.json()]).toMatchObject([path, 403, { code: 'READ_ONLY' }])
    }
    expect((await service.list()).runs).toEqual([])
  })

  it('a body that is larger than any start', async () => {
    const { post } = served()
    const answer = await post('/runs', { blueprintId: 'order', input: { text: 'x'.repeat(6 * 1024 * 1024) } })
    expect(answer.status).toBe(413)
  })
})

describe('the console lets in', () => {
  it('whoever opens its address with the token, which then stands in no address', async () => {
    const { request } = served()
    const answer = await request(`/?token=${TOKEN}`)
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe('/')
    const given = answer.headers.get('set-cookie') ?? ''
    expect(given).toMatch(new RegExp(`^flowcraft_console_${PORT}=${TOKEN}; .*HttpOnly; SameSite=Strict$`))
    const [name = ''] = given.split(';')
    expect((await request('/api/service', { cookie: name })).status).toBe(200)
  })

  it('nobody by another token', async () => {
    const { request } = served()
    const answer = await request('/?token=nope')
    expect(answer.status).toBe(401)
    expect(answer.headers.get('set-cookie')).toBeNull()
    expect(await answer.text()).toContain('open the address that the command printed')
  })

  it('its own page, and a person who follows a link to it', async () => {
    const { request } = served()
    const ways: Record<string, string>[] = [
      { origin: own, 'sec-fetch-site': 'same-origin' },
      { host: `localhost:${PORT}` },
    ]
    for (const headers of ways)
      expect((await request('/api/service', { cookie, ...headers })).status).toBe(200)
    expect((await request('/', { cookie, 'sec-fetch-site': 'cross-site' })).status).toBe(200)
  })
})

it('the console sends each answer, also a refusal, with a policy that runs no text as code', async () => {
  const { request } = served()
  for (const headers of [{ cookie }, {}] as Record<string, string>[]) {
    const answer = await request('/api/service', headers)
    const policy = answer.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('unsafe')
    expect(policy).toContain("frame-ancestors 'none'")
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  }
})

it('the console tells the page nothing of credentials', async () => {
  const { get } = served()
  const text = JSON.stringify(await (await get('/service')).json())
  expect(text).not.toMatch(/AKIA|secret|token|accessKey/i)
})

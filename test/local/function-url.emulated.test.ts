// Function URLs: what a request becomes, and what an answer does.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { startLocalAws } from '../../lib/local/index.ts'
import type { LocalAws } from '../../lib/local/index.ts'
import { functionOf } from './helpers.ts'

let local: LocalAws
let echo: string
beforeAll(async () => {
  local = await startLocalAws()
  echo = await local.createFunctionUrl(await functionOf(local, 'return { event }'))
})
afterAll(() => local.stop())

/** The event that a request becomes. */
async function eventOf(path: string, init?: RequestInit) {
  const response = await fetch(echo + path, init)
  expect(response.status).toBe(200)
  return ((await response.json()) as { event: Record<string, unknown> }).event
}

const send = (type: string, body = new Uint8Array([0, 200])) =>
  eventOf('', { method: 'PUT', headers: { 'content-type': type }, body })

it('hands over a request in payload format 2.0', async () => {
  const event = await eventOf('a%2Fb/c?x=1&x=2&y=%20', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Cookie: 'a=1; b=2', 'X-Own': 'yes' },
    body: '{"paid":"ä"}',
  })

  expect(event).toMatchObject({
    version: '2.0',
    routeKey: '$default',
    rawPath: '/a%2Fb/c',
    rawQueryString: 'x=1&x=2&y=%20',
    queryStringParameters: { x: '1,2', y: ' ' },
    cookies: ['a=1', 'b=2'],
    headers: { 'content-type': 'application/json', 'x-own': 'yes' },
    requestContext: {
      http: { method: 'POST', path: '/a%2Fb/c', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1' },
      time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
    },
    body: '{"paid":"ä"}',
    isBase64Encoded: false,
  })
  expect(event['headers']).not.toHaveProperty('cookie')
  expect(await eventOf('')).toMatchObject({ rawPath: '/', rawQueryString: '', isBase64Encoded: false })
})

it('hands over as base64 what does not say that it is text', async () => {
  const asBase64 = { body: Buffer.from([0, 200]).toString('base64'), isBase64Encoded: true }
  expect(await send('image/png')).toMatchObject(asBase64)
  expect(await send('text/plain')).toMatchObject(asBase64)
  expect(await send('application/x-www-form-urlencoded', Buffer.from('a=1'))).toMatchObject({
    body: Buffer.from('a=1').toString('base64'),
    isBase64Encoded: true,
  })
  expect(await send('application/cloudevents+json', Buffer.from('{}'))).toMatchObject({ body: '{}' })
})

it('answers what the function says', async () => {
  const body = `return {
    statusCode: 202,
    headers: { 'Content-Type': 'image/png', 'X-Own': 1 },
    cookies: ['a=1', 'b=2'],
    body: Buffer.from([0, 200]).toString('base64'),
    isBase64Encoded: true,
  }`
  const response = await fetch(await local.createFunctionUrl(await functionOf(local, body)))

  expect(response.status).toBe(202)
  expect(response.headers.get('content-type')).toBe('image/png')
  expect(response.headers.get('x-own')).toBe('1')
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 200])
})

it('hands over HEAD and OPTIONS, and bytes that begin with a byte order mark, and answers without a body', async () => {
  const body =
    'return { statusCode: event.requestContext.http.method === "OPTIONS" ? 204 : 200, headers: { allow: "POST" } }'
  const url = await local.createFunctionUrl(await functionOf(local, body))

  for (const [method, status] of [
    ['HEAD', 200],
    ['OPTIONS', 204],
  ] as const) {
    const response = await fetch(url, { method })
    expect([response.status, response.headers.get('allow'), await response.text()]).toEqual([
      status,
      'POST',
      '',
    ])
  }
  const marked = Buffer.from('\uFEFF{"a":1}')
  expect(await send('application/json', marked)).toMatchObject({
    body: '\uFEFF{"a":1}',
    isBase64Encoded: false,
  })
})

it('takes an answer without a status for the body', async () => {
  const text = await fetch(await local.createFunctionUrl(await functionOf(local, "return 'hello'")))
  expect([text.status, text.headers.get('content-type'), await text.text()]).toEqual([
    200,
    'application/json',
    'hello',
  ])
})

it('does not tell strangers what went wrong', async () => {
  const failing = await local.createFunctionUrl(await functionOf(local, "throw new Error('secret')"))
  const full = await local.createFunctionUrl(await functionOf(local, '', { maxConcurrency: 0 }))

  const [failed, refused] = await Promise.all([fetch(failing), fetch(full)])

  expect([failed.status, await failed.text()]).toEqual([502, 'Internal Server Error'])
  expect(refused.status).toBe(429)
})

it.each([
  ['a status', '{ statusCode: 42 }'],
  ['a header', "{ statusCode: 200, headers: { 'x own': 'yes' } }"],
])('answers 502 for %s that HTTP does not have, and goes on', async (_, answer) => {
  const url = await local.createFunctionUrl(await functionOf(local, `return ${answer}`))
  expect((await fetch(url)).status).toBe(502)
  expect((await fetch(url)).status).toBe(502)
})

/** What a request to a webhook becomes in the run, and what is answered. */
import { createHmac } from 'node:crypto'
import { createFlow, WebhookNode } from 'flowcraft'
import { describe, expect, it, vi } from 'vitest'
import { register } from '../../../lib/core/blueprints/registration.ts'
import { type PostOptions, TestService } from '../../../lib/testing/index.ts'
import { graph } from '../../conformance/case.ts'
import { quiet } from '../../end-to-end/driver.ts'

const ALLOW = 'POST, PUT, HEAD, OPTIONS'
const JSON_TYPE = { 'content-type': 'application/json' }

/** A run whose node `paid` waits for a call to the URL of `hook`. */
async function hooked(params: Record<string, unknown> = {}) {
  const flow = createFlow('hooked')
    .node('hook', WebhookNode, { params })
    .wait('paid', { params: { eventName: 'webhook:hook' } })
    .edge('hook', 'paid')
  const service = new TestService({ flows: [flow], logger: quiet })
  const { runId } = await service.start({ blueprintId: 'hooked' })
  await service.settle()
  const { url } = (await service.get(runId)).context['hook'] as { url: string }
  const paid = async () => {
    await service.settle()
    return (await service.get(runId)).context['paid'] as Record<string, unknown> | undefined
  }
  return { service, runId, url, paid }
}

const sign = (bytes: Buffer) => createHmac('sha256', 'key').update(bytes).digest('base64')

async function received(params: Record<string, unknown>, body: unknown, options: PostOptions = {}) {
  const { service, url, paid } = await hooked(params)
  expect(await service.post(url, body, options)).toBe('resumed')
  return paid()
}

describe('a body', () => {
  const BOM = '\uFEFF'
  it.each([
    ['JSON', 'application/json', '{"a":1}', { a: 1 }],
    ['JSON with a byte order mark', 'application/json; charset=utf-8', `${BOM}{"a":1}`, { a: 1 }],
    ['JSON by a name of its own', 'application/vnd.api+json', '[1]', [1]],
    ['JSON in capitals', 'Application/JSON;charset=UTF-8', 'null', null],
    ['what says that it is JSON and is not', 'application/json', `${BOM}{oops`, `${BOM}{oops`],
    ['lines of JSON', 'application/x-ndjson', '{}\n{}', '{}\n{}'],
    ['a text about JSON', 'text/plain; about=json', '{"a":1}', '{"a":1}'],
    ['a form', 'application/x-www-form-urlencoded', 'a=1', 'a=1'],
    ['what is no text', 'application/json', new Uint8Array([0, 200]), 'AMg='],
    ['nothing', 'application/json', undefined, undefined],
  ])('of %s', async (_, type, body, expected) => {
    for (const name of ['content-type', 'Content-Type', 'CONTENT-TYPE']) {
      const event = await received({}, body, { headers: { [name]: type } })

      const bytes = Buffer.from((body ?? '') as string)
      expect([event?.['body'], event?.['rawBody']]).toEqual([expected, bytes.toString('base64')])
      expect(event?.['headers']).toEqual({ 'content-type': type })
    }
  })

  it('can be verified whatever the header of its signature is called', async () => {
    const body = '{"amount":  1.0, "text": "\\u00df"}'
    for (const name of ['X-Shopify-Hmac-Sha256', 'x-trello-webhook', 'X-Sign']) {
      const headers = { ...JSON_TYPE, [name]: sign(Buffer.from(body)) }

      const { rawBody, headers: got } = (await received({}, body, { headers })) as {
        rawBody: string
        headers: Record<string, string>
      }

      expect(sign(Buffer.from(rawBody, 'base64'))).toBe(got[name.toLowerCase()])
    }
  })

  it('is not parsed, nor there twice, where the node says so', async () => {
    const event = await received({ parse: false }, '{"a":1}', { headers: JSON_TYPE, method: 'PUT' })

    const rawBody = Buffer.from('{"a":1}').toString('base64')
    expect(event).toEqual({ method: 'PUT', headers: JSON_TYPE, query: {}, rawBody })
  })

  it('that the serializer cannot carry is refused, and the URL is not used up', async () => {
    const { service, url, paid } = await hooked()
    vi.spyOn(service.services.values, 'encode').mockImplementationOnce(() => {
      throw Object.assign(new Error('too deep'), {
        name: 'FlowcraftAwsError',
        code: 'VALUE_NOT_SERIALIZABLE',
      })
    })

    const answer = await service.request(url, { body: { a: 1 } })
    expect(answer).toMatchObject({ statusCode: 400, body: expect.stringContaining('too deep') })
    expect(await service.post(url, { a: 2 })).toBe('resumed')
    expect(await paid()).toMatchObject({ body: { a: 2 } })
  })
})

describe('headers that hold secrets', () => {
  const headers = { Authorization: 'HMAC abc', 'X-Api-Key': 'k', Cookie: 'c', 'X-Own': 'yes' }

  it('are left out', async () => {
    expect((await received({}, 'x', { headers }))?.['headers']).toEqual({ 'x-own': 'yes' })
  })

  it('are handed over where the node asks for them', async () => {
    const event = await received({ keepHeaders: ['Authorization'] }, 'x', { headers })
    expect(event?.['headers']).toEqual({ authorization: 'HMAC abc', 'x-own': 'yes' })
  })
})

describe('a request that only asks', () => {
  it('is answered, and does not use the URL up', async () => {
    const { service, url, paid } = await hooked()
    const gone = url.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))

    expect(await service.request(url, { method: 'HEAD' })).toEqual({ statusCode: 200, headers: {} })
    expect(await service.request(gone, { method: 'HEAD' })).toEqual({ statusCode: 404, headers: {} })
    const options = await service.request(url, { method: 'OPTIONS' })
    expect(options).toEqual({ statusCode: 204, headers: { allow: ALLOW } })
    const origin = { 'WebHook-Request-Origin': 'eventgrid.example' }
    expect(await service.request(url, { method: 'OPTIONS', headers: origin })).toEqual({
      statusCode: 204,
      headers: {
        allow: ALLOW,
        'webhook-allowed-origin': 'eventgrid.example',
        'webhook-allowed-rate': '*',
      },
    })
    for (const method of ['GET', 'get', 'DELETE', 'PATCH', 'TRACE']) {
      for (const query of ['', '?hub.challenge=1']) {
        expect(await service.request(url + query, { method })).toEqual({
          statusCode: 405,
          headers: { ...JSON_TYPE, allow: ALLOW },
          body: JSON.stringify({ message: `use POST or PUT, not ${method.toUpperCase()}` }),
        })
      }
    }
    expect(await paid()).toBeUndefined()
    expect(await service.post(url, 'now')).toBe('resumed')
  })

  it.each([
    ['hub.challenge', 'GET', '?hub.mode=subscribe&hub.challenge=1158201444', '1158201444'],
    ['validationToken', 'POST', '?validationToken=Validation%3A+a%2Fb', 'Validation: a/b'],
  ])('by a challenge (%s) gets it back', async (challenge, method, query, echo) => {
    const { service, url, paid } = await hooked({ challenge })

    expect(await service.request(url + query, { method })).toEqual({
      statusCode: 200,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
      body: echo,
    })
    expect((await service.request(`${url}x${query}`, { method })).statusCode).toBe(404)
    expect((await service.request(url, { method: 'GET' })).statusCode).toBe(405)
    expect(await paid()).toBeUndefined()
    expect(await service.post(`${url}?other=1`, 'now')).toBe('resumed')
    expect(await paid()).toMatchObject({ query: { other: '1' }, body: 'now' })
  })
})

describe('registration refuses', () => {
  it.each([
    [{ parse: 'no' }, "parse must be true or false; got 'no'"],
    [{ challenge: true }, 'challenge must be the name of a query parameter; got true'],
    [{ challenge: '' }, "challenge must be the name of a query parameter; got ''"],
    [{ keepHeaders: 'authorization' }, "keepHeaders must be a list of names; got 'authorization'"],
    [{ keepHeaders: [1] }, 'keepHeaders must be a list of names; got [1]'],
  ])('a webhook with %o', (params, why) => {
    const { blueprint } = graph({ hook: { run: 'webhook', params } }, [])
    expect(() => register({ blueprints: { case: blueprint } })).toThrow(`node 'hook': ${why}`)
  })
})

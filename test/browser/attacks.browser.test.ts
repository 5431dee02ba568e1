/** Other sites that a browser happens to show try to get at the console. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ConsoleServer, startConsole } from './console-server.ts'

let server: ConsoleServer
let evil: Server
let site: string

beforeAll(async () => {
  server = await startConsole()
  evil = createServer((_, res) => res.setHeader('content-type', 'text/html').end('<title>evil</title>'))
  await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve))
  site = `http://127.0.0.1:${(evil.address() as AddressInfo).port}`
})
afterAll(async () => {
  evil?.close()
  await server?.stop()
})

/** A browser that is let into the console, and shows another site in another tab. */
async function elsewhere(at: string) {
  const { page } = await server.open()
  const other = await page.context().newPage()
  await other.goto(at)
  return { page, other, origin: new URL(server.url).origin }
}

const runs = async () => (await server.cli('list')).out.filter((line) => line !== '')

describe('a page of another site', () => {
  it.each([['127.0.0.1'], ['localhost']])(
    'under the name %s reads nothing and changes nothing',
    async (name) => {
      const { other, origin } = await elsewhere(site.replace('127.0.0.1', name))
      const body = JSON.stringify({ blueprintId: 'order', input: { orderId: 'evil' } })
      const tries = [
        {},
        { mode: 'no-cors' },
        { method: 'POST', body, headers: { 'content-type': 'application/json' } },
        { method: 'POST', body, mode: 'no-cors' },
      ] as const
      const got = await other.evaluate(
        async ({ to, inits }) =>
          Promise.all(
            inits.map(async (init) => {
              try {
                const { type, status } = await fetch(to, { credentials: 'include', ...init })
                return `${type} ${status}`
              } catch {
                return 'refused'
              }
            }),
          ),
        { to: `${origin}/api/runs`, inits: [...tries] },
      )
      // An opaque answer tells a page nothing, not even its status.
      for (const one of got) expect(one).toMatch(/^(refused|opaque 0)$/)
      expect(await runs()).toEqual([])
      await other.context().close()
    },
  )

  it('cannot show the console in a frame of its own', async () => {
    const { other, origin } = await elsewhere(site)
    await other.setContent(`<iframe src="${origin}/"></iframe>`)
    await other.waitForTimeout(1_000)
    const frame = other.frames().find((one) => one !== other.mainFrame())
    expect(await frame?.locator('#app').count()).toBe(0)
    await other.context().close()
  })

  it('cannot post a form there', async () => {
    const { other, origin } = await elsewhere(site)
    await other.setContent(
      `<form method="post" enctype="text/plain" action="${origin}/api/runs"><input name='{"blueprintId":"order","x":"' value='"}'><button>go</button></form>`,
    )
    await other.getByRole('button').click()
    await other.waitForLoadState()
    expect(await other.textContent('body')).toContain('FORBIDDEN')
    expect(await runs()).toEqual([])
    await other.context().close()
  })
})

it('the page takes its token out of the address, and keeps it from scripts', async () => {
  const { page } = await server.open('#/runs')
  await page.getByRole('heading', { name: 'Runs' }).waitFor()
  expect(page.url()).not.toContain('token')
  expect(page.url()).toContain('#/runs')
  expect(await page.evaluate('document.cookie')).toBe('')
  await page.context().close()
})

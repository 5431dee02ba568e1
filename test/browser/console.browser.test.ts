/** The console in a real browser: what people do with it, from a start by its form to a repaired run. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { accessibilityOf, type ConsoleServer, type OpenPage, startConsole } from './console-server.ts'

let server: ConsoleServer
const opened: OpenPage[] = []

beforeAll(async () => {
  server = await startConsole()
})
afterAll(() => server?.stop())
afterEach(async () => {
  const all = opened.splice(0)
  await Promise.all(all.map(({ page }) => page.context().close()))
  expect(all.flatMap(({ complaints }) => complaints)).toEqual([])
})

async function open(path: string, options = {}) {
  const one = await server.open(path, options)
  opened.push(one)
  return one.page
}

const start = (blueprint: string, runId: string, input: object = {}) =>
  server.cli('start', blueprint, '--run-id', runId, '--input', JSON.stringify(input))

describe('the console', () => {
  it('starts', async () => {
    const page = await open('#/runs')
    await page.getByRole('heading', { name: 'Runs' }).waitFor()
    expect(await accessibilityOf(page)).toEqual([])
    await start('order', 'x', {})
  })
})

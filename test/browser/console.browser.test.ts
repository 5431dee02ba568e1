/** The console in a real browser: what people do with it, from a start by its form to a repaired run. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  accessibilityOf,
  type ConsoleServer,
  type OpenPage,
  startConsole,
  startFileConsole,
} from './console-server.ts'

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

async function open(path: string, options = {}): Promise<Page> {
  const one = await server.open(path, options)
  opened.push(one)
  return one.page
}

async function start(blueprint: string, runId: string, input: object = {}): Promise<void> {
  const { code, err } = await server.cli(
    'start',
    blueprint,
    '--run-id',
    runId,
    '--input',
    JSON.stringify(input),
  )
  expect([code, err.at(-1)]).toEqual([0, expect.stringContaining('local') as string])
}

const node = (page: Page, id: string, state: string) =>
  page.locator(`[data-node="${id}"][data-state="${state}"]`)
const status = (page: Page, state: string) => page.locator('.run-title').getByText(state, { exact: true })
const dialog = (page: Page) => page.getByRole('dialog')
/** What became of each of many, once it is over. */
const closeReport = async (page: Page) => {
  await dialog(page).locator('footer').getByRole('button', { name: 'Close' }).click()
  await dialog(page).waitFor({ state: 'detached' })
}

describe('a run', () => {
  it('is started by the form of its schema, seen live, resumed by an action of its graph, and seen to its end', async () => {
    const page = await open('#/start/order')
    await page.getByLabel('orderId').fill('A-17')
    await page.getByLabel('amount').fill('12')
    await page.getByLabel('currency').selectOption('SEK')
    await page.getByLabel('Run id').fill('form-1')
    expect(await accessibilityOf(page)).toEqual([])
    await page.getByRole('button', { name: 'Start', exact: false }).last().click()

    await node(page, 'approval', 'waiting').waitFor()
    await node(page, 'charge', 'completed').waitFor()
    expect(await accessibilityOf(page)).toEqual([])
    await page.locator('.run-acts').getByRole('button', { name: 'Resume' }).click()
    await dialog(page).getByRole('radio', { name: 'approve' }).check()
    expect(await accessibilityOf(page)).toEqual([])
    await dialog(page).getByRole('button', { name: 'Resume with approve' }).click()
    await page.getByText('approval goes on.').waitFor()
    await node(page, 'ship', 'completed').waitFor()
    await status(page, 'completed').waitFor()
    await node(page, 'refund', 'notRun').waitFor()

    const run = JSON.parse((await server.cli('get', 'form-1', '--json')).out[0] ?? '') as { context: object }
    expect(run.context).toMatchObject({ orderId: 'A-17', amount: 12, currency: 'SEK' })
  })

  it('that failed is redriven with another value in its context, and goes on', async () => {
    await start('order', 'bad-1', { orderId: 'A-1', amount: 500 })
    const page = await open('#/runs/bad-1')
    await node(page, 'charge', 'failed').click()
    const pane = page.getByRole('region', { name: 'Node charge' })
    await pane.getByText('card declined: 500 of 100').first().waitFor()
    // Text of users is text, whatever it looks like.
    await pane.getByText('<b>the bank</b> said no').first().waitFor()
    expect(await accessibilityOf(page)).toEqual([])

    await page.locator('.run-acts').getByRole('button', { name: 'Redrive' }).click()
    await dialog(page).getByRole('button', { name: 'Set a key' }).click()
    await dialog(page).getByRole('combobox', { name: 'Key' }).fill('limit')
    await dialog(page).getByRole('textbox', { name: 'Value' }).fill('1000')
    await dialog(page).getByRole('region', { name: 'What would happen' }).getByText('charge').waitFor()
    await dialog(page).getByRole('button', { name: 'Redrive', exact: false }).last().click()
    await node(page, 'approval', 'waiting').waitFor()
    await page.locator('.run-acts').getByRole('button', { name: 'Cancel' }).click()
    await dialog(page).getByRole('button', { name: 'Cancel', exact: false }).last().click()
    await status(page, 'cancelled').waitFor()
  })

  it('shows its batch with the item that failed, and its log lines', async () => {
    await start('invoices', 'batch-1', { count: 8 })
    const page = await open('#/runs/batch-1')
    await status(page, 'failed').waitFor()
    await page.locator('.node-detail').getByText('8 of 8, 1 failed').waitFor()
    await page.locator('[data-node="send_scatter"]').click()
    await page
      .getByRole('region', { name: 'Node send_scatter' })
      .getByText('invoice 3 has no address')
      .first()
      .waitFor()
    await page.getByRole('tab', { name: 'Log' }).click()
    await page.getByText('node ended').first().waitFor()
    expect(await accessibilityOf(page)).toEqual([])
  })

  it('leads to its child run and back', async () => {
    await start('delivery', 'parent-1')
    const page = await open('#/runs/parent-1')
    await page.getByRole('link', { name: 'Child run of send' }).click()
    await node(page, 'collected', 'waiting').waitFor()
    await page.getByRole('link', { name: 'parent-1' }).first().click()
    await node(page, 'send', 'waiting').waitFor()
  })

  it('is worked with by the keyboard alone', async () => {
    await start('order', 'keys-1', { orderId: 'A-1', amount: 1 })
    const page = await open('#/runs/keys-1')
    await node(page, 'approval', 'waiting').waitFor()
    await page.locator('[data-node][tabindex="0"]').focus()
    await page.keyboard.press('0')
    for (let press = 0; press < 6; press++) {
      if ((await page.locator('[data-node="approval"]:focus').count()) > 0) break
      await page.keyboard.press('ArrowDown')
    }
    await page.keyboard.press('Enter')
    await page.getByRole('region', { name: 'Node approval' }).waitFor()
    await page.locator('.run-acts').getByRole('button', { name: 'Resume' }).focus()
    await page.keyboard.press('Enter')
    await dialog(page).waitFor()
    await page.keyboard.press('Escape')
    await dialog(page).waitFor({ state: 'detached' })
    expect(await page.locator(':focus').textContent()).toContain('Resume')
  })

  it('is saved as a picture and as a file, which another console opens', async () => {
    await start('order', 'share-1', { orderId: '<img src=x onerror=alert(1)>', amount: 500 })
    const page = await open('#/runs/share-1')
    await status(page, 'failed').waitFor()
    const save = async (item: string) => {
      await page.getByRole('button', { name: 'Share' }).click()
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: item }).click(),
      ])
      const path = join(server.folder, download.suggestedFilename())
      await download.saveAs(path)
      return path
    }
    const svg = await readFile(await save('Save as SVG picture'), 'utf8')
    expect(svg).toMatch(/^<(\?xml|svg)/)
    expect(svg).toContain('charge')
    const file = await save('Save as file')

    const other = await startFileConsole(server.browser, file)
    try {
      await node(other.page, 'charge', 'failed').click()
      await other.page.getByText('card declined: 500 of 100').first().waitFor()
      await other.page.getByRole('tab', { name: 'Context' }).click()
      await other.page.getByText('<img src=x onerror=alert(1)>').first().waitFor()
      expect(await other.page.getByRole('button', { name: 'Redrive' }).count()).toBe(0)
      expect(other.complaints).toEqual([])
    } finally {
      await other.stop()
    }
  })
})

describe('the list of runs', () => {
  it('is filtered, and cancels and redrives several, after a preview', async () => {
    for (const at of [1, 2]) await start('order', `list-bad-${at}`, { orderId: 'x', amount: 500 })
    for (const at of [1, 2]) await start('order', `list-ok-${at}`, { orderId: 'x', amount: 1 })
    const page = await open('#/runs')
    const row = (runId: string) => page.getByRole('row').filter({ hasText: runId })
    await row('list-bad-2').getByText('failed').waitFor()
    await row('list-ok-2').getByText('awaiting').waitFor()
    expect(await accessibilityOf(page)).toEqual([])

    await page.getByRole('group', { name: 'Status' }).getByRole('button', { name: 'failed' }).click()
    await row('list-ok-2').waitFor({ state: 'detached' })
    expect(page.url()).toContain('failed')
    for (const at of [1, 2]) await page.getByLabel(`Choose run list-bad-${at}`).check()
    await page.getByRole('button', { name: 'Redrive …' }).click()
    await dialog(page).getByRole('button', { name: 'Redrive 2 runs' }).click()
    await closeReport(page)

    await page.getByRole('group', { name: 'Status' }).getByRole('button', { name: 'failed' }).click()
    for (const at of [1, 2]) await page.getByLabel(`Choose run list-ok-${at}`).check()
    await page.getByRole('button', { name: 'Cancel …' }).click()
    await dialog(page).getByRole('button', { name: 'Cancel 2 runs' }).click()
    await closeReport(page)
    await row('list-ok-1').getByText('cancelled').waitFor()
  })
})

describe('the screen of failures', () => {
  it('groups what failed alike, and redrives a group after a preview of what runs again', async () => {
    for (const at of [1, 2, 3]) await start('order', `group-${at}`, { orderId: 'x', amount: 600 + at })
    const page = await open('')
    await page.getByRole('heading', { name: 'Failures' }).waitFor()
    const group = page.locator('article, li, section').filter({ hasText: 'card declined: # of #' }).last()
    await group.getByText('group-3').waitFor()
    expect(await accessibilityOf(page)).toEqual([])
    await page.getByRole('button', { name: 'Redrive …' }).first().click()
    await dialog(page).getByText('charge').first().waitFor()
    await dialog(page)
      .getByRole('button', { name: /^Redrive \d+ runs$/ })
      .click()
    await closeReport(page)
    const run = JSON.parse((await server.cli('get', 'group-1', '--json')).out[0] ?? '') as object
    expect(run).toMatchObject({ redrives: 1, operations: [{ kind: 'redrive' }] })
  })
})

describe('the screens of blueprints and dead letters', () => {
  it('show what the workers have, and pause it', async () => {
    const page = await open('#/blueprints')
    await page.getByRole('link', { name: 'invoices' }).first().waitFor()
    expect(await accessibilityOf(page)).toEqual([])
    await page.getByRole('link', { name: 'parcel' }).first().click()
    await page.locator('[data-node="collected"]').waitFor()
    expect(await accessibilityOf(page)).toEqual([])
    await page.getByRole('button', { name: 'Pause …' }).click()
    await dialog(page).getByLabel('Reason').fill('the van broke down')
    await dialog(page).getByRole('button', { name: 'Pause', exact: false }).last().click()
    await page.getByText('the van broke down').waitFor()
    await page.getByRole('button', { name: /^Unpause/ }).click()
    await dialog(page)
      .getByRole('button', { name: /^Unpause/ })
      .click()
    await page.getByText('the van broke down').waitFor({ state: 'detached' })
  })

  it('have nothing wrong in the dark, and on a small screen', async () => {
    for (const options of [{ colorScheme: 'dark' }, { viewport: { width: 420, height: 900 } }]) {
      for (const path of [
        '#/runs',
        '#/failures',
        '#/blueprints',
        '#/blueprints/order',
        '#/dead-letters',
        '#/start',
      ]) {
        const page = await open(path, options)
        await page.locator('h1, h2').first().waitFor()
        expect([path, options, await accessibilityOf(page)]).toEqual([path, options, []])
      }
    }
  })
})

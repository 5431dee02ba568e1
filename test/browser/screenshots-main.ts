/**
 * Pictures of the console's main pages at two widths and in both themes, for people to look at: `npm run screenshots`
 * writes them to `.screenshots`, and the two that the README shows to `docs/images`.
 */
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startConsole } from './console-server.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = join(root, '.screenshots')
const images = join(root, 'docs', 'images')

const pages = {
  failures: '#/failures',
  runs: '#/runs',
  run: '#/runs/order-2?node=charge',
  waiting: '#/runs/order-1',
  batch: '#/runs/invoices-1',
  blueprints: '#/blueprints',
  blueprint: '#/blueprints/order',
  start: '#/start/order',
  'dead-letters': '#/dead-letters',
} as const
const widths = [
  [1280, 800],
  [420, 900],
] as const

await mkdir(folder, { recursive: true })
await mkdir(images, { recursive: true })
const server = await startConsole()
const start = (blueprint: string, runId: string, input: object) =>
  server.cli(
    'start',
    blueprint,
    '--run-id',
    runId,
    '--input',
    JSON.stringify(input),
    '--label',
    'tenant=acme',
  )
await start('order', 'order-1', { orderId: 'A-1', amount: 10 })
for (let at = 2; at < 6; at++) await start('order', `order-${at}`, { orderId: `A-${at}`, amount: 100 + at })
await start('invoices', 'invoices-1', { count: 12 })
await start('delivery', 'delivery-1', {})
for (const ended of ['invoices-1', 'order-5']) {
  const { page } = await server.open(`#/runs/${ended}`)
  await page.locator('.run-title').getByText('failed', { exact: true }).waitFor()
  await page.context().close()
}
for (const [name, path] of Object.entries(pages)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [width, height] of widths) {
      const { page } = await server.open(path, {
        viewport: { width, height },
        colorScheme,
        reducedMotion: 'reduce',
      })
      await page.waitForLoadState('networkidle', { timeout: 3_000 }).catch(() => {})
      await page.screenshot({ path: join(folder, `${name}-${width}-${colorScheme}.png`) })
      await page.context().close()
    }
  }
}
await server.stop()
for (const name of ['run', 'failures'])
  await copyFile(join(folder, `${name}-1280-light.png`), join(images, `console-${name}.png`))
console.log(`${folder}; ${images}`)

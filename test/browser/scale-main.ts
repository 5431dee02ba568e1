/**
 * How the console does with much: a run of 5,000 activations beside a list of 100,000 runs, and a blueprint of 1,000 nodes.
 * `npm run scale:console` prints a table; docs/console.md has the last one. Over a table in memory: what DynamoDB takes is not in it.
 */
import { createFlow, JsonSerializer, NullLogger } from 'flowcraft'
import { chromium, type Page } from 'playwright-core'
import { serveConsole } from '../../lib/console/serve.ts'
import { ServiceSource } from '../../lib/console/service-source.ts'
import { RunClient } from '../../lib/client/run-client.ts'
import { TestService } from '../../lib/testing/index.ts'

const RUNS = 100_000
const NODES = 1_000
const ROUNDS = 1_250

const one = createFlow('one').node('only', async () => ({ output: 'ok' }))

const counting = createFlow('counting')
  .node('step', async ({ context }) => {
    const round = (((await context.get('round' as never)) as number | undefined) ?? 0) + 1
    await context.set('round' as never, round as never)
    await context.set('more' as never, (round < ROUNDS) as never)
    return { output: round }
  })
  .node('after', async () => ({ output: 'on' }))
  .edge('step', 'after')
  .loop('again', { startNodeId: 'step', endNodeId: 'after', condition: 'more' })

/** Ten lanes side by side. */
let wide = createFlow('wide').node('begin', async () => ({ output: 0 }))
for (let at = 1; at < NODES; at++) {
  wide = wide.node(`n${at}`, async () => ({ output: at })).edge(at <= 10 ? 'begin' : `n${at - 10}`, `n${at}`)
}

const service = new TestService({
  flows: [one, counting, wide].map((flow) => flow as never),
  logger: new NullLogger(),
  maxActivations: { perNode: 10_000, perRun: 20_000 },
})
const { services, deadLetters } = service
const client = new RunClient(
  {},
  { ...services, emit: async () => {}, deadLetters, serializer: new JsonSerializer() },
)

async function fill(): Promise<void> {
  await service.run({ blueprintId: 'counting', runId: 'counting-1' })
  await service.run({ blueprintId: 'wide', runId: 'wide-1' })
  for (let at = 0; at < RUNS; at++) await client.start({ blueprintId: 'one', runId: `run-${at}` })
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return Math.round(performance.now() - began)
}

/** The longest time between two frames while something goes on, in milliseconds. */
async function longestFrame(page: Page, work: () => Promise<unknown>): Promise<number> {
  await page.evaluate(`(() => {
    let last = performance.now()
    globalThis.longest = 0
    globalThis.frames = true
    const frame = (now) => {
      globalThis.longest = Math.max(globalThis.longest, now - last)
      last = now
      if (globalThis.frames) requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
  })()`)
  await work()
  await page.evaluate('void (globalThis.frames = false)')
  return Math.round((await page.evaluate('globalThis.longest')) as number)
}

console.log(`filled in ${await timed(fill)} ms`)
const shown = {
  name: 'scale',
  place: 'memory',
  kind: 'local',
  writable: true,
  version: '0',
  by: 'me',
} as const
const source = new ServiceSource({ client, service: shown })
const server = await serveConsole({ sources: () => [source] })
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
})
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  await page.goto(server.url)
  const open = (path: string, ready: string) =>
    timed(async () => {
      await page.goto(`${server.origin}/${path}`)
      await page.reload()
      await page.locator(ready).first().waitFor()
    })
  const rows: [string, number][] = []
  const { entries } = await source.history('counting-1')
  rows.push([`(the run has ${entries.filter(({ type }) => type === 'nodeCompleted').length} activations)`, 0])
  rows.push(['of it the table: a page of the list', await timed(() => source.runs({ limit: 50 }))])
  rows.push(['of it the table: a history', await timed(() => source.history('counting-1'))])
  rows.push(['list of 100,000 runs opens', await open('#/runs', '.run-id')])
  const wheel = async (times: number) => {
    await page.mouse.move(600, 500)
    for (let at = 0; at < times; at++) {
      await page.mouse.wheel(0, 1_500)
      await page.waitForTimeout(50)
    }
  }
  rows.push(['longest frame while it is scrolled', await longestFrame(page, () => wheel(60))])
  rows.push([
    'run of 5,000 activations opens',
    await open('#/runs/counting-1', '[data-node="step"][data-state="completed"]'),
  ])
  rows.push(['its timeline is drawn', await timed(() => page.locator('.timeline-row').first().waitFor())])
  rows.push(['run of 1,000 nodes opens', await open('#/runs/wide-1', '[data-node][data-state="completed"]')])
  const pan = async () => {
    await page.mouse.move(400, 300)
    await page.mouse.down()
    for (let at = 0; at < 60; at++) {
      await page.mouse.move(400 - at * 5, 300 - at * 3)
      await page.waitForTimeout(16)
    }
    await page.mouse.up()
    for (let at = 0; at < 20; at++) {
      await page.mouse.wheel(0, at < 10 ? -200 : 200)
      await page.waitForTimeout(30)
    }
  }
  rows.push(['longest frame while it is moved and zoomed', await longestFrame(page, pan)])
  for (const [what, ms] of rows) console.log(`${String(ms).padStart(6)} ms  ${what}`)
} finally {
  await browser.close()
  await server.stop()
}

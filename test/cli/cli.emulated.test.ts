/** The command line against a service on the local AWS, over HTTP, as a shell runs it. */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { NullLogger } from 'flowcraft'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SqsAdapter } from '../../lib/index.ts'
import { contractFlows } from '../client/contract-flows.ts'
import { adapterOf, deploy, type TestDeployment } from '../support/service.ts'
import { json, told } from './io.ts'

let deployment: TestDeployment
let worker: SqsAdapter
const before = { ...process.env }

beforeAll(async () => {
  deployment = await deploy()
  worker = adapterOf(deployment, { flows: contractFlows, logger: new NullLogger(), history: 'timings' })
  worker.start()
  Object.assign(process.env, deployment.aws.env, {
    FLOWCRAFT_QUEUE_URL: deployment.queueUrl,
    FLOWCRAFT_DEAD_LETTER_QUEUE_URL: deployment.deadLetterQueueUrl,
    FLOWCRAFT_TABLE_NAME: deployment.tableName,
  })
})
afterAll(async () => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
  Object.assign(process.env, before)
  await worker.stop()
  await deployment.aws.stop()
})

const cli = (args: readonly string[]) => told(args)
const id = () => `run-${randomUUID()}`

/** A run that failed, and does not again where `mended` is set. */
async function failedRun(): Promise<string> {
  const runId = id()
  const { code } = await cli(['start', 'mends', '--run-id', runId, '-i', '{"what":"it"}', '--wait'])
  expect(code).toBe(1)
  return runId
}

describe('flowcraft-aws', () => {
  it('starts a run, waits for it, and shows it', async () => {
    const runId = id()
    const started = await cli([
      'start',
      'greet',
      '--run-id',
      runId,
      '--input',
      '{"name":"Ada"}',
      '-l',
      `of=${runId}`,
      '--wait',
    ])
    expect(started).toMatchObject({ code: 0, err: [`${deployment.tableName}, local`] })
    expect(started.out.at(-1)).toBe('completed')

    const shown = await cli(['get', runId, '--context'])
    expect(shown.out.slice(0, 2)).toEqual([
      expect.stringMatching(new RegExp(`^${runId}  greet  completed  \\d`)),
      '  hello  completed',
    ])
    expect(shown.out.join('')).toContain('"hello": "Hello, Ada"')
    expect(json(await cli(['get', runId, '--json']))).toMatchObject({ runId, status: 'completed' })
    const listed = await cli(['list', '--label', `of=${runId}`])
    expect(listed.out).toEqual([
      expect.stringMatching(new RegExp(`completed +\\S+ +greet +${runId} +of=${runId}$`)),
    ])
    expect(json(await cli(['list', '--label', `of=${runId}`, '--json']))).toMatchObject({ runId })
    expect(json(await cli(['start', 'greet', '--json']))).toMatchObject({ created: true })
  })

  it('resumes a run that waits, and tells what happened', async () => {
    const { runId } = json<{ runId: string }>(await cli(['start', 'approval', '--json']))
    await expect.poll(async () => (await cli(['get', runId])).out.join('\n')).toContain('decide  waiting')
    const args = [
      'resume',
      runId,
      '--action',
      'yes',
      '--output',
      '{"by":"Ada"}',
      '--by',
      'Ada',
      '--reason',
      'paid',
    ]

    expect(await cli(args)).toMatchObject({ code: 0, out: ['resumed'] })
    expect(await cli(['get', runId, '--watch'])).toMatchObject({ code: 0 })
    await expect
      .poll(async () => (await cli(['history', runId])).out.join('\n'), { timeout: 10_000 })
      .toMatch(/resumed +decide +yes, paid, by Ada\n.*woke +decide +external_event\n[^]*ended completed/)
    const { out } = await cli(['diagram', runId])
    expect(out).toContain('flowchart TD')
    expect(out.join('\n')).toContain('style ship fill:#d4edda')
  })

  it('pauses, unpauses, skips and cancels', async () => {
    const runId = id()
    await cli(['start', 'approval', '--run-id', runId])
    expect((await cli(['pause', runId, '--reason', 'a look'])).out).toEqual(['paused'])
    expect((await cli(['pause', runId])).out).toEqual(['it was paused before'])
    expect((await cli(['unpause', runId])).out).toEqual(['it goes on'])
    await expect.poll(async () => (await cli(['get', runId])).out.join('\n')).toContain('decide  waiting')
    const skip = ['skip', runId, 'decide', '--action', 'yes', '--output', '{"by":"Bob"}']
    expect((await cli(skip)).out).toEqual(['skipped'])
    expect((await cli(['get', runId, '--watch'])).code).toBe(0)

    const other = id()
    await cli(['start', 'approval', '--run-id', other])
    expect((await cli(['cancel', other, '--by', 'Ada'])).out).toEqual(['cancelled'])
    expect((await cli(['get', other, '--watch'])).code).toBe(1)
    expect(json(await cli(['get', other, '--json']))).toMatchObject({
      operations: [{ kind: 'cancel', by: 'Ada' }],
    })
  })

  it('redrives and forks what failed', async () => {
    const [one, two] = [await failedRun(), await failedRun()]
    const groups = await cli(['failures', '--since', '1h', '--blueprint', 'mends'])
    expect(groups.out[0]).toMatch(/mends\/mend .*it is broken$/)

    const forked = await cli(['fork', one, '--set', 'mended=true', '--json'])
    const { runId } = json<{ runId: string }>(forked)
    expect((await cli(['get', runId, '--watch'])).code).toBe(0)
    expect((await cli(['list', '--forks-of', one])).out[0]).toContain(runId)

    const dry = await cli(['redrive', one, '--dry-run'])
    expect(dry.out).toEqual([`${one}  would run again: mend`])
    const redriven = await cli(['redrive', one, two, runId, '--set', 'mended=true', '--by', 'Ada'])
    expect(redriven.code).toBe(7)
    expect(redriven.out.slice(0, 2)).toEqual([`${one}  runs again: mend`, `${two}  runs again: mend`])
    expect(redriven.out[2]).toContain(`cannot redrive run '${runId}'`)
    for (const mended of [one, two]) expect((await cli(['get', mended, '--watch'])).code).toBe(0)
  })

  it('redrives all that failed alike', async () => {
    const runs: string[] = []
    for (let count = 0; count < 11; count++) runs.push(await failedRun())
    const args = ['redrive', '--failed-since', '10m', '--blueprint', 'mends', '--set', 'mended=true']

    const redriven = await cli([...args, '--json'])
    expect(redriven.code).toBe(0)
    const ids = redriven.out.map((line) => (JSON.parse(line) as { runId: string }).runId)
    expect(ids).toEqual(expect.arrayContaining(runs))
  })

  it('pauses a blueprint', async () => {
    const pause = ['blueprint', 'pause', 'outer', '--by', 'Ada', '--reason', 'looks wrong']
    expect((await cli(pause)).out).toEqual(['paused'])
    expect((await cli(['blueprint', 'paused'])).out).toEqual([
      expect.stringMatching(/^\S+Z {2}outer {2}Ada {2}looks wrong$/),
    ])
    expect((await cli(['blueprint', 'unpause', 'outer'])).out).toEqual(['its runs go on'])
    expect((await cli(['blueprint', 'unpause', 'outer'])).out).toEqual(['it was not paused'])
    expect(json(await cli(['blueprint', 'paused', '--json']))).toEqual([])
  })

  it('tells what a run cost', async () => {
    const runId = id()
    await cli(['start', 'greet', '--run-id', runId, '--wait'])
    const { out } = await cli(['cost', runId])
    expect(out[0]).toMatch(/^total +\$0\.0000\d+$/)
    expect(out.join('\n')).toMatch(/\nwrite units +\d+\n/)
    expect(json(await cli(['cost', runId, '--json']))).toMatchObject({ usd: expect.any(Number) })
  })

  it('lists dead letters, and sends them back or drops them', async () => {
    expect((await cli(['dlq', 'list'])).out).toEqual([])
    expect(await cli(['dlq', 'redrive', '--all'])).toMatchObject({ code: 0, out: ['0 sent back'] })
    expect(await cli(['dlq', 'drop'])).toMatchObject({
      code: 2,
      err: ['error: dlq: give --id, --run or --all'],
    })
  })

  it.each([
    [['get', 'none'], 3, "error: there is no run 'none'"],
    [['history', 'none'], 3, "error: there is no run 'none'"],
    [['redrive', 'none'], 3, "error: there is no run 'none'"],
    [['redrive'], 2, 'error: redrive: give ids of runs, or --failed-since, or --continue'],
    [['cost'], 2, 'error: cost: give the id of a run, or --blueprint'],
    [['cost', 'none'], 3, "error: there is no run 'none'"],
    [['list', '--status', 'done'], 2, 'Allowed choices are running, awaiting'],
    [['start', 'greet', '--input', '{'], 2, 'It must be JSON'],
    [['start', 'greet', '--input', '[1]'], 2, 'It must be a JSON object.'],
    [['start', 'greet', '--label', 'x'], 2, 'It must be a name and a value, such as tenant=acme.'],
    [['start', 'greet', '--max-usd', 'much'], 2, 'It must be US dollars, such as 0.50.'],
    [['start', 'greet', '--delay', 'soon'], 2, "It must be a duration such as '30s', '5m', '2h' or '7d'."],
    [['list', '--since', 'yesterday'], 2, 'It must be a time such as'],
    [['gett'], 2, '(Did you mean get?)'],
  ])('%j ends with %d', async (args, code, message) => {
    const told = await cli(args)
    expect(told).toMatchObject({ code, out: [] })
    expect(told.err.join('\n')).toContain(message)
  })

  it('refuses what the run is not ready for', async () => {
    const runId = id()
    await cli(['start', 'greet', '--run-id', runId, '--wait'])
    expect((await cli(['redrive', runId])).code).toBe(4)
    expect((await cli(['pause', runId])).code).toBe(4)
    expect((await cli(['start', 'greet', '--run-id', runId, '--input', '{"name":"Bob"}'])).code).toBe(4)
  })

  it('runs from a shell', { timeout: 60_000 }, async () => {
    const root = fileURLToPath(new URL('../../', import.meta.url))
    const shell = (...args: string[]) =>
      promisify(execFile)(process.execPath, ['--import', 'tsx', 'bin/flowcraft-aws.ts', ...args], {
        cwd: root,
      })
    const { stdout } = await shell('start', 'greet', '--input', '{"name":"Ada"}', '--wait', '--json')
    expect(JSON.parse(stdout.trim().split('\n').at(-1) as string)).toMatchObject({ status: 'completed' })
    await expect(shell('get', 'none')).rejects.toMatchObject({
      code: 3,
      stdout: '',
      stderr: `${deployment.tableName}, local\nerror: there is no run 'none'\n`,
    })
  })
})

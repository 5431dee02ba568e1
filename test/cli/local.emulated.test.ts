/** Commands that talk to the dev server of the folder that they run in. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NullLogger } from 'flowcraft'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { devServerLogFile, writeDevServer } from '../../lib/cli/dev-server.ts'
import { main } from '../../lib/cli/main.ts'
import type { SqsAdapter } from '../../lib/index.ts'
import { contractFlows } from '../client/contract-flows.ts'
import { adapterOf, deploy, type TestDeployment } from '../support/service.ts'
import { ioOf, json, told } from './io.ts'

let deployment: TestDeployment
let worker: SqsAdapter
let folder: string
const before = { ...process.env }

beforeAll(async () => {
  deployment = await deploy()
  worker = adapterOf(deployment, { flows: contractFlows, logger: new NullLogger(), history: 'timings' })
  worker.start()
  folder = await mkdtemp(join(tmpdir(), 'flowcraft-cli-'))
  const { aws, queueUrl, deadLetterQueueUrl, tableName } = deployment
  await writeDevServer(folder, {
    pid: process.pid,
    startedAt: new Date().toISOString(),
    region: aws.region,
    env: aws.env,
    services: [
      {
        stack: 'Shop',
        name: 'Flows',
        environment: {
          FLOWCRAFT_QUEUE_URL: queueUrl,
          FLOWCRAFT_DEAD_LETTER_QUEUE_URL: deadLetterQueueUrl,
          FLOWCRAFT_TABLE_NAME: tableName,
        },
        functions: ['Shop-Worker'],
      },
    ],
  })
})
afterAll(async () => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
  Object.assign(process.env, before)
  await worker.stop()
  await deployment.aws.stop()
  await rm(folder, { recursive: true })
})

/** In a shell of its own: a command leaves its service's variables in its environment. */
function cli(...args: string[]) {
  for (const name of Object.keys(process.env)) if (name.startsWith('FLOWCRAFT_')) delete process.env[name]
  return told(args, { cwd: folder })
}
const newId = () => `run-${randomUUID()}`

describe('flowcraft-aws, of the dev server', () => {
  it('finds it without a word, and says so', async () => {
    const runId = newId()
    const started = await cli('start', 'greet', '--run-id', runId, '--wait', '--local')
    expect(started).toMatchObject({ code: 0, err: ['Shop/Flows, local'] })
    expect(await cli('get', runId)).toMatchObject({ code: 0, err: ['Shop/Flows, local'] })
    const asked = await cli('cancel', runId, '--json')
    expect(asked).toMatchObject({ code: 0, err: [] })
    expect(json(asked)).toMatchObject({ cancelled: false })
  })

  it('shows what was logged of a run', async () => {
    const runId = newId()
    await cli('start', 'greet', '--run-id', runId, '--wait')
    const at = new Date(Date.now() + 1_000)
    const entry = (nodeId: string, seconds: number, more: object = {}) => {
      const line = JSON.stringify({ level: 'INFO', message: 'node ended', runId, nodeId, ...more })
      const time = new Date(at.getTime() + seconds * 1_000).toISOString()
      return `${JSON.stringify({ time, function: 'Shop-Worker', line })}\n`
    }
    await writeFile(devServerLogFile(folder), entry('hello', 0) + entry('bye', 1, { level: 'ERROR' }))

    const { code, out, err } = await cli('logs', runId)
    expect({ code, out, err }).toEqual({
      code: 0,
      out: [
        `${at.toISOString()}  INFO   hello  node ended`,
        expect.stringMatching(/^\S+Z {2}ERROR {2}bye {4}node ended$/),
      ],
      err: ['Shop/Flows, local'],
    })
    const [raw] = (await cli('logs', runId, '--node', 'bye', '--json')).out
    expect(JSON.parse(raw as string)).toMatchObject({ nodeId: 'bye', level: 'ERROR' })
    expect((await cli('logs', runId, '--limit', '1')).err).toContain(
      'the last 1 of 2 lines; --limit for more',
    )
    expect((await cli('logs', runId, '--since', '2999-01-01')).out).toEqual([])
    expect((await cli('logs', runId, '--follow')).out).toHaveLength(2)
    expect((await cli('logs', 'none')).code).toBe(3)
  })

  it('looks whether the service is healthy', async () => {
    const { code, out } = await cli('doctor')
    expect(code).toBe(0)
    expect(out).toEqual([
      expect.stringMatching(/^ok +table +\S+: keys and indexes are as this version needs them$/),
      expect.stringMatching(/^ok +sweep +no timer is late$/),
      expect.stringMatching(/^ok +queue +0 jobs wait/),
      expect.stringMatching(/^ok +dead letters +there are none$/),
    ])
  })

  it('adds up what the runs of a blueprint cost, day by day', async () => {
    for (const runId of [newId(), newId()]) await cli('start', 'greet', '--run-id', runId, '--wait')
    const { code, out } = await cli('cost', '--blueprint', 'greet', '--since', '1h')
    expect(code).toBe(0)
    expect(out.at(-1)).toMatch(/^total +\d+ runs +\$0\.000\d+ +\$0\.0000\d+ each$/)
    const days = json<{ day: string; runs: number; usd: number }[]>(
      await cli('cost', '--blueprint', 'greet', '--json'),
    )
    expect(days[0]).toEqual({
      day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      runs: expect.any(Number),
      usd: expect.any(Number),
    })
    expect((await cli('cost', '--blueprint', 'none', '--json')).out).toEqual(['[]'])
  })
})

async function failedRuns(count: number): Promise<string[]> {
  const runs = Array.from({ length: count }, newId)
  await Promise.all(
    runs.map((runId) => cli('start', 'mends', '--run-id', runId, '-i', '{"what":"it"}', '--wait')),
  )
  return runs
}

describe('a redrive of many', () => {
  const redrive = ['redrive', '--blueprint', 'mends', '--failed-since', '10m', '--set', 'mended=true']

  it('leaves a file by which it is gone on with', async () => {
    const runs = await failedRuns(25)
    const stopped = new AbortController()
    // Somebody presses Ctrl-C at the first line.
    const { io, out, err } = ioOf({
      cwd: folder,
      env: process.env,
      now: Date.now,
      signal: stopped.signal,
      out: (line) => {
        stopped.abort()
        out.push(line)
      },
    })
    expect(await main([...redrive, '--reason', 'the bank is back'], io)).toBe(130)
    const [, file] = /^go on with: (.*redrive-\S+\.jsonl)$/.exec(err.at(-1) ?? '') ?? []
    const lines = (await readFile(file as string, 'utf8')).trimEnd().split('\n')
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      redrive: { blueprintId: 'mends', set: { mended: true }, reason: 'the bank is back' },
    })
    expect(lines).toHaveLength(2)

    // Failed later than the redrive was begun: none of its runs.
    const [later] = await failedRuns(1)
    const left = await cli('redrive', '--continue', file as string)
    expect(left).toMatchObject({ code: 0 })
    expect(left.err.at(-1)).toBe(`what became of each: ${file}`)
    for (const runId of runs) expect((await cli('get', runId, '--watch')).code).toBe(0)
    expect(json(await cli('get', later as string, '--json'))).toMatchObject({ status: 'failed' })
    expect(json(await cli('get', runs[3] as string, '--json'))).toMatchObject({
      operations: [{ kind: 'redrive', reason: 'the bank is back' }],
    })
    // All are done: once more changes nothing.
    expect(await cli('redrive', '--continue', file as string)).toMatchObject({ code: 0, out: [] })
  })

  it('of a file that is none is refused', async () => {
    await writeFile(join(folder, 'other.jsonl'), '{}\n')
    expect(await cli('redrive', '--continue', join(folder, 'other.jsonl'))).toMatchObject({
      code: 2,
      err: [expect.any(String), expect.stringMatching(/^error: --continue: .* is no file of a redrive$/)],
    })
    expect((await cli('redrive', '--continue', join(folder, 'none.jsonl'))).err.at(-1)).toContain('ENOENT')
    expect((await cli('redrive', 'r1', '--continue', 'x')).code).toBe(2)
  })
})

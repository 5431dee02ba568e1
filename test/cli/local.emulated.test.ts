/** Commands that talk to the dev server of the folder that they run in. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NullLogger } from 'flowcraft'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { devServerLogFile, writeDevServer } from '../../lib/cli/dev-server.ts'
import type { SqsAdapter } from '../../lib/index.ts'
import { contractFlows } from '../client/contract-flows.ts'
import { adapterOf, deploy, type TestDeployment } from '../support/service.ts'
import { json, told } from './io.ts'

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
})

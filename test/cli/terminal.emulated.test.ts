/** What a person sees at a terminal: the live view of a run, in a pseudo-terminal. */
import { spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { NullLogger } from 'flowcraft'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SqsAdapter } from '../../lib/index.ts'
import { contractFlows } from '../client/contract-flows.ts'
import { adapterOf, clientOf, deploy, type TestDeployment } from '../support/service.ts'

/** Of util-linux. */
const SCRIPT: string = 'script'
const root = fileURLToPath(new URL('../../', import.meta.url))

let deployment: TestDeployment
let worker: SqsAdapter

beforeAll(async () => {
  deployment = await deploy()
  worker = adapterOf(deployment, { flows: contractFlows, logger: new NullLogger() })
  worker.start()
})
afterAll(async () => {
  await worker.stop()
  await deployment.aws.stop()
})

/** A command in a terminal of 30 columns, made by `script` of util-linux. */
function inTerminal(command: string) {
  const line = `stty cols 30; exec ${process.execPath} --import tsx bin/flowcraft-aws.ts ${command}`
  const child = spawn(SCRIPT, ['-qec', line, '/dev/null'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...process.env,
      ...deployment.aws.env,
      FLOWCRAFT_QUEUE_URL: deployment.queueUrl,
      FLOWCRAFT_TABLE_NAME: deployment.tableName,
      TERM: 'xterm',
    },
  })
  let seen = ''
  child.stdout.on('data', (text: Buffer) => (seen += text.toString('utf8')))
  return { seen: () => seen, ended: once(child, 'exit') as Promise<[number]> }
}

const hasScript = spawnSync(SCRIPT, ['--version']).stdout?.includes('util-linux') === true

// Other systems have a `script` of other options, or none.
it.skipIf(!hasScript)('get --watch draws a run anew over what it drew before, until it is over', async () => {
  const client = clientOf(deployment)
  const runId = `run-${randomUUID()}`
  await client.start({ blueprintId: 'approval', runId })
  const { seen, ended } = inTerminal(`get ${runId} --watch`)
  await expect.poll(seen, { timeout: 60_000 }).toMatch(/decide\s+\S*waiting/)
  await client.resume(runId, { action: 'yes', output: { by: 'Ada' } })
  const [code] = await ended
  expect(code).toBe(0)
  // It has colours, and the last picture is drawn over the one before: its first line takes two of the terminal.
  expect(seen()).toContain('\u001B[33mwaiting\u001B[39m')
  const pictures = seen().split('\u001B[0J')
  const last = pictures.at(-1) ?? ''
  const up = /\[(\d+)A$/.exec(pictures.at(-2) ?? '')?.[1]
  const rows = last.trimEnd().split(/\r?\n/)
  expect(rows[0]).toContain('completed')
  expect(Number(up)).toBeGreaterThan(rows.length)
})

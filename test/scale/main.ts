/**
 * `npm run scale [-- --only ID]`: what must work at its size, over the local AWS with workers in processes of their
 * own: each run ends as it should, no item comes near 400 KB, and the workers' memory stays flat.
 * `lists` is a table of 100,000 runs, whose pages cost what those of 1,000 do. `--only redrives` is 5,000 failed runs that
 * one call redrives: it takes minutes, so that nothing runs it but by its name.
 * `--json`: `{ lists, redrives, scenarios: [{ name, seconds, largestItem, largestState, heapGrowth, problems }] }`, bytes.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type AttributeValue, ScanCommand } from '@aws-sdk/client-dynamodb'
import { environmentVariables, RunClient, stateTable } from '../../lib/index.ts'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { bytesOf } from './item.ts'
import { measureLists } from './lists.ts'
import { measureRedrives, redriven } from './redrives.ts'
import { registrationOf, type Scenario, scenarios } from './scenarios.ts'
import type { WorkerReport } from './worker.ts'

/** A quarter of what an item may have. */
const STATE_BYTES_AT_MOST = 100 * 1024
const ITEM_BYTES_AT_MOST = 400 * 1024
/** From a worker's first reports to its last. Lists of thousands of results take some of it. */
const HEAP_GROWTH_AT_MOST = 40_000_000
const REPORT_EVERY_MS = 2_000
const TIMEOUT_MS = 300_000

interface Measured {
  readonly name: string
  readonly seconds: number
  readonly largestItem: number
  readonly largestState: number
  readonly heapGrowth: number
  readonly problems: readonly string[]
}

class Workers {
  readonly #processes: readonly ChildProcess[]
  readonly #reports: WorkerReport[][] = []
  #timer: NodeJS.Timeout | undefined

  constructor(count: number, scenarioId: string, env: NodeJS.ProcessEnv) {
    const path = fileURLToPath(new URL('worker.ts', import.meta.url))
    const execArgv = ['--import', 'tsx', '--expose-gc']
    this.#processes = Array.from({ length: count }, () => fork(path, [scenarioId], { env, execArgv }))
    this.#timer = setInterval(() => void this.#ask(), REPORT_EVERY_MS)
  }

  async #ask(): Promise<void> {
    const answers = this.#processes.map(async (worker) => {
      worker.send('report')
      return ((await once(worker, 'message')) as [WorkerReport])[0]
    })
    this.#reports.push(await Promise.all(answers))
  }

  async stop(): Promise<{ largest: number; heapGrowth: number }> {
    clearInterval(this.#timer)
    await this.#ask()
    for (const worker of this.#processes) worker.kill('SIGKILL')
    const all = this.#reports.flat()
    // The first report of a worker may come before it has loaded everything.
    const [, early = this.#reports[0] ?? []] = this.#reports
    const grown = (this.#reports.at(-1) ?? []).map(({ heap }, at) => heap - (early[at]?.heap ?? heap))
    return { largest: Math.max(...all.map(({ largest }) => largest)), heapGrowth: Math.max(...grown) }
  }
}

async function largestItem(aws: LocalAws, tableName: string): Promise<number> {
  let largest = 0
  let from: Record<string, AttributeValue> | undefined
  do {
    const page = await aws.clients.dynamoDbClient.send(
      new ScanCommand({ TableName: tableName, ConsistentRead: true, ExclusiveStartKey: from }),
    )
    for (const item of page.Items ?? []) largest = Math.max(largest, bytesOf(item))
    from = page.LastEvaluatedKey
  } while (from)
  return largest
}

async function measure(aws: LocalAws, scenario: Scenario): Promise<Measured> {
  const { name, id, key, isRight, runs = 1, workers: count = 1 } = scenario
  const { queueUrl, deadLetterQueueUrl } = await aws.createQueue({ visibilityTimeoutSeconds: 60 })
  const tableName = await aws.createTable(stateTable.createInput(`state-${id}`))
  const { sqsClient, dynamoDbClient } = aws.clients
  const places = {
    [environmentVariables.queueUrl]: queueUrl,
    [environmentVariables.deadLetterQueueUrl]: deadLetterQueueUrl,
    [environmentVariables.tableName]: tableName,
  }
  const client = new RunClient({
    ...registrationOf(scenario),
    queueUrl,
    tableName,
    sqsClient,
    dynamoDbClient,
  })
  const began = Date.now()
  const runIds = Array.from({ length: runs }, (_, at) => `${id}-${at}`)
  // Past the meter, which takes as much of this computer as the servers do.
  const direct = { AWS_ENDPOINT_URL_DYNAMODB: aws.unmetered.dynamodb }
  const workers = new Workers(count, id, { ...process.env, ...aws.env, ...direct, ...places })
  await inTens(runIds, (runId) => client.start({ blueprintId: id, runId }))
  const ends = await inTens(runIds, async (runId) => {
    const { status, context } = await client.waitFor(runId, { timeoutMs: TIMEOUT_MS, pollMs: 2_000 })
    return status === 'completed' && isRight(context[key]) ? [] : [`run '${runId}' ended ${status}`]
  })
  const seconds = (Date.now() - began) / 1000
  const { largest: largestState, heapGrowth } = await workers.stop()
  const largest = await largestItem(aws, tableName)
  const problems = ends.flat()
  if (largestState > STATE_BYTES_AT_MOST) problems.push(`an item of state had ${largestState} bytes`)
  if (largest > ITEM_BYTES_AT_MOST) problems.push(`an item has ${largest} bytes`)
  if (heapGrowth > HEAP_GROWTH_AT_MOST) problems.push(`a worker's heap grew by ${heapGrowth} bytes`)
  return { name, seconds, largestItem: largest, largestState, heapGrowth, problems }
}

async function inTens<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let at = 0; at < items.length; at += 10) {
    results.push(...(await Promise.all(items.slice(at, at + 10).map(work))))
  }
  return results
}

function kb(bytes: number): string {
  return `${Math.round(bytes / 1024)} KB`
}

const { values } = parseArgs({
  options: { only: { type: 'string' }, json: { type: 'boolean', default: false } },
})
// The SDK's reminder of Node 22 is not a warning about this project.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
const measured: Measured[] = []
await using aws = await startLocalAws()
for (const scenario of scenarios.filter(({ id }) => values.only === undefined || id === values.only)) {
  const result = await measure(aws, scenario)
  measured.push(result)
  if (values.json) continue
  const { name, seconds, largestItem: item, largestState, heapGrowth, problems } = result
  const sizes = `largest item ${kb(item)}, of state ${kb(largestState)}, heap ${heapGrowth < 0 ? '' : '+'}${kb(heapGrowth)}`
  console.log(`${problems.length > 0 ? 'WRONG' : 'ok   '}  ${name}: ${seconds.toFixed(1)} s, ${sizes}`)
  for (const problem of problems) console.log(`       ${problem}`)
}
const lists = values.only === undefined || values.only === 'lists' ? [await measureLists(aws)] : []
for (const { name, seconds, units, problems } of values.json ? [] : lists) {
  const costs = Object.entries(units).map(([what, [few, many]]) => `${what} ${few}, ${many}`)
  const told = `${costs.join('; ')} read units of 1,000, of 100,000`
  console.log(`${problems.length > 0 ? 'WRONG' : 'ok   '}  ${name}: ${seconds.toFixed(1)} s, ${told}`)
  for (const problem of problems) console.log(`       ${problem}`)
}
const tell = (line: string) => values.json || console.log(`       ${line}`)
const redrives = values.only === redriven.id ? [await measureRedrives(aws, tell)] : []
for (const { name, seconds, each, problems } of values.json ? [] : redrives) {
  const times = Object.entries(seconds).map(([what, took]) => `${what} ${took.toFixed(1)} s`)
  const costs = Object.entries(each).map(([what, count]) => `${count} ${what}`)
  console.log(
    `${problems.length > 0 ? 'WRONG' : 'ok   '}  ${name}: ${times.join(', ')}; ${costs.join(', ')} each`,
  )
  for (const problem of problems.slice(0, 10)) console.log(`       ${problem}`)
}
if (values.json) console.log(JSON.stringify({ scenarios: measured, lists, redrives }))
process.exitCode = [...measured, ...lists, ...redrives].some(({ problems }) => problems.length > 0) ? 1 : 0

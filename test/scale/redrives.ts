/**
 * 5,000 runs that fail at one node, found by their error and redriven by one call, over the local AWS: each once, at a cost
 * that does not grow with their number, and told of as it goes.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { NodeFunction } from 'flowcraft'
import { environmentVariables, RunClient, stateTable } from '../../lib/index.ts'
import type { LocalAws } from '../../lib/local/index.ts'
import { graph, value } from '../conformance/case.ts'
import { registrationOf, type Scenario } from './scenarios.ts'

const RUNS = 5_000
/** Of `startMany`. */
const STARTS = 1_000
const WORKERS = 2
/** Of the redrive alone, for each run. */
const AT_MOST = { writeUnits: 6, readUnits: 8, requests: 12 }
const TIMEOUT_MS = 1_800_000
const TELL_EVERY = 500

export interface RedrivesMeasured {
  readonly name: string
  readonly seconds: { readonly fail: number; readonly redrive: number; readonly complete: number }
  /** Of the redrive, for each run. */
  readonly each: { readonly writeUnits: number; readonly readUnits: number; readonly requests: number }
  readonly problems: readonly string[]
}

const charge: NodeFunction = async ({ context }) => {
  if (!(await context.get('mended' as never))) throw new Error('the bank is away')
  return { output: 'charged' }
}

export const redriven: Scenario = {
  name: `a redrive of ${RUNS.toLocaleString('en')} failed runs`,
  id: 'redrives',
  make: () =>
    graph({ order: value('order'), charge: { run: charge }, ship: value('shipped') }, [
      'order>charge',
      'charge>ship',
    ]),
  runs: RUNS,
  workers: WORKERS,
  key: 'ship',
  isRight: (shipped) => shipped === 'shipped',
}

/** @param tell - gets a line now and then */
export async function measureRedrives(
  aws: LocalAws,
  tell: (line: string) => void,
): Promise<RedrivesMeasured> {
  const { queueUrl, deadLetterQueueUrl } = await aws.createQueue({ visibilityTimeoutSeconds: 60 })
  const tableName = await aws.createTable(stateTable.createInput('state-redrives'))
  const { sqsClient, dynamoDbClient } = aws.clients
  const client = new RunClient({
    ...registrationOf(redriven),
    queueUrl,
    tableName,
    sqsClient,
    dynamoDbClient,
  })
  const env = {
    ...process.env,
    ...aws.env,
    // Past the meter, which takes as much of this computer as the servers do.
    AWS_ENDPOINT_URL_DYNAMODB: aws.unmetered.dynamodb,
    [environmentVariables.queueUrl]: queueUrl,
    [environmentVariables.deadLetterQueueUrl]: deadLetterQueueUrl,
    [environmentVariables.tableName]: tableName,
  }
  const problems: string[] = []
  const since = new Date()

  const fail = await timed(async () => {
    for (let from = 0; from < RUNS; from += STARTS) {
      const requests = Array.from({ length: STARTS }, (_, at) => ({
        blueprintId: redriven.id,
        runId: `run-${from + at}`,
      }))
      const { failures } = await client.startMany(requests)
      problems.push(...failures.map(({ error }) => `a run could not be started: ${error.message}`))
    }
    await withWorkers(env, () => untilDone(client))
  })
  const { groups } = await client.failures({ since, limit: RUNS })
  const [group] = groups
  if (groups.length !== 1 || group?.count !== RUNS)
    problems.push(`${groups.length} groups, the first of ${group?.count}`)

  const before = aws.meter.snapshot()
  let told = 0
  const redrive = await timed(async () => {
    const request = { failures: { since, group }, set: { mended: true }, by: 'scale' }
    for await (const outcome of client.redriveMany(request)) {
      if ('error' in outcome) problems.push(`${outcome.runId}: ${outcome.error.message}`)
      if (++told % TELL_EVERY === 0) tell(`${told} of ${RUNS} are redriven`)
    }
  })
  const { dynamodb, sqs } = aws.meter.since(before)
  const of = (count: number) => Math.round((count / RUNS) * 100) / 100
  const each = {
    writeUnits: of(dynamodb.writeUnits),
    readUnits: of(dynamodb.readUnits),
    requests: of(dynamodb.requests + sqs.requests),
  }
  if (told !== RUNS) problems.push(`${told} runs were redriven`)
  for (const [what, most] of Object.entries(AT_MOST)) {
    const cost = each[what as keyof typeof each]
    if (cost > most) problems.push(`${cost} ${what} a run, at most ${most}`)
  }

  const complete = await timed(() => withWorkers(env, () => untilDone(client)))
  let once = 0
  for await (const { runId, status } of client.runs({ blueprintId: redriven.id })) {
    if (status !== 'completed') problems.push(`run '${runId}' ended ${status}`)
    else once++
  }
  if (once !== RUNS) problems.push(`${once} runs completed`)
  return { name: redriven.name, seconds: { fail, redrive, complete }, each, problems }
}

/** Until nothing of them is left to do. */
async function untilDone(client: RunClient): Promise<void> {
  for (const end = Date.now() + TIMEOUT_MS; ;) {
    const { runs } = await client.list({ status: ['running', 'awaiting'], limit: 1 })
    if (runs.length === 0) return
    if (Date.now() > end) throw new Error(`run '${runs[0]?.runId}' is under way after ${TIMEOUT_MS / 1000} s`)
    await sleep(2_000)
  }
}

async function withWorkers<T>(env: NodeJS.ProcessEnv, work: () => Promise<T>): Promise<T> {
  const path = fileURLToPath(new URL('worker.ts', import.meta.url))
  const execArgv = ['--import', 'tsx', '--expose-gc']
  const workers = Array.from({ length: WORKERS }, (): ChildProcess =>
    fork(path, [redriven.id], { env, execArgv }),
  )
  try {
    return await work()
  } finally {
    const gone = workers.map((worker) => once(worker, 'exit'))
    for (const worker of workers) worker.kill('SIGKILL')
    await Promise.all(gone)
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = Date.now()
  await work()
  return (Date.now() - began) / 1000
}

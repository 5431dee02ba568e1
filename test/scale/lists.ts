/**
 * Lists of a table with 100,000 runs, put there by the store: a page costs what it costs in a table of 1,000, however
 * deep in the list it is.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { JsonSerializer } from 'flowcraft'
import { findFailures } from '../../lib/core/run/failures.ts'
import { listRuns, type ListRunsRequest, type RunPage } from '../../lib/core/run/list.ts'
import { DynamoDbRunStore } from '../../lib/core/store/dynamodb-run-store.ts'
import { ValueStore } from '../../lib/core/values/value-store.ts'
import { stateTable } from '../../lib/index.ts'
import type { LocalAws } from '../../lib/local/index.ts'
import { newRun } from '../core/store/contract/support.ts'

const FEW = 1_000
const MANY = 100_000
const AT_A_TIME = 100
const START = Date.UTC(2026, 0, 1)
/** Of the first runs one in so many has failed; one in so many has the label, one in so many is of another blueprint. */
const [FAILED, LABELLED, RARE] = [100, 250, 500]
const PAGE = 50
/** Half a unit for each of 16 shards, twice where one has more of the page than another; the header of each run, which is under way. */
const UNITS_OF_PAGE = 16 + PAGE
const OF_LABEL = 4
/** A unit for each of 4 shards, twice, and for each header. */
const UNITS_OF_LABEL = 8 + OF_LABEL

export interface ListsMeasured {
  readonly name: string
  readonly seconds: number
  /** Read units, in a table of few and in one of many. */
  readonly units: Readonly<Record<string, readonly number[]>>
  readonly problems: readonly string[]
}

export async function measureLists(aws: LocalAws): Promise<ListsMeasured> {
  const began = Date.now()
  const tableName = await aws.createTable(stateTable.createInput('state-lists'))
  // Past the meter, which takes as much of this computer as the server does.
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const client = new DynamoDBClient({ endpoint: aws.unmetered.dynamodb, region: aws.region, credentials })
  const writer = new DynamoDbRunStore({ client, tableName })
  const store = new DynamoDbRunStore({ client: aws.clients.dynamoDbClient, tableName })
  const services = { store, values: new ValueStore({ store, serializer: new JsonSerializer() }) }
  const problems: string[] = []
  const units: Record<string, number[]> = {}

  const measured = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const before = aws.meter.snapshot()
    const result = await work()
    ;(units[what] ??= []).push(aws.meter.since(before).dynamodb.readUnits)
    return result
  }
  const page = (what: string, request: ListRunsRequest) =>
    measured(what, () => listRuns(services, { limit: PAGE, ...request }))
  const check = (what: string, isRight: boolean) => {
    if (!isRight) problems.push(what)
  }

  let there = 0
  for (const count of [FEW, MANY]) {
    await put(writer, there, count)
    there = count
    const first = await page('the first page', {})
    check(`the first page of ${count} runs`, isFrom(first, count - 1))
    const middle = new Date(START + count / 2)
    const deep = await page('a page in the middle', { startedBefore: middle })
    check(`a page in the middle of ${count} runs`, isFrom(deep, count / 2 - 1))
    const next = await page('the page behind it', { startedBefore: middle, cursor: deep.cursor })
    check(`the page behind it of ${count} runs`, isFrom(next, count / 2 - 1 - PAGE))
    const startedBefore = new Date(START + FEW)
    const labelled = await page('a page by label', {
      label: { tenant: 'acme' },
      limit: OF_LABEL,
      startedBefore,
    })
    check(`a page by label of ${count} runs`, labelled.runs.length === FEW / LABELLED)
    const since = new Date(START + FEW)
    const { runs } = await measured('failures', () =>
      findFailures({ ...services, now: () => START + 2 * FEW }, { since }),
    )
    check(`${runs} failures in ${count} runs`, runs === FEW / FAILED)
  }
  const rare = { blueprintId: 'rare', limit: 1_000 }
  let found = 0
  for (let cursor: string | undefined, pages = 0; pages === 0 || cursor !== undefined; pages++) {
    const part = await listRuns(services, { ...rare, cursor })
    found += part.runs.length
    cursor = part.cursor
  }
  check(`${found} runs of a rare blueprint`, found === MANY / RARE)
  for (const [what, costs] of Object.entries(units)) {
    const [few = 0, many = 0] = costs
    const most = what === 'a page by label' ? UNITS_OF_LABEL : UNITS_OF_PAGE
    check(`${what} costs ${many} units instead of ${few}`, many <= Math.min(most, 1.2 * few + 2))
  }
  return { name: 'lists of 100,000 runs', seconds: (Date.now() - began) / 1000, units, problems }
}

function isFrom({ runs }: RunPage, newest: number): boolean {
  return runs.length === PAGE && runs.every(({ runId }, at) => runId === idOf(newest - at))
}

function idOf(at: number): string {
  return `run-${at}`
}

/** Runs from one number to before another. */
async function put(store: DynamoDbRunStore, from: number, to: number): Promise<void> {
  for (let begin = from; begin < to; begin += AT_A_TIME) {
    const part = Array.from({ length: Math.min(AT_A_TIME, to - begin) }, (_, at) => begin + at)
    await Promise.all(part.map((at) => putOne(store, at)))
  }
}

async function putOne(store: DynamoDbRunStore, at: number): Promise<void> {
  const labels = at % LABELLED === 0 ? { tenant: 'acme' } : undefined
  const blueprintId = at % RARE === 0 ? 'rare' : 'order'
  const run = newRun({ runId: idOf(at), startedAt: START + at, labels, blueprintId })
  if (labels) await store.putLabels(run)
  await store.create(run)
  if (at >= FEW || at % FAILED !== 1) return
  const seen = { seq: 0, children: [] }
  await store.fail(run.runId, { reason: `no ${at}`, now: START + FEW + at, seen })
}

/** Runs one shape with one variant, and counts what that took. */
import { setTimeout as sleep } from 'node:timers/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs'
import { NullLogger } from 'flowcraft'
import { RunClient, stateTable } from '../lib/index.ts'
import { type LocalAws, priceOf, type Usage } from '../lib/local/index.ts'
import { EventSource, type WorkerProcess } from './function.ts'
import { registrationOf } from './registration.ts'
import type { Row, Workers } from './rows.ts'
import { shapeOf } from './shapes.ts'
import { variantOf } from './variants.ts'
import type { Places } from './worker.ts'

export interface Measurement {
  readonly shape: string
  readonly variant: string
  readonly workers: Workers
}

/** What is asked besides. */
export interface More {
  /** Starts the run in place of a client that knows its blueprint. */
  readonly start?: (places: Places, blueprintId: string) => Promise<{ runId: string }>
  /** Called after the run, with the client that is counted. */
  readonly after?: (client: RunClient, runId: string) => Promise<void>
}

const TIMEOUT_MS = 900_000
const LOOK_EVERY_MS = 20
const LOOK_AT_MOST_MS = 250
/** Nodes. */
const SMALL = 110
const MILLION = 1_000_000

export async function measure(
  aws: LocalAws,
  worker: WorkerProcess,
  { shape, variant, workers }: Measurement,
  { start, after }: More = {},
): Promise<Row> {
  const { queueName, queueUrl, deadLetterQueueUrl } = await aws.createQueue({ visibilityTimeoutSeconds: 360 })
  const tableName = await aws.createTable(stateTable.createInput(`bench-${crypto.randomUUID()}`))
  const places = { queueUrl, deadLetterQueueUrl, tableName }
  await worker.prepare(shape, variant, places)
  const unmetered = unmeteredClients(aws)
  // The server knows its queues by addresses of its own.
  const { QueueUrl: own = '' } = await unmetered.sqsClient.send(
    new GetQueueUrlCommand({ QueueName: queueName }),
  )
  const [pollers = 1, batch = 1] = workers.split('x').map(Number)
  const source = new EventSource({ sqs: unmetered.sqsClient, queueUrl: own, worker, pollers, batch })
  try {
    const clients = clientsOf(aws, unmetered, places, { shape, variant })
    await storeGraph(clients, { shape, variant }, source)
    const parts = { aws, ...clients, worker, source, after }
    const begin = () => {
      const blueprintId = `${shape}-${variant}`
      return (
        start?.(places, blueprintId) ?? clients.client.start({ blueprintId, input: variantOf(variant).input })
      )
    }
    return { shape, variant, workers, ...(await measureRun(parts, begin, shapeOf(shape).nodes)) }
  } finally {
    await source.stop()
    unmetered.sqsClient.destroy()
    unmetered.dynamoDbClient.destroy()
  }
}

type Clients = ReturnType<typeof clientsOf>

/** One that is counted, and one that looks how far a run is, which is not. */
function clientsOf(
  aws: LocalAws,
  unmetered: ReturnType<typeof unmeteredClients>,
  places: Places,
  { shape, variant }: Pick<Measurement, 'shape' | 'variant'>,
) {
  const options = { ...registrationOf(shape, variant), ...places, logger: new NullLogger() }
  return {
    client: new RunClient({ ...options, ...aws.clients }),
    watcher: new RunClient({ ...options, ...unmetered }),
  }
}

function unmeteredClients({ unmetered, clientConfig }: LocalAws) {
  return {
    sqsClient: new SQSClient({ ...clientConfig.sqs, endpoint: unmetered.sqs }),
    dynamoDbClient: new DynamoDBClient({ ...clientConfig.dynamodb, endpoint: unmetered.dynamodb }),
  }
}

/**
 * A deployment stores the graph of a blueprint once, and a worker asks once in a while which are paused: neither is a cost of
 * a run. A small run is made once before for that, of a large one the half unit of the latter is nothing.
 */
async function storeGraph(
  { client, watcher }: Clients,
  { shape, variant }: Pick<Measurement, 'shape' | 'variant'>,
  source: EventSource,
): Promise<void> {
  const { runId } = await client.start({
    blueprintId: `${shape}-${variant}`,
    input: variantOf(variant).input,
  })
  if (shapeOf(shape).nodes > SMALL) await client.cancel(runId)
  await watcher.waitFor(runId, { timeoutMs: TIMEOUT_MS })
  await until(() => source.invocations > 0 && source.isIdle)
}

interface Parts extends Clients, Pick<More, 'after'> {
  readonly aws: LocalAws
  readonly worker: WorkerProcess
  readonly source: EventSource
}

async function measureRun(
  { aws, client, watcher, worker, source, after }: Parts,
  start: () => Promise<{ runId: string }>,
  nodes: number,
): Promise<Omit<Row, keyof Measurement>> {
  const before = { usage: aws.meter.snapshot(), report: await worker.report() }
  const { billed, invocations } = source
  const { runId } = await start()
  const {
    status,
    startedAt,
    endedAt = startedAt,
  } = await watcher.waitFor(runId, {
    timeoutMs: TIMEOUT_MS,
    pollMs: LOOK_AT_MOST_MS,
  })
  await until(() => source.isIdle)
  const report = await worker.report()
  const row = {
    nodes,
    status,
    ...countsOf(aws.meter.since(before.usage), source.billed - billed, nodes),
    wallMs: endedAt.getTime() - startedAt.getTime(),
    cpuMs: Math.round(report.cpuMs - before.report.cpuMs),
    invocations: source.invocations - invocations,
    logBytes: report.logBytes - before.report.logBytes,
  }
  await after?.(client, runId)
  return row
}

/** @param polled - receives and deletes, which nobody counted yet */
function countsOf({ dynamodb, sqs, s3, eventbridge }: Usage, polled: number, nodes: number) {
  const usage = { dynamodb, s3, eventbridge, sqs: { ...sqs, billedRequests: sqs.billedRequests + polled } }
  return {
    dynamodb: dynamodb.requests,
    sqs: usage.sqs.billedRequests,
    s3: s3.requests,
    writeUnits: dynamodb.writeUnits,
    readUnits: dynamodb.readUnits,
    usdPerMillionNodes: (MILLION * priceOf(usage).usd) / nodes,
    sends: sqs.billedRequests,
    refused: dynamodb.refusedWrites,
  }
}

async function until(isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + TIMEOUT_MS; !isSo(); await sleep(LOOK_EVERY_MS)) {
    if (Date.now() > end) throw new Error(`it took longer than ${TIMEOUT_MS / 1_000} s`)
  }
}

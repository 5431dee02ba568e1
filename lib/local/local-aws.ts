// Puts the parts of the local AWS together and takes them apart in the right order.

import { mkdtemp, rm } from 'node:fs/promises'
import { devNull, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { S3Client } from '@aws-sdk/client-s3'
import { SQSClient } from '@aws-sdk/client-sqs'
import { startEngines } from './engine/start.ts'
import type { RunningEngines } from './engine/start.ts'
import { LocalAwsError } from './errors.ts'
import { startMapping } from './event-source/mapping.ts'
import { createLocalFunction } from './lambda/function.ts'
import type { LocalFunction } from './lambda/types.ts'
import { Meter } from './meter.ts'
import { meteredDynamoDB } from './proxy/dynamodb.ts'
import { Interception } from './proxy/intercept.ts'
import { startJsonProxy } from './proxy/json-proxy.ts'
import type { Proxy } from './proxy/json-proxy.ts'
import { startS3Proxy } from './proxy/s3-proxy.ts'
import { meteredSqs } from './proxy/sqs.ts'
import { createBucket, createQueue, createTable } from './resources.ts'
import type { Endpoints, LocalAws, LocalAwsOptions, LocalClientConfigs, StopOptions } from './types.ts'

/** The account that fauxqs writes into its ARNs. */
const ACCOUNT_ID = '000000000000'
const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' }

interface Stoppable {
  stop(): Promise<void>
}

/**
 * Starts SQS, DynamoDB, S3 and Lambda on free ports of 127.0.0.1. Several may run side by side.
 *
 * SQS and S3 are played by fauxqs, DynamoDB by dynoxide or dynalite. They need no account and no network. They
 * are stand-ins: what works here still has to be tried on AWS.
 *
 * @example
 * await using local = await startLocalAws()
 * const queue = await local.createQueue()
 * await local.clients.sqs.send(new SendMessageCommand({ QueueUrl: queue.queueUrl, MessageBody: 'hello' }))
 */
export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const region = options.region ?? 'us-east-1'
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)) {
    throw new LocalAwsError(`region must be the name of an AWS region such as us-east-1, got "${region}"`)
  }
  const meter = new Meter()
  const interception = new Interception()
  const engines = await startEngines(options, region)
  try {
    const proxies = await startProxies(engines, interception, meter)
    const folder = await mkdtemp(join(tmpdir(), 'flowcraft-local-'))
    return assemble({ region, engines, proxies, meter, interception, folder })
  } catch (error) {
    await engines.stop()
    throw error
  }
}

type Proxies = Record<keyof Endpoints, Proxy>

async function startProxies(
  engines: RunningEngines,
  interception: Interception,
  meter: Meter,
): Promise<Proxies> {
  const { names, origins } = engines
  const [sqs, dynamodb, s3] = await Promise.all([
    startJsonProxy(origins.sqs, interception, (origin) => meteredSqs(meter, origin, names.sqs === 'fauxqs')),
    startJsonProxy(origins.dynamodb, interception, () => meteredDynamoDB(meter)),
    startS3Proxy(origins.s3, interception, meter),
  ])
  return { sqs, dynamodb, s3 }
}

interface Parts {
  region: string
  engines: RunningEngines
  proxies: Proxies
  meter: Meter
  interception: Interception
  /** Holds copies of function code; removed at the end. */
  folder: string
}

function assemble({ region, engines, proxies, meter, interception, folder }: Parts): LocalAws {
  const endpoints = { sqs: proxies.sqs.origin, dynamodb: proxies.dynamodb.origin, s3: proxies.s3.origin }
  const clientConfig = clientConfigs(endpoints, region)
  const env = environment(endpoints, region)
  const clients = {
    sqs: new SQSClient(clientConfig.sqs),
    dynamodb: new DynamoDBClient(clientConfig.dynamodb),
    s3: new S3Client(clientConfig.s3),
  }
  const functions: LocalFunction[] = []
  const mappings: Stoppable[] = []
  let stopped: Promise<void> | undefined

  const stop = ({ drain = true }: StopOptions) =>
    inTurn([
      () => (drain ? undefined : stopAll(functions)),
      () => stopAll(mappings),
      () => stopAll(functions),
      () => Object.values(clients).forEach((client) => client.destroy()),
      () => Promise.all(Object.values(proxies).map((proxy) => proxy.close())),
      () => engines.stop(),
      () => rm(folder, { recursive: true, force: true }),
    ])
  const assertRunning = () => {
    if (stopped) throw new LocalAwsError('this local AWS was stopped')
  }

  return {
    endpoints,
    unmetered: engines.origins,
    region,
    accountId: ACCOUNT_ID,
    engine: engines.names,
    clients,
    clientConfig,
    env,
    meter,
    lambdaUsage: () => ({
      invocations: sum(functions.map((fn) => fn.stats.invocations)),
      gbSeconds: sum(functions.map((fn) => (fn.stats.billedMs / 1000) * (fn.memoryMb / 1024))),
    }),
    intercept: (fn) => interception.set(fn),
    createQueue: (queue) => createQueue(clients.sqs, queue),
    createTable: (table) => createTable(clients.dynamodb, table),
    createBucket: (name) => createBucket(clients.s3, name),
    createFunction: async (fn) => {
      assertRunning()
      const made = await createLocalFunction({ region, accountId: ACCOUNT_ID, env, folder }, fn)
      functions.push(made)
      return made
    },
    mapEventSource: async (mapping) => {
      assertRunning()
      const made = await startMapping(clients.sqs, mapping)
      mappings.push(made)
      return made
    },
    stop: (stopOptions = {}) => (stopped ??= stop(stopOptions)),
    [Symbol.asyncDispose]: () => (stopped ??= stop({})),
  }
}

function clientConfigs(endpoints: Endpoints, region: string): LocalClientConfigs {
  const common = { region, credentials: CREDENTIALS }
  return {
    // Without useQueueUrlAsEndpoint: false the SDK would go to the host that a queue's address names.
    sqs: { ...common, endpoint: endpoints.sqs, useQueueUrlAsEndpoint: false },
    dynamodb: { ...common, endpoint: endpoints.dynamodb },
    s3: { ...common, endpoint: endpoints.s3, forcePathStyle: true },
  }
}

function environment(endpoints: Endpoints, region: string): Record<string, string> {
  return {
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    AWS_ENDPOINT_URL_SQS: endpoints.sqs,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_S3: endpoints.s3,
    AWS_EC2_METADATA_DISABLED: 'true',
    // Profiles in the user's home must not lead anywhere else.
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    // The SDK's reminder of Node 22 on every start would drown what the function itself prints.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  }
}

/** Does all steps, each after the one before, also when one fails; then throws what went wrong. */
async function inTurn(steps: (() => unknown)[]): Promise<void> {
  const errors: unknown[] = []
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, 'the local AWS did not stop cleanly')
}

async function stopAll(things: Stoppable[]): Promise<void> {
  await Promise.all(things.map((thing) => thing.stop()))
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

// Puts the parts of the local AWS together and takes them apart in the right order.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clientConfigs, clientsOf, environmentOf } from './clients.ts'
import { startEngines } from './engine/start.ts'
import type { RunningEngines } from './engine/start.ts'
import { localError } from './errors.ts'
import { startMapping } from './event-source/mapping.ts'
import { RoleClients } from './iam/clients.ts'
import { DataFolder } from './keep/data-folder.ts'
import { createLocalFunction } from './lambda/function.ts'
import { startMinutes, startSchedule, startTimer } from './lambda/schedule.ts'
import { startUrlServer } from './lambda/url-server.ts'
import { ACCOUNT_ID, type Parts, type Play, startParts } from './parts.ts'
import { createBucket, createQueue, createTable, freshName } from './resources.ts'
import { deployAll, deployStack } from './stack/deploy.ts'
import { DeployedStacks } from './stack/deployed.ts'
import type { StackHost } from './stack/kind.ts'
import { inTurn, killAfter, stopAll, type Stoppable } from './stopping.ts'
import type { LocalAws, LocalAwsOptions, LocalEndpoints, StopOptions } from './types.ts'

/**
 * Starts SQS, DynamoDB, S3, Lambda and EventBridge on free ports of 127.0.0.1. Several may run side by side.
 *
 * SQS and S3 are played by fauxqs, DynamoDB by dynoxide or dynalite, the others here. They need no account and no
 * network. They are stand-ins: what works here still has to be tried on AWS.
 *
 * @example
 * await using local = await startLocalAws()
 * const queue = await local.createQueue()
 * await local.clients.sqsClient.send(new SendMessageCommand({ QueueUrl: queue.queueUrl, MessageBody: 'hello' }))
 */
export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const region = options.region ?? 'us-east-1'
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)) {
    throw localError(`region must be the name of an AWS region such as us-east-1; got '${region}'`)
  }
  const kept = options.dataFolder === undefined ? undefined : await DataFolder.open(options.dataFolder)
  const engines = await startEngines(options, region).catch(async (error: unknown) => {
    await kept?.close()
    throw error
  })
  try {
    const { consistentReads = process.env['FLOWCRAFT_LOCAL_CONSISTENT_READS'] === 'true' } = options
    const { strict = true } = options
    const play = { ...options, region, consistentReads, strict }
    const parts = await startParts(engines, play, kept?.journal)
    const folder = await mkdtemp(join(tmpdir(), 'flowcraft-local-'))
    const aws = assemble({ ...parts, play, engines, folder, kept })
    await kept?.restore(aws.clients)
    return aws
  } catch (error) {
    await engines.stop()
    await kept?.close()
    throw error
  }
}

interface AllParts extends Parts {
  readonly play: Play
  readonly engines: RunningEngines
  /** Holds copies of function code; removed at the end. */
  readonly folder: string
  /** What outlives it. */
  readonly kept: DataFolder | undefined
}

function assemble(parts: AllParts): LocalAws {
  const { engines, proxies, meter, interception, functions, mappings, buses, rules, inFlight } = parts
  const { folder, kept, roles, asynchronous } = parts
  const { region, strict } = parts.play
  const endpoints: LocalEndpoints = {
    sqs: proxies.sqs.origin,
    dynamodb: proxies.dynamodb.origin,
    s3: proxies.s3.origin,
    lambda: proxies.lambda.origin,
    eventbridge: proxies.eventbridge.origin,
  }
  const clientConfig = clientConfigs(endpoints, region)
  const env = environmentOf(endpoints, region)
  const clients = clientsOf(clientConfig)
  const roleClients = new RoleClients(roles, endpoints, region)
  /** What invokes functions from outside: mappings, schedules, URLs. */
  const sources: Stoppable[] = []
  let stopped: Promise<void> | undefined

  const stop = ({ drain = true, drainMs }: StopOptions) =>
    inTurn([
      () => (drain ? undefined : stopAll(functions.all)),
      () => (drainMs === undefined ? undefined : killAfter(drainMs, functions.all, stopAll(sources))),
      () => stopAll(sources),
      () => rules.stop(),
      () => asynchronous.stop(),
      () => inFlight.settle(),
      () => stopAll(functions.all),
      () => kept?.save(clients),
      () => roleClients.destroy(),
      () => Object.values(clients).forEach((client) => client.destroy()),
      () => Promise.all(Object.values(proxies).map((proxy) => proxy.close())),
      () => engines.stop(),
      () => kept?.close(),
      () => rm(folder, { recursive: true, force: true }),
    ])
  const assertRunning = () => {
    if (stopped) throw localError('this local AWS was stopped')
  }
  /** Keeps what was started, for the end. */
  const started = <T extends Stoppable>(source: T): T => {
    sources.push(source)
    return source
  }

  const deployed = new DeployedStacks()
  const stackHost = (): StackHost => ({
    aws,
    deployed,
    roles,
    asynchronous,
    keepsNames: kept !== undefined,
    addRule: (rule) => {
      buses.assertThere(rule.eventBusName)
      return rules.add(rule)
    },
    tellOfObjects: (bucket) => parts.bucketEvents.add(bucket),
    every: (minutes, fire) => {
      assertRunning()
      return started(startTimer(minutes, fire))
    },
    eachMinute: (fire) => {
      assertRunning()
      return started(startMinutes(fire))
    },
    createFunctionUrl: async (fn, options) => {
      assertRunning()
      return started(await startUrlServer(fn, options))
    },
    retire: (source) => inFlight.add(source.stop()),
    findFunction: (name) => functions.find(name),
    findInvocable: (name) => functions.findInvocable(name),
  })

  const aws: LocalAws = {
    endpoints,
    unmetered: engines.origins,
    region,
    accountId: ACCOUNT_ID,
    engine: engines.names,
    clients,
    clientConfig,
    env,
    meter,
    events: buses.events,
    permissions: roles,
    lambdaUsage: () => ({
      invocations: sum(functions.all.map((fn) => fn.stats.invocations)),
      gbSeconds: sum(functions.all.map((fn) => (fn.stats.billedMs / 1000) * (fn.memoryMb / 1024))),
    }),
    intercept: (fn) => interception.set(fn),
    createQueue: (queue) => createQueue(clients.sqsClient, queue),
    createTable: (table) => createTable(clients.dynamoDbClient, table),
    createBucket: (name) => createBucket(clients.s3Client, name),
    createRole: (role) => roleClients.create(role),
    createEventBus: (name = freshName('bus')) => buses.create(name),
    createFunction: async (fn) => {
      assertRunning()
      const own = { ...env, ...roleClients.environmentFor(fn.role) }
      const made = await createLocalFunction({ region, accountId: ACCOUNT_ID, env: own, folder, strict }, fn)
      functions.add(made)
      roleClients.remember(made.arn, fn.role)
      return made
    },
    createFunctionUrl: async (fn) => {
      assertRunning()
      return started(await startUrlServer(fn)).url
    },
    mapEventSource: async (mapping) => {
      assertRunning()
      return started(
        mappings.add(
          await startMapping((roleClients.ofFunction(mapping.function.arn) ?? clients).sqsClient, mapping),
          mapping,
        ),
      )
    },
    schedule: (schedule) => {
      assertRunning()
      return started(startSchedule(schedule))
    },
    deploy: (options) => deployStack(stackHost(), options),
    deployAll: (options) => deployAll(stackHost(), options),
    stop: (stopOptions = {}) => (stopped ??= stop(stopOptions)),
    [Symbol.asyncDispose]: () => (stopped ??= stop({})),
  }
  return aws
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

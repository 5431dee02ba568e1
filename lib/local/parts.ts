// The parts of a local AWS: what stands in front of the engines, and what is played without one.

import { PutEventsApi } from './api/event-bridge.ts'
import { LambdaApi } from './api/lambda.ts'
import { startApi } from './api/server.ts'
import { BucketEvents } from './bucket-events.ts'
import type { RunningEngines } from './engine/start.ts'
import { EventRules } from './event-bridge/rules.ts'
import { EventBuses } from './event-buses.ts'
import { MappingRegistry } from './event-source/registry.ts'
import { sqsAsks } from './iam/asks.ts'
import { DynamoDbAsks } from './iam/dynamodb-asks.ts'
import { Roles } from './iam/roles.ts'
import { InFlight } from './in-flight.ts'
import type { MessageJournal } from './keep/message-journal.ts'
import { Asynchronous } from './lambda/asynchronous.ts'
import { FunctionRegistry } from './lambda/registry.ts'
import { Meter } from './meter.ts'
import { meteredDynamoDB } from './proxy/dynamodb.ts'
import { Interception } from './proxy/intercept.ts'
import { startJsonProxy } from './proxy/json-proxy.ts'
import type { JsonService, Proxy } from './proxy/json-proxy.ts'
import { PrefixBuckets } from './proxy/s3-slow-down.ts'
import { startS3Proxy } from './proxy/s3-proxy.ts'
import { meteredSqs } from './proxy/sqs.ts'
import type { LocalAwsOptions, LocalEndpoints } from './types.ts'

/** The account that fauxqs writes into its ARNs. */
export const ACCOUNT_ID = '000000000000'

/** What is played beyond the engines. */
export type Play = Pick<
  LocalAwsOptions,
  'asyncRetryAfterMs' | 'batchLimits' | 'inFlightLimit' | 'partitionLimits' | 'prefixLimits' | 'tableLimits'
> & {
  readonly region: string
  readonly consistentReads: boolean
  /** Whether what AWS refuses is refused. */
  readonly strict: boolean
}

export interface Parts {
  readonly proxies: Readonly<Record<keyof LocalEndpoints, Proxy>>
  readonly meter: Meter
  readonly interception: Interception
  readonly roles: Roles
  readonly functions: FunctionRegistry
  readonly mappings: MappingRegistry
  readonly buses: EventBuses
  readonly bucketEvents: BucketEvents
  readonly rules: EventRules
  readonly inFlight: InFlight
  readonly asynchronous: Asynchronous
}

export async function startParts(
  { names, origins }: RunningEngines,
  play: Play,
  journal: MessageJournal | undefined,
): Promise<Parts> {
  const { region, strict } = play
  const meter = new Meter()
  const interception = new Interception()
  const roles = new Roles({ region, accountId: ACCOUNT_ID, strict })
  const place = { region, accountId: ACCOUNT_ID, keyOfKms: (arn: string) => roles.keyOfKms(arn) }
  const host = { interception, roles }
  const asksOf: JsonService['asksOf'] = (operation, input) => sqsAsks(operation, input, place)
  const functions = new FunctionRegistry()
  const mappings = new MappingRegistry((queue) => `arn:aws:sqs:${region}:${ACCOUNT_ID}:${queue}`)
  const inFlight = new InFlight()
  const asynchronous = new Asynchronous(inFlight, { retryAfterMs: play.asyncRetryAfterMs })
  const rules = new EventRules({ region, accountId: ACCOUNT_ID }, inFlight)
  const buses = new EventBuses((event) => rules.take(event))
  const bucketEvents = new BucketEvents(buses, inFlight)
  const [sqs, dynamodb, s3, lambda, eventbridge] = await Promise.all([
    startJsonProxy(origins.sqs, host, (origin) => {
      return meteredSqs({
        meter,
        origin,
        mend: names.sqs === 'fauxqs',
        strict,
        inFlightLimit: play.inFlightLimit,
        asksOf,
        journal,
      })
    }),
    startJsonProxy(origins.dynamodb, host, () =>
      meteredDynamoDB(meter, { ...play, asks: new DynamoDbAsks(place) }),
    ),
    startS3Proxy(origins.s3, {
      ...host,
      meter,
      place,
      buckets: new PrefixBuckets(play.prefixLimits ?? {}),
      onDone: (object, look) => bucketEvents.done(object, look),
    }),
    startApi(host, new LambdaApi({ functions, mappings, asynchronous, place, strict })),
    startApi(host, new PutEventsApi({ buses, meter, place, strict })),
  ])
  const proxies = { sqs, dynamodb, s3, lambda, eventbridge }
  return {
    meter,
    interception,
    roles,
    functions,
    mappings,
    buses,
    rules,
    inFlight,
    asynchronous,
    bucketEvents,
    proxies,
  }
}

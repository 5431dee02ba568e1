// Counts requests and capacity units. Is told by the proxies; knows neither HTTP nor prices.

/** What DynamoDB was asked. */
export interface DynamoDBUsage {
  /** Requests that reached the engine; the SDK's retries are requests of their own. */
  requests: number
  byOperation: Record<string, number>
  /** Read units, from the engine's ConsumedCapacity. */
  readUnits: number
  /**
   * Write units: from the engine's ConsumedCapacity, plus those of refused writes.
   *
   * A write whose condition is refused answers without ConsumedCapacity, yet AWS charges the units of the item,
   * existing or new, whichever is larger. Charged here: the old item, which the proxy asks for by
   * ReturnValuesOnConditionCheckFailure and takes out of the answer again, or a put's new item if larger; each
   * started KB is one unit, at least one. Where the engine does not return the old item (dynalite) an update or
   * delete counts one unit. A cancelled transaction counts two units per item.
   */
  writeUnits: number
  /** Writes that a condition refused; their units are in `writeUnits`. */
  refusedWrites: number
}

/** What SQS was asked. */
export interface SqsUsage {
  requests: number
  byOperation: Record<string, number>
  /**
   * Requests as SQS bills them: one per started 64 KB of payload. Measured on the HTTP bodies, so a little too
   * high near a boundary.
   */
  billedRequests: number
}

/** What S3 was asked. */
export interface S3Usage {
  requests: number
  byOperation: Record<string, number>
}

/** What EventBridge was asked. */
export interface EventBridgeUsage {
  requests: number
  byOperation: Record<string, number>
  /** Events as EventBridge bills them: one per started 64 KB of each event that it took. */
  billedEvents: number
}

/** What the services were asked. Lambda's part is in {@link LocalAws.lambdaUsage}. */
export interface Usage {
  dynamodb: DynamoDBUsage
  sqs: SqsUsage
  s3: S3Usage
  eventbridge: EventBridgeUsage
}

/** SQS and EventBridge bill by these. */
const BILLED_CHUNK_BYTES = 64 * 1024

/**
 * Counts what reaches the services.
 *
 * @example
 * const before = local.meter.snapshot()
 * await doSomething()
 * console.log(priceOf(local.meter.since(before)).usd)
 */
export class Meter {
  #usage = emptyUsage()

  /** A copy of the counts. */
  snapshot(): Usage {
    return structuredClone(this.#usage)
  }

  /** Sets all counts to zero. */
  reset(): void {
    this.#usage = emptyUsage()
  }

  /** What was counted after `earlier` was taken. */
  since(earlier: Usage): Usage {
    return subtract(this.snapshot(), earlier)
  }

  /** For the proxies: a request goes to the engine. */
  countRequest(service: keyof Usage, operation: string): void {
    const usage = this.#usage[service]
    usage.requests += 1
    usage.byOperation[operation] = (usage.byOperation[operation] ?? 0) + 1
  }

  /** For the proxies: units that a DynamoDB answer tells. */
  countUnits(readUnits: number, writeUnits: number): void {
    this.#usage.dynamodb.readUnits += readUnits
    this.#usage.dynamodb.writeUnits += writeUnits
  }

  /** For the proxies: a DynamoDB write was refused by its condition. */
  countRefusedWrite(writeUnits: number): void {
    this.#usage.dynamodb.refusedWrites += 1
    this.#usage.dynamodb.writeUnits += writeUnits
  }

  /** For the proxies: the larger of the bodies of an SQS request and its answer. */
  countSqsPayload(bytes: number): void {
    this.#usage.sqs.billedRequests += chunksOf(bytes)
  }

  /** For the local EventBridge: it took an event of so many bytes. */
  countEvent(bytes: number): void {
    this.#usage.eventbridge.billedEvents += chunksOf(bytes)
  }
}

function chunksOf(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / BILLED_CHUNK_BYTES))
}

function emptyUsage(): Usage {
  return {
    dynamodb: { requests: 0, byOperation: {}, readUnits: 0, writeUnits: 0, refusedWrites: 0 },
    sqs: { requests: 0, byOperation: {}, billedRequests: 0 },
    s3: { requests: 0, byOperation: {} },
    eventbridge: { requests: 0, byOperation: {}, billedEvents: 0 },
  }
}

function subtract(now: Usage, earlier: Usage): Usage {
  return {
    dynamodb: {
      requests: now.dynamodb.requests - earlier.dynamodb.requests,
      byOperation: subtractCounts(now.dynamodb.byOperation, earlier.dynamodb.byOperation),
      readUnits: now.dynamodb.readUnits - earlier.dynamodb.readUnits,
      writeUnits: now.dynamodb.writeUnits - earlier.dynamodb.writeUnits,
      refusedWrites: now.dynamodb.refusedWrites - earlier.dynamodb.refusedWrites,
    },
    sqs: {
      requests: now.sqs.requests - earlier.sqs.requests,
      byOperation: subtractCounts(now.sqs.byOperation, earlier.sqs.byOperation),
      billedRequests: now.sqs.billedRequests - earlier.sqs.billedRequests,
    },
    s3: {
      requests: now.s3.requests - earlier.s3.requests,
      byOperation: subtractCounts(now.s3.byOperation, earlier.s3.byOperation),
    },
    eventbridge: {
      requests: now.eventbridge.requests - earlier.eventbridge.requests,
      byOperation: subtractCounts(now.eventbridge.byOperation, earlier.eventbridge.byOperation),
      billedEvents: now.eventbridge.billedEvents - earlier.eventbridge.billedEvents,
    },
  }
}

function subtractCounts(
  now: Record<string, number>,
  earlier: Record<string, number>,
): Record<string, number> {
  const rest = Object.entries(now).map(([name, count]) => [name, count - (earlier[name] ?? 0)] as const)
  return Object.fromEntries(rest.filter(([, count]) => count !== 0))
}

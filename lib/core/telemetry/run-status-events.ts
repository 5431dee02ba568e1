/** The ends of runs as events on an EventBridge bus: at least once, since a run's last commit leaves an outbox entry. */
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { requestFailed } from '../common/errors.ts'
import { beginningOf } from '../common/texts.ts'
import type { RunState, RunStatus } from '../protocol/run-state.ts'
import { metricNames } from './names.ts'

/** An event of EventBridge has 1 MB at most; a reason need not be long. */
const REASON_CHARACTERS = 2_000

/** `detail` of an event with source 'flowcraft' and detail-type 'Flowcraft Run Status Change'. */
export interface RunStatusChange {
  /** The same each time the same end is published: a consumer that must not act twice remembers it. */
  readonly id: string
  readonly runId: string
  readonly blueprintId: string
  readonly status: Exclude<RunStatus, 'running'>
  /** Number of nodes that failed. */
  readonly errors: number
  /** Why the run itself failed, where no node did; the beginning of a long one. */
  readonly reason?: string
  /** ISO 8601. */
  readonly startedAt: string
  /** ISO 8601. */
  readonly endedAt: string
  /** The run that waits for this one, which is a subflow of it. */
  readonly parentRunId?: string
  /** The service whose worker published it, as in logs and metrics: POWERTOOLS_SERVICE_NAME. Absent where that is not set. */
  readonly service?: string
}

export interface StatusEventsOptions {
  readonly eventBusName: string
  /** @default - a client for the function's own region, made when first needed */
  readonly client?: EventBridgeClient
  /** Tells the events of services apart that share a bus. @default - environment variable POWERTOOLS_SERVICE_NAME, else none */
  readonly service?: string
}

export class StatusEvents {
  readonly #eventBusName: string
  readonly #service: string | undefined
  #client: EventBridgeClient | undefined

  constructor({ eventBusName, client, service }: StatusEventsOptions) {
    this.#eventBusName = eventBusName
    this.#client = client
    this.#service = service ?? (process.env['POWERTOOLS_SERVICE_NAME'] || undefined)
  }

  /** Crash before or after: the outbox entry still stands, and the redelivery publishes the end once more. */
  async publish(run: RunState): Promise<void> {
    const { EventBridgeClient, PutEventsCommand } = await import('@aws-sdk/client-eventbridge')
    this.#client ??= new EventBridgeClient({})
    const { source, runStatusChange } = metricNames.events
    const entry = {
      EventBusName: this.#eventBusName,
      Source: source,
      DetailType: runStatusChange,
      Detail: JSON.stringify(changeOf(run, this.#service)),
      ...(run.endedAt === undefined ? {} : { Time: new Date(run.endedAt) }),
    }
    const what = `EventBridge PutEvents to '${this.#eventBusName}'`
    const answer = await this.#client
      .send(new PutEventsCommand({ Entries: [entry] }))
      .catch((error: unknown) => {
        throw requestFailed(what, error)
      })
    const { ErrorCode: code, ErrorMessage: message } = answer.Entries?.[0] ?? {}
    // Refused without an error of the request.
    if (code) throw requestFailed(what, new Error(`${code}: ${message ?? ''}`))
  }
}

function changeOf(run: RunState, service: string | undefined): RunStatusChange {
  const { runId, blueprintId, errors, reason, startedAt, endedAt = startedAt, parent, redrives = 0 } = run
  const status = run.status as RunStatusChange['status']
  return {
    // Of each of its ends another.
    id: redrives === 0 ? `${runId}:${status}` : `${runId}:${status}:${redrives}`,
    runId,
    blueprintId,
    status,
    errors,
    ...(reason === undefined ? {} : { reason: beginningOf(reason, REASON_CHARACTERS) }),
    startedAt: new Date(startedAt).toISOString(),
    endedAt: new Date(endedAt).toISOString(),
    ...(parent ? { parentRunId: parent.runId } : {}),
    ...(service === undefined ? {} : { service }),
  }
}

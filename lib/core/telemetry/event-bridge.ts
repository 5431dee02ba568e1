/** Events of runs on an EventBridge bus. */
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import { requestFailed } from '../common/errors.ts'
import { requestTimeouts } from '../common/request-timeouts.ts'
import { detailTypes, metricNames, type RunEventName } from './names.ts'
import type { RunEvent, RunEventBus } from './run-events.ts'

export interface EventBridgeBusOptions {
  readonly eventBusName: string
  readonly chosen: ReadonlySet<RunEventName>
  /** @default - a client for the function's own region, made when first needed */
  readonly client?: EventBridgeClient
  /** Tells the events of services apart that share a bus. @default - environment variable POWERTOOLS_SERVICE_NAME, else none */
  readonly service?: string
}

/** Nodes wait for it where a start is published. */
const TIMEOUT_MS = 10_000

export class EventBridgeBus implements RunEventBus {
  readonly chosen: ReadonlySet<RunEventName>
  readonly #eventBusName: string
  readonly #service: string | undefined
  #client: EventBridgeClient | undefined

  constructor({ eventBusName, chosen, client, service }: EventBridgeBusOptions) {
    this.chosen = chosen
    this.#eventBusName = eventBusName
    this.#client = client
    this.#service = service ?? (process.env['POWERTOOLS_SERVICE_NAME'] || undefined)
  }

  /** Whatever goes wrong is no fault of the run: its message comes back. */
  async publish(event: RunEvent): Promise<void> {
    try {
      await this.#put(event)
    } catch (error) {
      throw requestFailed(`EventBridge PutEvents to '${this.#eventBusName}'`, error)
    }
  }

  async #put({ name, detail, at }: RunEvent): Promise<void> {
    const { EventBridgeClient, PutEventsCommand } = await import('./flowcraft-aws-eventbridge.mjs')
    this.#client ??= new EventBridgeClient({ requestHandler: requestTimeouts(TIMEOUT_MS) })
    const service = this.#service === undefined ? {} : { service: this.#service }
    const entry = {
      EventBusName: this.#eventBusName,
      Source: metricNames.events.source,
      DetailType: detailTypes[name],
      Detail: JSON.stringify({ ...detail, ...service }),
      ...(at === undefined ? {} : { Time: new Date(at) }),
    }
    const answer = await this.#client.send(new PutEventsCommand({ Entries: [entry] }))
    const { ErrorCode: code, ErrorMessage: message } = answer.Entries?.[0] ?? {}
    // Refused without an error of the request.
    if (code) throw new Error(`${code}: ${message ?? ''}`)
  }
}

// The event source mappings that run, as Lambda's API lists them.

import { randomUUID } from 'node:crypto'
import type { EventSourceMappingOptions, LocalEventSourceMapping } from './types.ts'

/** What ListEventSourceMappings tells of one: https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html */
export interface ListedMapping {
  readonly UUID: string
  readonly EventSourceArn: string
  readonly FunctionArn: string
  readonly State: 'Enabled'
}

export class MappingRegistry {
  readonly #mappings = new Set<ListedMapping>()
  readonly #arnOf: (queueName: string) => string

  constructor(arnOf: (queueName: string) => string) {
    this.#arnOf = arnOf
  }

  /** Until it is stopped. */
  add(running: LocalEventSourceMapping, options: EventSourceMappingOptions): LocalEventSourceMapping {
    const queueName = options.queueUrl.slice(options.queueUrl.lastIndexOf('/') + 1)
    const listed = {
      UUID: randomUUID(),
      EventSourceArn: this.#arnOf(queueName),
      FunctionArn: options.function.arn,
      State: 'Enabled',
    } as const
    this.#mappings.add(listed)
    return {
      get stats() {
        return running.stats
      },
      stop: async () => {
        this.#mappings.delete(listed)
        await running.stop()
      },
    }
  }

  list(eventSourceArn: string | undefined): readonly ListedMapping[] {
    return [...this.#mappings].filter(
      (mapping) => eventSourceArn === undefined || mapping.EventSourceArn === eventSourceArn,
    )
  }
}

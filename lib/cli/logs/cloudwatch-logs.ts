/** Lines from CloudWatch Logs that name a run. */
import pMap from 'p-map'
import type { CloudWatchLogsClient, FilteredLogEvent } from '@aws-sdk/client-cloudwatch-logs'
import { propertyOf } from '../../core/common/thrown.ts'
import { isOfRun, type LogLine, type LogSource } from './log-line.ts'

export interface CloudWatchLogsOptions {
  readonly logGroups: readonly string[]
  readonly runId: string
  /** Milliseconds since the epoch. */
  readonly since: number
  /** Milliseconds since the epoch. @default - until now */
  readonly until?: number
}

/** FilterLogEvents has a quota of 5 to 10 requests a second: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html */
const CONCURRENCY = 4
/** What arrives later than what came after it is still found. */
const LATE_MS = 30_000

export class CloudWatchLogs implements LogSource {
  readonly #options: CloudWatchLogsOptions
  readonly #seen = new Set<string>()
  #client: CloudWatchLogsClient | undefined
  #since: number

  constructor(options: CloudWatchLogsOptions) {
    this.#options = options
    this.#since = options.since
  }

  async next(): Promise<readonly LogLine[]> {
    const since = this.#since
    const { logGroups } = this.#options
    const found = await pMap(logGroups, (group) => this.#eventsOf(group, since), {
      concurrency: CONCURRENCY,
    })
    const lines = found
      .flat()
      .map(({ timestamp = 0, message = '' }) => ({ time: timestamp, line: message.trimEnd() }))
      .toSorted((a, b) => a.time - b.time)
    this.#since = Math.max(since, (lines.at(-1)?.time ?? 0) - LATE_MS)
    return lines.filter(({ line }) => isOfRun(line, this.#options.runId))
  }

  async #eventsOf(logGroupName: string, startTime: number): Promise<FilteredLogEvent[]> {
    const { CloudWatchLogsClient: Client, paginateFilterLogEvents } =
      await import('@aws-sdk/client-cloudwatch-logs')
    const client = (this.#client ??= new Client({}))
    const { until: endTime, runId } = this.#options
    const request = { logGroupName, startTime, endTime, filterPattern: patternOf(runId) }
    const events: FilteredLogEvent[] = []
    try {
      for await (const page of paginateFilterLogEvents({ client }, request))
        events.push(...(page.events ?? []))
    } catch (error) {
      // A function that has not run yet may have no log group.
      if (propertyOf(error, 'name') !== 'ResourceNotFoundException') throw error
    }
    return events.filter(({ eventId }) => this.#isNew(`${logGroupName} ${eventId}`))
  }

  #isNew(id: string): boolean {
    if (this.#seen.has(id)) return false
    this.#seen.add(id)
    return true
  }
}

/** The id as it stands in a line of JSON, as one term: quotes keep it together. */
export function patternOf(runId: string): string {
  return JSON.stringify(JSON.stringify(runId).slice(1, -1))
}

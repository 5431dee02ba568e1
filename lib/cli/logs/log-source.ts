/** Where the lines of a run's functions are: in the file of the dev server, or in CloudWatch Logs. */
import type { RunDescription } from '../../core/run/describe.ts'
import { devServerLogFile } from '../dev-server.ts'
import { UsageError } from '../exit-codes.ts'
import type { Service } from '../service.ts'
import { CloudWatchLogs } from './cloudwatch-logs.ts'
import { LocalLogs } from './local-logs.ts'
import type { LogSource } from './log-line.ts'

export interface LogSourceOptions {
  /** @default - since the run began */
  readonly since?: Date
  /** Whether lines are wanted that are still to come. @default false */
  readonly follows?: boolean
  /** Log groups beside those of the service's functions. @default - none */
  readonly logGroups?: readonly string[]
}

/** A worker's clock may be behind by as much, and the line of the end comes after it. */
const AROUND_MS = 60_000

/** @throws UsageError where it is not known which functions the service has */
export function logSourceOf(
  { functions = [], logGroups = [], server }: Service,
  { runId, startedAt, endedAt }: Pick<RunDescription, 'runId' | 'startedAt' | 'endedAt'>,
  options: LogSourceOptions = {},
): LogSource {
  const since = (options.since ?? new Date(startedAt.getTime() - AROUND_MS)).getTime()
  if (server) return new LocalLogs({ file: devServerLogFile(server.projectFolder), functions, runId, since })
  const groups = [...logGroups, ...(options.logGroups ?? [])]
  if (groups.length === 0)
    throw new UsageError('logs: which functions the service has is not known; give --stack, or --log-group')
  // A search through all that was logged since then costs time.
  const until = endedAt && !options.follows ? endedAt.getTime() + AROUND_MS : undefined
  return new CloudWatchLogs({ logGroups: groups, runId, since, until })
}

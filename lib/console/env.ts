/** What each request finds. */
import type { LiveRuns } from './live.ts'
import type { ConsoleSource } from './source.ts'

export interface ConsoleEnv {
  readonly Variables: {
    /** Of the service that the request is about. */
    readonly source: ConsoleSource
    readonly live: LiveRuns
    /** Names of all services. */
    readonly services: readonly string[]
  }
}

/** Failed runs by what they failed with: the first question of an incident. */
import { failedAtOf, type RunState } from '../protocol/run-state.ts'
import { type FailedServices, type FailureKind, FailedRuns } from './failed-runs.ts'
import { formatCursor, parseCursor } from './list-cursor.ts'

/** Which failed runs `failures` looks at. */
export interface FailuresRequest {
  /** Runs that failed at this time or after it. */
  readonly since: Date
  /** Runs that failed before this time. @default - until now */
  readonly until?: Date
  /** @default - of all blueprints */
  readonly blueprintId?: string
  /** Runs that are looked at, the latest failures first, 1 to 10000. @default 1000 */
  readonly limit?: number
  /** Where an answer before this one ended: its `cursor`. @default - with the latest failure */
  readonly cursor?: string
}

/** Runs that failed alike: at one node, with errors of one name whose messages differ in numbers and ids only. */
export interface FailureGroup {
  readonly blueprintId: string
  /** The node that failed; absent where the run itself did. */
  readonly nodeId?: string
  /** The name of the error, such as 'TypeError', or the code of one of this package. */
  readonly error: string
  /** With '#' for each number and each UUID, 300 characters at most. */
  readonly message: string
  /** Runs. One that failed at several nodes is in several groups. */
  readonly count: number
  /** Ids of the latest of them, 5 at most. */
  readonly examples: readonly string[]
  readonly firstFailedAt: Date
  readonly lastFailedAt: Date
}

/** Failed runs, grouped by what they failed with. */
export interface Failures {
  /** The largest first. */
  readonly groups: readonly FailureGroup[]
  /** Failed runs that were found. */
  readonly runs: number
  /** Where to look on, for failures before these; undefined where there are none. */
  readonly cursor?: string
}

const LIMIT = 1_000
const EXAMPLES = 5

/** A unit for each run, and one more where its error is not in its header. */
export async function findFailures(services: FailedServices, request: FailuresRequest): Promise<Failures> {
  const { limit = LIMIT, cursor, ...query } = request
  const { since, until, blueprintId } = query
  const text = JSON.stringify(['failures', since, until, blueprintId])
  const after = cursor === undefined ? undefined : parseCursor(text, cursor)
  const failed = new FailedRuns(services, query, { after, wanted: limit })
  const groups = new Groups()
  for (let left = limit; failed.hasMore && left > 0;) {
    const { looked, found } = await failed.next(left)
    for (const { run, kinds } of found) groups.add(run, kinds)
    left -= looked
  }
  const more = failed.place ? { cursor: formatCursor(text, failed.place) } : {}
  return { groups: groups.all(), runs: groups.runs, ...more }
}

class Groups {
  readonly #groups = new Map<string, { -readonly [Name in keyof FailureGroup]: FailureGroup[Name] }>()
  runs = 0

  /** Later failures come first. */
  add(run: RunState, kinds: readonly FailureKind[]): void {
    const { runId, blueprintId } = run
    this.runs++
    const own = new Map(kinds.map((kind) => [JSON.stringify([blueprintId, kind]), kind]))
    for (const [id, kind] of own) {
      const at = new Date(failedAtOf(run) ?? 0)
      const group = this.#groups.get(id)
      if (group) {
        group.count++
        if (group.examples.length < EXAMPLES) group.examples = [...group.examples, runId]
        group.firstFailedAt = at
      } else {
        this.#groups.set(id, {
          blueprintId,
          ...kind,
          count: 1,
          examples: [runId],
          firstFailedAt: at,
          lastFailedAt: at,
        })
      }
    }
  }

  all(): FailureGroup[] {
    return [...this.#groups.values()].toSorted(
      (a, b) => b.count - a.count || b.lastFailedAt.getTime() - a.lastFailedAt.getTime(),
    )
  }
}

/** Failed runs by what they failed with: the first question of an incident. */
import pMap from 'p-map'
import { beginningOf } from '../common/texts.ts'
import type { Services } from '../execution/services.ts'
import type { RunState } from '../protocol/run-state.ts'
import type { ListEntry } from '../store/run-list.ts'
import type { ErrorCause, ErrorRecord } from '../values/error-record.ts'
import type { LostValue } from '../values/lost.ts'
import { NO_GRAPH, RunReader } from '../values/run-reader.ts'
import { formatCursor, parseCursor } from './list-cursor.ts'
import { MergedList } from './merged-list.ts'

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
const MESSAGE_CHARACTERS = 300
/** Headers that are read at a time, and runs whose errors are. */
const BATCH = 100
const CONCURRENCY = 20

type FailureServices = Pick<Services, 'store' | 'values' | 'now'>

/** A unit for each run, and one more where its error is not in its header. */
export async function findFailures(services: FailureServices, request: FailuresRequest): Promise<Failures> {
  const { since, until, blueprintId, limit = LIMIT } = request
  const { store } = services
  const [from, to] = [since.getTime(), (until?.getTime() ?? services.now() + CLOCKS_MS) - 1]
  const text = JSON.stringify(['failures', since, until, blueprintId])
  const after = request.cursor === undefined ? undefined : parseCursor(text, request.cursor)
  const wanted = Math.min(limit, BATCH)
  const list = new MergedList({ store, list: { kind: 'failed' }, from, to, after, wanted })
  const groups = new Groups()
  let looked = 0
  while (list.hasMore && looked < limit) {
    const entries: ListEntry[] = []
    while (list.hasMore && entries.length < Math.min(BATCH, limit - looked)) {
      const entry = await list.next()
      if (entry) entries.push(entry)
    }
    looked += entries.length
    const headers = await store.readMany(entries.map(({ runId }) => runId))
    // One that was redriven meanwhile failed at another time, or not at all.
    const runs = entries.flatMap(({ runId, time }) => {
      const run = headers.get(runId)
      const isWanted = blueprintId === undefined || run?.blueprintId === blueprintId
      return run?.status === 'failed' && run.endedAt === time && isWanted ? [run] : []
    })
    const kinds = await pMap(runs, (run) => kindsOf(services, run), { concurrency: CONCURRENCY })
    runs.forEach((run, at) => groups.add(run, kinds[at] ?? []))
  }
  const more = list.hasMore && list.place ? { cursor: formatCursor(text, list.place) } : {}
  return { groups: groups.all(), runs: groups.runs, ...more }
}

/** A worker's clock may be ahead of this one. */
const CLOCKS_MS = 60_000

interface Kind {
  readonly nodeId?: string
  readonly error: string
  readonly message: string
}

async function kindsOf(services: FailureServices, run: RunState): Promise<Kind[]> {
  // Then no node is why it failed.
  if (run.reason !== undefined) return [reasonOf(run.reason)]
  const lost: LostValue[] = []
  const errors = await new RunReader({ ...services, graph: NO_GRAPH, run }).errors(lost)
  const kinds = errors.map(wordsOf)
  if (kinds.length > 0) return kinds
  if (lost.length > 0)
    return [{ error: 'VALUE_LOST', message: 'the errors of its nodes cannot be read any more' }]
  return [{ error: 'Error', message: 'the run failed without an error' }]
}

function wordsOf({ nodeId, message, originalError }: ErrorRecord): Kind {
  // The engine wraps what a node threw: what is in it says more.
  let inner: ErrorCause = originalError
  while (inner.name === 'FlowcraftError' && inner.cause) inner = inner.cause
  return {
    nodeId,
    error: inner.name,
    message: withoutNumbers(inner === originalError ? message : inner.message),
  }
}

/** Reasons of this package begin with their code where they have one. */
function reasonOf(reason: string): Kind {
  const [, code, rest] = /^([A-Z][A-Z_]+): ([\s\S]*)$/.exec(reason) ?? []
  return { error: code ?? 'Error', message: withoutNumbers(rest ?? reason) }
}

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi

export function withoutNumbers(message: string): string {
  return beginningOf(message.replaceAll(UUID, '#').replaceAll(/\d+/g, '#'), MESSAGE_CHARACTERS)
}

class Groups {
  readonly #groups = new Map<string, { -readonly [Name in keyof FailureGroup]: FailureGroup[Name] }>()
  runs = 0

  /** Later failures come first. */
  add({ runId, blueprintId, endedAt = 0 }: RunState, kinds: readonly Kind[]): void {
    this.runs++
    const own = new Map(kinds.map((kind) => [JSON.stringify([blueprintId, kind]), kind]))
    for (const [id, kind] of own) {
      const at = new Date(endedAt)
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

/** Runs that failed, the latest first, each with what it failed with. */
import pMap from 'p-map'
import { beginningOf } from '../common/texts.ts'
import type { Services } from '../execution/services.ts'
import { withoutItem } from '../protocol/batch.ts'
import { failedAtOf, type RunState } from '../protocol/run-state.ts'
import type { ListEntry, ListPlace } from '../store/run-list.ts'
import type { ErrorCause, ErrorRecord } from '../values/error-record.ts'
import type { LostValue } from '../values/lost.ts'
import { NO_GRAPH, RunReader } from '../values/run-reader.ts'
import { MergedList } from './merged-list.ts'

export interface FailedRunsQuery {
  readonly since: Date
  readonly until?: Date
  readonly blueprintId?: string
}

export interface FailedRun {
  readonly run: RunState
  readonly kinds: readonly FailureKind[]
}

export type FailedServices = Pick<Services, 'store' | 'values' | 'now'>

const MESSAGE_CHARACTERS = 300
/** Headers that are read at a time, and runs whose errors are. */
const BATCH = 100
const CONCURRENCY = 20
/** A worker's clock may be ahead of this one. */
const CLOCKS_MS = 60_000

export class FailedRuns {
  readonly #services: FailedServices
  readonly #blueprintId: string | undefined
  readonly #list: MergedList

  constructor(
    services: FailedServices,
    { since, until, blueprintId }: FailedRunsQuery,
    { after, wanted = BATCH }: { readonly after?: ListPlace; readonly wanted?: number } = {},
  ) {
    this.#services = services
    this.#blueprintId = blueprintId
    const [from, to] = [since.getTime(), (until?.getTime() ?? services.now() + CLOCKS_MS) - 1]
    const { store } = services
    this.#list = new MergedList({
      store,
      list: { kind: 'failed' },
      from,
      to,
      after,
      wanted: Math.min(wanted, BATCH),
    })
  }

  get hasMore(): boolean {
    return this.#list.hasMore
  }

  /** Where to look on; undefined where there is nothing more. */
  get place(): ListPlace | undefined {
    return this.#list.hasMore ? this.#list.place : undefined
  }

  /** The next of them: `looked` at, `atMost` so many, and `found` among those. */
  async next(atMost = BATCH): Promise<{ looked: number; found: FailedRun[] }> {
    const entries: ListEntry[] = []
    while (this.#list.hasMore && entries.length < Math.min(BATCH, atMost)) {
      const entry = await this.#list.next()
      if (entry) entries.push(entry)
    }
    const headers = await this.#services.store.readMany(entries.map(({ runId }) => runId))
    // One that was redriven meanwhile failed at another time, or not at all.
    const runs = entries.flatMap(({ runId, time }) => {
      const run = headers.get(runId)
      const isWanted = this.#blueprintId === undefined || run?.blueprintId === this.#blueprintId
      return run && failedAtOf(run) === time && isWanted ? [run] : []
    })
    const withKinds = async (run: RunState) => ({ run, kinds: await kindsOf(this.#services, run) })
    const found = await pMap(runs, withKinds, { concurrency: CONCURRENCY })
    return { looked: entries.length, found }
  }
}

/** What a run failed with, at one node. */
export interface FailureKind {
  readonly nodeId?: string
  readonly error: string
  readonly message: string
}

async function kindsOf(services: FailedServices, run: RunState): Promise<FailureKind[]> {
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

function wordsOf({ nodeId, message, originalError }: ErrorRecord): FailureKind {
  // The engine wraps what a node threw: what is in it says more.
  let inner: ErrorCause = originalError
  while (inner.name === 'FlowcraftError' && inner.cause) inner = inner.cause
  return {
    // Items of a batch fail alike, whichever they are.
    nodeId: withoutItem(nodeId),
    error: inner.name,
    message: withoutNumbers(inner === originalError ? message : inner.message),
  }
}

/** Reasons of this package begin with their code where they have one. */
function reasonOf(reason: string): FailureKind {
  const [, code, rest] = /^([A-Z][A-Z_]+): ([\s\S]*)$/.exec(reason) ?? []
  return { error: code ?? 'Error', message: withoutNumbers(rest ?? reason) }
}

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi

export function withoutNumbers(message: string): string {
  return beginningOf(message.replaceAll(UUID, '#').replaceAll(/\d+/g, '#'), MESSAGE_CHARACTERS)
}

/**
 * The memory store under watch: each activation commits once, and a finished run does not change. It can also be
 * told to forget some of what a commit demands, to show that the simulation notices.
 */
import type { Change, Requirement } from '../../lib/adapter/change.ts'
import type { RunGraph } from '../../lib/adapter/graph.ts'
import { isDone, isOver, parseActivationKey, type RunState } from '../../lib/adapter/run-state.ts'
import { MemoryRunStore } from '../../lib/adapter/store/memory-run-store.ts'
import { RUN_ID } from './names.ts'
import type { Arrivals, CommitResult, PageEntries } from '../../lib/adapter/store/run-store.ts'

export interface StoreMutation {
  /** Requirements of these kinds are not checked. */
  readonly drop?: readonly Requirement['kind'][]
  /** The end of a run leaves nothing to be told. */
  readonly noOutbox?: boolean
  /** Arrivals at a shard are counted, not kept as a set. */
  readonly countArrivals?: boolean
  /** Only whoever fills a shard sees it full. */
  readonly fillerOnly?: boolean
}

export class ObservedStore extends MemoryRunStore {
  readonly violations: string[] = []
  /** How often activations of each node committed. */
  readonly commits = new Map<number, number>()
  /** Writes of pages: whether the header spilled at all. */
  pages = 0
  refusals = 0
  readonly #ended = new Set<string>()
  readonly #scheduled = new Set<string>()
  readonly #graph: RunGraph
  #calls = 0
  readonly #mutation: StoreMutation
  #over: RunState | undefined

  constructor(graph: RunGraph, mutation: StoreMutation = {}) {
    super()
    this.#graph = graph
    this.#mutation = mutation
  }

  /** When the sweep must look at some run next. */
  async nextDue(): Promise<number | undefined> {
    const due = await Promise.all((await this.due(Infinity)).map((runId) => this.read(runId)))
    const times = due.flatMap((run) => run?.dueAt ?? [])
    return times.length > 0 ? Math.min(...times) : undefined
  }

  override async commit(runId: string, change: Change): Promise<CommitResult> {
    const { drop = [] } = this.#mutation
    const before = await this.read(runId)
    const require = change.require.filter(({ kind }) => !drop.includes(kind))
    const { noOutbox } = this.#mutation
    const final = change.final && noOutbox ? { ...change.final, outbox: undefined } : change.final
    const result = await super.commit(runId, { ...change, final, require })
    if (before && result.committed) this.#observe(before, result.run, change)
    else this.refusals++
    return result
  }

  override async arrive(
    runId: string,
    partition: string,
    member: number,
    failed: boolean,
  ): Promise<Arrivals> {
    const { countArrivals, fillerOnly } = this.#mutation
    if (countArrivals) return super.arrive(runId, partition, ++this.#calls, failed)
    const before = (await this.arrivals(runId, partition)).arrived.has(member)
    const arrivals = await super.arrive(runId, partition, member, failed)
    return fillerOnly && before ? { ...arrivals, arrived: new Set() } : arrivals
  }

  override async begin(...args: Parameters<MemoryRunStore['begin']>): Promise<CommitResult> {
    const result = await super.begin(...args)
    if (result.committed) this.#check(result.run)
    return result
  }

  override async told(runId: string): Promise<void> {
    await super.told(runId)
    const run = await this.read(runId)
    if (run) this.#check(run)
  }

  override async writePage(runId: string, page: string, entries: PageEntries, seq: number): Promise<boolean> {
    this.pages++
    return super.writePage(runId, page, entries, seq)
  }

  #observe(before: RunState, run: RunState, change: Change): void {
    this.#checkSums(before, change)
    if (change.park) return
    const { node } = parseActivationKey(change.end)
    const ended = `${run.runId} ${change.end}`
    if (run.runId === RUN_ID) this.commits.set(node, (this.commits.get(node) ?? 0) + 1)
    if (this.#ended.has(ended)) this.violations.push(`G1: ${ended} committed twice`)
    this.#ended.add(ended)
    for (const key of [...change.schedule.keys()].map((one) => `${run.runId} ${one}`)) {
      if (this.#scheduled.has(key)) this.violations.push(`G3: ${key} was scheduled twice`)
      this.#scheduled.add(key)
    }
    if (run.runId === RUN_ID) this.#checkArrivals(run)
    if (isOver(run) && run.active.size > 0) this.violations.push('G4: the run ended with work left')
    this.#check(run)
  }

  /** DynamoDB adds and subtracts where the memory store sets and clears: it must come to the same. */
  #checkSums(before: RunState, change: Change): void {
    const twice = change.completed.filter((node) => isDone(before.done, node))
    const never = change.reset.filter((node) => !isDone(before.done, node))
    if (twice.length > 0) this.violations.push(`sums: ${twice} completed while done`)
    if (never.length > 0) this.violations.push(`sums: ${never} reset while not done`)
    for (const [join, count] of change.arrive) {
      const after = (before.arrivals.get(join) ?? 0) + count
      if (after < 0) this.violations.push(`sums: ${after} arrivals at ${join}`)
    }
  }

  /** The count of an open join is that of its completed predecessors. */
  #checkArrivals(run: RunState): void {
    const active = new Set([...run.active.keys()].map((key) => parseActivationKey(key).node))
    for (let join = 0; join < this.#graph.size; join++) {
      if (!this.#graph.isCountedJoin(join) || active.has(join) || isDone(run.done, join)) continue
      const predecessors = this.#graph.predecessors[join] ?? []
      const completed = predecessors.filter((node) => isDone(run.done, node)).length
      const counted = run.arrivals.get(join)
      // It was scheduled and failed.
      if (counted === undefined && completed === predecessors.length) continue
      if ((counted ?? 0) === completed) continue
      this.violations.push(`sums: ${counted} arrivals at ${join}, ${completed} completed`)
    }
  }

  #check(run: RunState): void {
    if (run.runId !== RUN_ID) return
    if (this.#over) {
      const changed = Object.entries(this.#over).filter(
        ([name, value]) => name !== 'outbox' && run[name as keyof RunState] !== value,
      )
      if (changed.length > 0) this.violations.push(`G5: a finished run changed in ${changed.map(([n]) => n)}`)
    } else if (isOver(run)) this.#over = run
  }
}

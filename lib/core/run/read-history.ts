/**
 * Reads the history of a run: what workers noted, what was asked for from outside, and what the header and the errors of
 * the run say besides, of which no note was written.
 */
import type { Services } from '../execution/services.ts'
import { activationKey, isDone, isOver, parseActivationKey, type RunState } from '../protocol/run-state.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import { givenEvents } from './events.ts'
import { type NotedEnd, operationNotes } from './operations.ts'
import type { LostValue } from '../values/lost.ts'
import { NO_GRAPH, RunReader } from '../values/run-reader.ts'
import { expand } from '../values/compression.ts'
import { entriesOf, type HistoryEntry, idOf } from './history-entries.ts'
import { type Note, type NotePack, NOTES, unpack } from '../history/notes.ts'

export interface HistoryOptions {
  readonly services: Pick<Services, 'store' | 'values'>
  readonly run: RunState
  /** Undefined while no worker has begun the run, or where it is lost. */
  readonly graph: RunGraph | undefined
}

export async function readHistory({
  services,
  run,
  graph = NO_GRAPH,
}: HistoryOptions): Promise<HistoryEntry[]> {
  const { runId } = run
  const [notes, operations, events, failures] = await Promise.all([
    notesOf(services, runId),
    operationNotes(services, run),
    givenEvents(services, runId),
    failuresOf({ services, run, graph }),
  ])
  const noted = notes.flatMap((note) => entriesOf({ runId, graph, values: services.values }, note))
  const asked = operations.map(({ operation }): HistoryEntry => ({ type: 'operation', ...operation }))
  const resumed = events.map(({ activation, at, ...told }): HistoryEntry => {
    const { node, iteration } = parseActivationKey(activation)
    const what = { nodeId: idOf(graph, node), iteration, ...told }
    return { type: 'nodeResumed', ...what, ...(at === undefined ? {} : { at: new Date(at) }) }
  })
  const started: HistoryEntry = { type: 'runStarted', at: new Date(run.startsAt ?? run.startedAt) }
  const known = new Set(notes.flatMap((note) => (hasEnded(note) ? [activationKey(note.n, note.i)] : [])))
  const failed = failures.filter(({ key }) => !known.has(key)).map(({ entry }) => entry)
  const woven = [...asked, ...resumed].reduce(weave, [
    started,
    ...noted,
    ...failed,
    ...unnotedEnds(run, notes, operations),
  ])
  const ended = new Set([...known, ...failures.map(({ key }) => key)])
  return inOrder([...woven, ...unnotedCompletions({ run, graph }, ended)])
}

function hasEnded(note: Note): note is Extract<Note, { readonly n: number }> {
  return note.k === 'c' || note.k === 'f' || note.k === 'b'
}

async function notesOf({ store, values }: HistoryOptions['services'], runId: string): Promise<Note[]> {
  const stored = await store.listValues(runId, NOTES)
  const texts = [...stored.keys()].filter(isPack).map((key) => {
    const value = stored.get(key)
    return value && values.isReference(value) ? values.readNamed(runId, key) : expand(value ?? {})
  })
  const notes = (await Promise.all(texts)).flatMap((text) => unpack(JSON.parse(text) as NotePack))
  // Commits count up; two of one millisecond, or of two clocks, are in the order in which they were made.
  return oncePerItem(notes).toSorted((a, b) => seqOf(a) - seqOf(b))
}

/** Parts of a large pack have its key and their number. */
function isPack(key: string): boolean {
  return !key.includes('#')
}

function seqOf(note: Note): number {
  return 'q' in note ? note.q : 0
}

/** An item that two workers ran has ended once. */
function oncePerItem(notes: readonly Note[]): Note[] {
  const seen = new Set<string>()
  return notes.filter((note) => {
    if (note.k !== 'i') return true
    const id = `${note.n}.${note.i}.${note.a}`
    return !seen.has(id) && seen.add(id)
  })
}

/** The errors of the run's nodes, which say when they failed. */
async function failuresOf({ services, run, graph = NO_GRAPH }: HistoryOptions) {
  const lost: LostValue[] = []
  const errors = await new RunReader({ graph, run, ...services }).errorsByActivation(lost)
  return [...errors].map(
    ([
      key,
      {
        timestamp,
        originalError: { name, message },
      },
    ]) => {
      const { node, iteration } = parseActivationKey(key)
      const of = { at: new Date(timestamp), nodeId: idOf(graph, node), iteration }
      return { key, entry: { type: 'nodeFailed', ...of, error: { name, message } } satisfies HistoryEntry }
    },
  )
}

/** Nodes whose completion the header knows of, and nobody noted. */
function unnotedCompletions(
  { run, graph }: { readonly run: RunState; readonly graph: RunGraph },
  noted: ReadonlySet<string>,
): HistoryEntry[] {
  return graph.blueprint.nodes.flatMap(({ id }, node): HistoryEntry[] => {
    const last = run.iterations.get(node) ?? (isDone(run.done, node) ? 1 : 0)
    // A loop forgets that its nodes are done when it ends; those of a node that is under way end later.
    const isOpen = run.active.has(activationKey(node, last)) || !graph.repeatable.has(node)
    const rounds = isDone(run.done, node) || !isOpen ? last : last - 1
    return Array.from({ length: Math.max(0, rounds) }, (_, index) => index + 1)
      .filter((iteration) => !noted.has(activationKey(node, iteration)))
      .map((iteration) => ({ type: 'nodeCompleted', nodeId: id, iteration }))
  })
}

/** Ends that no worker's commit made, such as a cancellation: the header has the last one, the others who took the run up again. */
function unnotedEnds(
  run: RunState,
  notes: readonly Note[],
  operations: readonly { readonly ended?: NotedEnd }[],
): HistoryEntry[] {
  const { endedAt, status } = run
  const last = isOver(run) && endedAt !== undefined ? [{ status, at: new Date(endedAt) }] : []
  const all = [...operations.flatMap(({ ended }) => ended ?? []), ...last]
  // Two may have asked for one redrive.
  const known = new Set(notes.flatMap((note) => (note.k === 'e' ? [`${note.st} ${note.s}`] : [])))
  return all.flatMap(({ status: as, at }): HistoryEntry[] => {
    const id = `${as} ${at.getTime()}`
    if (known.has(id)) return []
    known.add(id)
    return [{ type: 'runEnded', at, status: as }]
  })
}

/**
 * Puts what was asked for from outside where it belongs among entries of the same time: an event before the node goes on with
 * it, a redrive after the end that it is for, a fork at the begin.
 */
function weave(entries: readonly HistoryEntry[], asked: HistoryEntry): HistoryEntry[] {
  const at = entries.findIndex((entry, index) => {
    if (timeOf(entry) !== timeOf(asked)) return false
    if (asked.type !== 'nodeResumed') {
      if (asked.type === 'operation' && asked.kind === 'fork') return index === 0
      const next = entries[index + 1]
      return entry.type === 'runEnded' && next !== undefined && next.type !== 'operation'
    }
    return entry.type === 'nodeWoke' && entry.nodeId === asked.nodeId && entry.iteration === asked.iteration
  })
  if (at < 0) return [...entries, asked]
  return entries.toSpliced(asked.type === 'nodeResumed' ? at : at + 1, 0, asked)
}

/** What has no time comes before the last end. Entries of one time stay as they are. */
function inOrder(entries: readonly HistoryEntry[]): HistoryEntry[] {
  const timed = entries.filter(({ at }) => at !== undefined)
  const sorted = timed.toSorted((a, b) => timeOf(a) - timeOf(b))
  const untimed = entries.filter(({ at }) => at === undefined)
  const last = sorted.at(-1)
  return last?.type === 'runEnded' ? [...sorted.slice(0, -1), ...untimed, last] : [...sorted, ...untimed]
}

function timeOf({ at }: HistoryEntry): number {
  return at?.getTime() ?? 0
}

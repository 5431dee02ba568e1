/**
 * The header item: a run's state packed into few bytes, since DynamoDB charges each commit for the whole item in
 * steps of 1 KB. Pure: words to attributes and back.
 *
 *   b blueprint id   g graph fingerprint   s status   q seq   A active (`a` in the long form: `header-format.ts`)   d0 d1 ... completed, 120 nodes a word
 *   j<n> arrivals at join n   m<n> who has arrived at the join of some n   f fired   p pending   i iterations   e errors   fb fallback   fb<n> first iteration of node n that used its own   r inline values   o outbox
 *   cc children to cancel   pa the parent of a child run   tr the trace   h hash of the input   tg labels   k shard in the index of runs   y u shard and time in the index of due runs; of a failed run, among the failed ones   sp packs of inline values that were moved out; in the long form, that there are pages   bu keys were set in a bundle   l<activation> why its message is a dead letter   t started   sa starts at   z ended   x reason of a failure of the run itself
 *   ca what was active at the end   rd redrives   ro the note of the last redrive, until it is published   rs steered   pz paused since   pf in place of its end as failed   pb held by this pause of its blueprint   fk the run that it was forked from
 *   $... what it used (`run-counts.ts`)   ct what of that was told to the parent   mx what it may cost
 *
 * The maps are there from the begin on, empty ones too: a nested path can only be written under a map.
 */
import type { RunLabels } from '../common/labels.ts'
import { countsIn, sizeOfCounts } from '../common/run-counts.ts'
import { DYNAMODB_ITEM_BYTES } from '../common/size-limits.ts'
import { WORD_BITS, wordsOf } from '../protocol/change.ts'
import type { Redriven } from '../protocol/redrive.ts'
import {
  type ActivationKey,
  type ActiveEntry,
  type Outbox,
  type Parent,
  type RedriveNote,
  type RunState,
  type RunStatus,
  START,
} from '../protocol/run-state.ts'
import {
  formatMarked,
  formatOf,
  type HeaderFormat,
  markOf,
  packActive,
  packTexts,
  unpackActive,
  unpackTexts,
} from './header-format.ts'
import type { NewRun } from './run-store.ts'
import { keys } from './schema.ts'

/** An item as the document client gives it; numbers beyond 2^53 come as bigint. */
export type Item = Record<string, unknown>

export function packFirst(first: Pick<RunState, 'active' | 'fired' | 'iterations' | 'format'>): Item {
  const format = formatOf(first)
  return {
    [format.active]: packActive(format, first.active),
    f: Object.fromEntries([...first.fired].map((node) => [node, 1])),
    p: {},
    i: Object.fromEntries(first.iterations),
  }
}

export function packHeader(run: NewRun): Item {
  return {
    ...keys.run(run.runId),
    b: run.blueprintId,
    s: 'running',
    q: 0,
    t: run.startedAt,
    sa: run.startsAt,
    r: packTexts(formatOf(run), run.inlineValues),
    pa: run.parent && { ...run.parent },
    h: run.inputHash,
    tg: run.labels && { ...run.labels },
    tr: run.trace,
    fk: run.forkedFrom,
    rs: run.steered,
    ...run.cost,
    mx: run.budget && packBudget(run.budget),
    ...markOf(run),
    ...(run.graph === undefined ? { [formatOf(run).active]: {} } : { g: run.graph, ...packState(run) }),
  }
}

/** What a run has that goes on from what it came to before, or another run did. */
export function packState({
  done = 0n,
  arrivals = new Map(),
  arrived = new Map(),
  pending = new Set(),
  errors = 0,
  fallback = false,
  fallbacks = new Map(),
  ...first
}: Pick<NewRun, keyof Redriven | 'format'>): Item {
  return {
    ...packFirst(first),
    p: packPending(pending),
    e: errors > 0 ? errors : undefined,
    fb: fallback || undefined,
    ...numbered('fb', fallbacks),
    ...numbered('j', arrivals),
    ...numbered('m', arrived),
    ...Object.fromEntries(wordsOf(done).map((bits, word) => [`d${word}`, bits])),
  }
}

function numbered(name: string, counts: ReadonlyMap<number, unknown>): Item {
  return Object.fromEntries([...counts].map(([node, count]) => [`${name}${node}`, count]))
}

export function packPending(pending: ReadonlySet<number>): Item {
  return Object.fromEntries([...pending].map((node) => [node, 1]))
}

export function unpackHeader(runId: string, item: Item): RunState {
  let done = 0n
  const arrivals = new Map<number, number>()
  const arrived = new Map<number, ReadonlySet<number>>()
  const fallbacks = new Map<number, number>()
  const deadLetters = new Map<ActivationKey | typeof START, string>()
  for (const [name, value] of Object.entries(item)) {
    const letter = /^l(\d+\.\d+)?$/.exec(name)
    if (letter) deadLetters.set((letter[1] as ActivationKey | undefined) ?? START, value as string)
    const match = /^(d|j|m|fb)(\d+)$/.exec(name)
    if (!match) continue
    if (match[1] === 'm') arrived.set(Number(match[2]), numbersIn(value))
    else if (match[1] === 'd')
      done |= BigInt(value as number | bigint) << BigInt(Number(match[2]) * WORD_BITS)
    else (match[1] === 'j' ? arrivals : fallbacks).set(Number(match[2]), Number(value))
  }
  const cost = countsIn(item)
  const version = formatMarked(item['a'])
  const format = formatOf(version)
  const numbers = (name: string) => Object.keys((item[name] as Item | undefined) ?? {}).map(Number)
  return {
    runId,
    blueprintId: item['b'] as string,
    graph: item['g'] as string | undefined,
    status: item['s'] as RunStatus,
    seq: Number(item['q']),
    ...version,
    active: unpackActive(format, item[format.active]),
    done,
    arrivals,
    ...(arrived.size > 0 ? { arrived } : {}),
    fired: new Set(numbers('f')),
    pending: new Set(numbers('p')),
    iterations: new Map(
      Object.entries((item['i'] as Record<string, number> | undefined) ?? {}).map(([node, n]) => [
        Number(node),
        n,
      ]),
    ),
    errors: Number(item['e'] ?? 0),
    fallback: item['fb'] === true,
    ...(fallbacks.size > 0 ? { fallbacks } : {}),
    inlineValues: unpackTexts(format, item['r'] as Record<string, string>),
    offloaded: item['sp'] !== undefined,
    ...(typeof item['sp'] === 'number' ? { packs: item['sp'] } : {}),
    // Of a run that is over it is its place in another list.
    dueAt: item['u'] === undefined || item['s'] !== 'running' || item['pf'] ? undefined : Number(item['u']),
    cancelledChildren: item['cc'] as string[] | undefined,
    outbox: item['o'] as Outbox | undefined,
    parent: item['pa'] as Parent | undefined,
    inputHash: item['h'] as string | undefined,
    ...(item['fk'] === undefined ? {} : { forkedFrom: item['fk'] as string }),
    ...(item['tg'] === undefined ? {} : { labels: { ...(item['tg'] as RunLabels) } }),
    ...(cost ? { cost } : {}),
    ...(item['mx'] === undefined ? {} : { budget: unpackBudget(item['mx'] as string) }),
    ...(item['ct'] === undefined ? {} : { costTold: countsIn(item['ct'] as Item) ?? {} }),
    trace: item['tr'] as string | undefined,
    startedAt: Number(item['t']),
    ...(item['sa'] === undefined ? {} : { startsAt: Number(item['sa']) }),
    endedAt: item['z'] === undefined ? undefined : Number(item['z']),
    reason: item['x'] as string | undefined,
    ...(item['ca'] === undefined ? {} : { activeAtEnd: unpackActive(format, item['ca']) }),
    ...(item['rd'] === undefined ? {} : { redrives: Number(item['rd']) }),
    ...(item['ro'] === undefined ? {} : { redriveNote: unpackNote(item['ro'] as Item) }),
    ...(item['rs'] === undefined ? {} : { steered: true as const }),
    ...(item['pz'] === undefined ? {} : { pausedAt: Number(item['pz']) }),
    ...(item['pf'] === undefined ? {} : { pausedByFailure: true as const }),
    ...(item['pb'] === undefined ? {} : { heldBy: item['pb'] as string }),
    ...(deadLetters.size > 0 ? { deadLetters } : {}),
  }
}

/** Of a set of numbers. */
function numbersIn(value: unknown): ReadonlySet<number> {
  return new Set([...(value as Iterable<number | bigint>)].map(Number))
}

export function packNote({ key, runId }: RedriveNote): Item {
  return { ...(key === undefined ? {} : { k: key }), ...(runId === undefined ? {} : { r: runId }) }
}

function unpackNote({ k: key, r: runId }: Item): RedriveNote {
  return {
    ...(key === undefined ? {} : { key: key as string }),
    ...(runId === undefined ? {} : { runId: runId as string }),
  }
}

/** The dollars, then `f` or `p` for what becomes of a run that costs more. */
export function packBudget({ maxUsd, onBudget }: NonNullable<RunState['budget']>): string {
  return `${maxUsd}${onBudget === undefined ? '' : onBudget.slice(0, 1)}`
}

function unpackBudget(text: string): NonNullable<RunState['budget']> {
  const onBudget = text.endsWith('p') ? 'pause' : text.endsWith('f') ? 'fail' : undefined
  return { maxUsd: Number.parseFloat(text), ...(onBudget ? { onBudget } : {}) }
}

export function inlineValuesWithout(
  run: RunState,
  names: Pick<ReadonlySet<string>, 'has'>,
): Map<string, string> {
  return new Map([...run.inlineValues].filter(([name]) => !names.has(name)))
}

/** Whether a run's header may say twice what is active: at its end, for whoever redrives it. */
export function keepsActive(run: RunState): boolean {
  return headerSize(run) <= DYNAMODB_ITEM_BYTES / 2
}

export function fitsItem(run: RunState): boolean {
  return headerSize(run) <= DYNAMODB_ITEM_BYTES
}

/**
 * Bytes of the header as DynamoDB counts them: names and values in UTF-8, numbers about half a byte a digit, one
 * byte for each element of a map and three for the map. An estimate from the state, never below by much.
 */
export function headerSize(run: RunState): number {
  const format = formatOf(run)
  let size = keys.run(run.runId).pk.length + 15 + run.blueprintId.length + 48
  size += sizeOfActive(format, run.active) + sizeOfTexts(format, run.inlineValues)
  // Of a number that binary digits can be counted of in no time: 4 of them are 1.2 decimal ones, two of which are a byte.
  size += Math.ceil(run.done.toString(16).length * 0.61) + 6
  size += 5 * (run.arrivals.size + run.fired.size + run.pending.size + run.iterations.size) + 12
  for (const [name, value] of Object.entries(run.labels ?? {}))
    size += name.length + Buffer.byteLength(value) + 1
  for (const members of run.arrived?.values() ?? []) size += 6 + 3 * members.size
  size += 7 * (run.fallbacks?.size ?? 0)
  if (run.forkedFrom !== undefined) size += run.forkedFrom.length + 'fk'.length
  if (run.redriveNote) size += (run.redriveNote.key?.length ?? 0) + (run.redriveNote.runId?.length ?? 0) + 10
  if (run.budget) size += packBudget(run.budget).length + 'mx'.length
  size += sizeOfCounts(run.cost) + sizeOfCounts(run.costTold)
  if (run.trace !== undefined) size += run.trace.length + 'tr'.length
  size += sizeOfActive(format, run.activeAtEnd ?? new Map())
  for (const [key, reason] of run.deadLetters ?? []) size += key.length + Buffer.byteLength(reason) + 1
  return size + (run.heldBy?.length ?? 0)
}

/** Of what is never changed: a state is asked for its size several times. */
const sizes = new WeakMap<object, number>()

/** Of entries of what is active. */
export function sizeOfActive(format: HeaderFormat, active: ReadonlyMap<ActivationKey, ActiveEntry>): number {
  return sizeOnce(active, () => {
    let size = 0
    for (const [key, entry] of active) size += format.packKey(key).length + format.packEntry(entry).length + 1
    return size
  })
}

/** Of inline values: names and texts. */
export function sizeOfTexts(format: HeaderFormat, texts: ReadonlyMap<string, string>): number {
  return sizeOnce(texts, () => {
    let size = 0
    for (const [name, text] of texts)
      size += Buffer.byteLength(format.packName(name)) + Buffer.byteLength(format.packText(name, text)) + 1
    return size
  })
}

function sizeOnce(of: object, measure: () => number): number {
  let size = sizes.get(of)
  if (size === undefined) sizes.set(of, (size = measure()))
  return size
}

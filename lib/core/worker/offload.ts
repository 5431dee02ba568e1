/**
 * Moves inline values out of a header that gets full, so that commits stay at one write unit however long a run
 * is. Whoever commits while the header is full moves them, if it is its turn: with several activations under way
 * one in so many does, or they would all pay for the same move and refuse each other. What is active is about to read its
 * inputs: those stay, or each of many branches would read what they share from elsewhere.
 *
 * Written elsewhere first (`move-out.ts`), then the commit that takes the inline values out.
 */
import { HEADER_AT_MOST_BYTES, HEADER_CROWDED_BYTES, HEADER_FULL_BYTES } from '../common/size-limits.ts'
import { names } from '../protocol/inline-value.ts'
import type { RunGraph } from '../protocol/run-graph.ts'
import { isDone, isOver, mayRunAgain, parseActivationKey, type RunState } from '../protocol/run-state.ts'
import type { CoreChange } from '../protocol/transition.ts'
import { headerSize, sizeOfTexts } from '../store/header.ts'
import { formatOf } from '../store/header-format.ts'
import type { Moved, RunStore } from '../store/run-store.ts'
import { movableIn, MOVED_AT_MOST, moveOut } from '../values/move-out.ts'

const MOVED_WHERE_CROWDED = 140
/** Outputs that nobody writes again, which a commit takes out without a condition on each. */
const SETTLED_AT_MOST = 120
const EVICTED_AT_ONCE = 500
/** Of hundreds that are queued so many are under way at a time; by more, small values would pile up in a wide run. */
const UNDER_WAY = 8

/** What leaves the header by a commit; `settled` are names whose text is the only one there will be. @default - none */
export interface Offloaded extends Moved {
  readonly settled?: ReadonlySet<string>
}

/** The inline values that may leave the header by the commit. */
export async function offload(
  store: Pick<RunStore, 'writePage' | 'writePack'>,
  graph: RunGraph,
  run: RunState,
  change: CoreChange,
  inlineValues: ReadonlyMap<string, string>,
): Promise<Offloaded> {
  const none: Offloaded = { texts: new Map() }
  // Nobody commits after the last: a header over 1 KB costs nothing any more.
  if (change.final) return none
  const size = headerSize(run) + sizeOfTexts(formatOf(run), inlineValues)
  if (size <= HEADER_FULL_BYTES || (size <= HEADER_CROWDED_BYTES && !isTurn(run, change))) return none
  const isCrowded = size > HEADER_CROWDED_BYTES
  const awaited = isCrowded ? new Set<string>() : readSoon(graph, run, change)
  const movable = movableIn(run.inlineValues).filter(
    ([name]) => !inlineValues.has(name) && !awaited.has(name),
  )
  const settled = movable.filter(([name]) => isSettled(graph, run, name)).slice(0, SETTLED_AT_MOST)
  const kept = new Set(settled.map(([name]) => name))
  const others = movable
    .filter(([name]) => !kept.has(name))
    .slice(0, isCrowded ? MOVED_WHERE_CROWDED : MOVED_AT_MOST)
  const moved = await moveOut(store, run, [...settled, ...others])
  return kept.size > 0 ? { ...moved, settled: kept } : moved
}

/**
 * Whether it is the output of a node that has completed and runs once: in this life of the run nobody writes another, and whoever
 * commits in a later one has seen that.
 */
function isSettled({ repeatable }: RunGraph, run: RunState, name: string): boolean {
  const node = run.format === 1 ? undefined : /^o(\d+)$/.exec(name)?.[1]
  return node !== undefined && isDone(run.done, Number(node)) && !mayRunAgain(repeatable, run, Number(node))
}

/**
 * What the activations that remain take their input from. Not of those that their strands carry on: whoever works on one has
 * seen its input in the commit that made it active.
 */
function readSoon(graph: RunGraph, run: RunState, change: CoreChange): ReadonlySet<string> {
  const queued = [...run.active].flatMap(([key, { inline }]) => (inline ? [] : [key]))
  const keys = new Set([...queued, ...change.schedule.keys()])
  if (!change.suspend) keys.delete(change.end)
  const nodes = new Set([...keys].map((key) => parseActivationKey(key).node))
  return new Set([...nodes].flatMap((node) => namesOfInput(graph, node)))
}

function namesOfInput(graph: RunGraph, node: number): string[] {
  const { inputs } = graph.node(node)
  const named = inputs === undefined ? [] : Object.values(typeof inputs === 'string' ? [inputs] : inputs)
  const ofKey = (key: string) => {
    const source = graph.find(key.replace(/^_outputs\./, ''))
    return source === undefined ? names.user(key) : names.output(source)
  }
  const { givers } = graph.inputs.of(node)
  const given = givers.flatMap((giver) => [
    names.output(giver.node),
    names.input(node, giver.node),
    names.kept(node, giver.node),
  ])
  return [names.source(node), ...given, ...named.map(ofKey)]
}

/**
 * The run with room in its header for what a commit will put there: nodes that set thousands of keys can together need
 * more than an item may have, and a commit moves only so many out. Each move is written on its own. Crash between
 * the two: both places say the same; and a move changes nothing that anybody reads.
 */
export async function offloadUntilItFits(
  store: Pick<RunStore, 'writePage' | 'writePack' | 'evict'>,
  seen: RunState,
  inlineValues: ReadonlyMap<string, string>,
): Promise<RunState> {
  let run = seen
  const needed = sizeOfTexts(formatOf(seen), inlineValues)
  while (run.inlineValues.size > 0 && headerSize(run) + needed > HEADER_AT_MOST_BYTES && !isOver(run)) {
    const moved = await moveOut(store, run, movableIn(run.inlineValues).slice(0, EVICTED_AT_ONCE))
    const result = await store.evict(run, moved)
    if (!result.run) return run
    run = result.run
    // Nothing that can be moved: the commit is refused then, and its message comes back.
    if (result.committed && moved.texts.size === 0) break
  }
  return run
}

/**
 * One in as many as commit at a time, or most of those that move would be refused; scattered, since nodes, rounds and commits
 * count up in step.
 */
function isTurn(run: RunState, change: CoreChange): boolean {
  const { node, iteration } = parseActivationKey(change.end)
  let [carried, queued] = [0, 0]
  for (const { inline, wait } of run.active.values()) {
    if (inline) carried++
    else if (wait === undefined) queued++
  }
  const committers = carried + Math.min(queued, UNDER_WAY)
  const scattered = Math.imul(node * 8191 + iteration, 0x9e3779b1) ^ Math.imul(run.seq + 1, 0x85ebca6b)
  return ((scattered ^ (scattered >>> 15)) >>> 0) % Math.max(1, committers) === 0
}

/**
 * A commit as one UpdateItem: `Change` to an update expression and a condition expression. Pure.
 * Each part of the condition gets a line of its own here; `holds` and `apply` in `change.ts` say what they mean.
 */
import { apply, arrivingNode, type Change, type Requirement, WORD_BITS } from '../protocol/change.ts'
import { type Counts, entriesOf, NO_COUNTS } from '../common/run-counts.ts'
import type { ActivationKey, RunState } from '../protocol/run-state.ts'
import { ExpressionBuilder, type UpdateExpression } from './expression.ts'
import { packFirst, packPending } from './header.ts'
import { formatOf, type HeaderFormat, packTexts } from './header-format.ts'
import { expiry, type Retention, retentionOf } from './retention.ts'
import { dueShardsOf } from './schema.ts'

/** What a store knows besides. */
interface Kept {
  readonly dueShards: readonly string[]
  /** Where the run stands once it has failed. @default - in no list: it is another's child */
  readonly failedShard?: string
  readonly retention: Retention
}

const DEFAULTS: Kept = { dueShards: dueShardsOf(''), retention: retentionOf() }

/** DynamoDB's limits are 4 KB for an expression and 300 operators in one; half of it is left for what is not counted. */
const LONGEST = 4_000
const PARTS = 150

/**
 * Conditions on what the decision rests on, and changes of what it changes. Where that is more than an expression
 * may hold, the header must be as it was seen, and its maps are written as a whole.
 */
export function commitExpression(change: Change, seen?: RunState, kept: Kept = DEFAULTS): UpdateExpression {
  const letter = seen?.deadLetters?.has(change.end) ?? false
  // What is taken out is a path each, and no operator.
  const parts =
    change.schedule.size + change.inlineValues.size + change.offloaded.length / 3 + change.require.length
  // A mover with an older view may have brought back an inline value that a bundle is to replace.
  const isWhole = parts > PARTS || change.bundled !== undefined
  const next = seen && (isWhole ? apply(seen, change) : undefined)
  if (seen && next) return wholeExpression(change, seen, next, kept)
  const expression = partsExpression(change, formatOf(seen ?? {}), letter, kept)
  const { UpdateExpression: update, ConditionExpression: condition = '' } = expression
  if (!seen || Math.max(update.length, condition.length) <= LONGEST) return expression
  const after = apply(seen, change)
  return after ? wholeExpression(change, seen, after, kept) : expression
}

function partsExpression(
  change: Change,
  format: HeaderFormat,
  letter: boolean,
  kept: Kept,
): UpdateExpression {
  const e = new ExpressionBuilder()
  const entry = (key: ActivationKey) => e.path(format.active, format.packKey(key))
  if (letter) e.remove(e.path(`l${change.end}`))
  e.when(`${e.path('s')} = ${e.value('running')}`)
  e.when(`${entry(change.end)} = ${e.value(format.packEntry(change.seen))}`)
  const givenUp = change.final?.givenUp !== undefined
  if (givenUp) keepActive(e, format).set(e.path(format.active), {})
  else if (change.suspend) e.set(entry(change.end), format.packEntry(change.suspend))
  else e.remove(entry(change.end))
  for (const [key, scheduled] of change.schedule) {
    e.when(`attribute_not_exists(${entry(key)})`)
    if (!givenUp) e.set(entry(key), format.packEntry(scheduled))
  }
  for (const node of change.fire) e.set(e.path('f', `${node}`), 1)
  for (const node of change.unfire) e.remove(e.path('f', `${node}`))
  for (const node of change.pend) e.set(e.path('p', `${node}`), 1)
  for (const node of change.unpend) e.remove(e.path('p', `${node}`))
  for (const [node, iteration] of change.iterations) e.set(e.path('i', `${node}`), iteration)
  const inlineValue = (name: string) => e.path('r', format.packName(name))
  for (const [name, text] of change.inlineValues) e.set(inlineValue(name), format.packText(name, text))
  for (const name of change.offloaded) if (!change.inlineValues.has(name)) e.remove(inlineValue(name))
  addRest(e, change, kept)
  for (const requirement of change.require) e.when(requirementCondition(e, format, requirement))
  return e.build()
}

function wholeExpression(change: Change, seen: RunState, next: RunState, kept: Kept): UpdateExpression {
  const e = new ExpressionBuilder()
  e.when(`${e.path('s')} = ${e.value('running')}`).when(`${e.path('q')} = ${e.value(seen.seq)}`)
  const format = formatOf(seen)
  // The sweep moves its time without a commit, and whoever makes room moves values out.
  for (const requirement of change.require) {
    if (['dueBy', 'dueNotBefore', 'packs'].includes(requirement.kind)) {
      e.when(requirementCondition(e, format, requirement))
    }
  }
  const maps = { ...packFirst(next), p: packPending(next.pending), r: packTexts(format, next.inlineValues) }
  if (change.final?.givenUp) keepActive(e, format)
  for (const [name, map] of Object.entries(maps)) e.set(e.path(name), map)
  if (seen.deadLetters?.has(change.end)) e.remove(e.path(`l${change.end}`))
  addRest(e, change, kept)
  return e.build()
}

/** As it was before the update: also the activation that ends by it, which whoever redrives the run takes up again. */
function keepActive(e: ExpressionBuilder, { active }: HeaderFormat): ExpressionBuilder {
  return e.copy(e.path('ca'), e.path(active))
}

/** What is not in one of the header's maps. */
function addRest(e: ExpressionBuilder, change: Change, kept: Kept): void {
  e.add(e.path('q'), 1)
  addCompleted(e, change)
  for (const [node, count] of change.arrive) e.add(e.path(`j${node}`), count)
  for (const [node, count] of change.arrivals) e.set(e.path(`j${node}`), count)
  for (const node of change.close) e.remove(e.path(`j${node}`))
  addArrived(e, change)
  if (change.offloaded.length > 0) e.set(e.path('sp'), change.pack ?? true)
  if (change.bundled) e.set(e.path('bu'), true)
  if (change.errors > 0) e.add(e.path('e'), change.errors)
  addCounts(e, change.cost)
  if (change.fallback) e.set(e.path('fb'), true)
  for (const [node, iteration] of change.fallbacks ?? []) e.set(e.path(`fb${node}`), iteration)
  if (change.dueAt !== undefined && !change.final) setDue(e, change.dueAt, kept.dueShards)
  if (change.final) addFinal(e, change.final, kept)
}

/** To a set of numbers, which need not be there. */
function addArrived(e: ExpressionBuilder, change: Change): void {
  const { arriveAt = [], empty = [] } = change
  const member = new Set([arrivingNode(change)])
  for (const join of arriveAt) e.add(e.path(`m${join}`), member)
  for (const join of empty) e.remove(e.path(`m${join}`))
}

/** One addition each: the attribute need not be there. */
export function addCounts(e: ExpressionBuilder, counts: Counts = NO_COUNTS): void {
  for (const [name, count] of entriesOf(counts)) e.add(e.path(name), count)
}

/** The end of a run: its status for ever, its outbox entry, and the time after which it may be forgotten. */
function addFinal(
  e: ExpressionBuilder,
  final: NonNullable<Change['final']>,
  { retention: { runDays }, failedShard }: Kept,
): void {
  if (final.status === 'running') {
    // It stands among the failed ones all the same.
    setPlaceOfEnded(e, final.endedAt, failedShard)
    e.set(e.path('pz'), final.endedAt).set(e.path('pf'), true).remove(e.path('rs'))
    return
  }
  e.set(e.path('s'), final.status).set(e.path('z'), final.endedAt)
  if (final.outbox) e.set(e.path('o'), final.outbox)
  if (final.givenUp) e.set(e.path('x'), final.givenUp.reason)
  if (final.givenUp && final.givenUp.children.length > 0) e.set(e.path('cc'), final.givenUp.children)
  e.set(e.path('expiresAt'), expiry(final.endedAt, runDays))
  setPlaceOfEnded(e, final.endedAt, final.status === 'failed' ? failedShard : undefined)
  e.remove(e.path('rs'))
}

/** The sweep need not look at a run that is over. One that failed stands in the same index by its end, for people to find. */
export function setPlaceOfEnded(
  e: ExpressionBuilder,
  endedAt: number,
  failedShard: string | undefined,
): void {
  if (failedShard === undefined) e.remove(e.path('y')).remove(e.path('u'))
  else e.set(e.path('y'), failedShard).set(e.path('u'), endedAt)
}

/** Puts the run into the index of due runs. A random shard each time: one hot key would throttle the table. */
export function setDue(e: ExpressionBuilder, at: number, dueShards: readonly string[]): void {
  e.set(e.path('u'), at).set(e.path('y'), dueShards[Math.floor(Math.random() * dueShards.length)])
}

/** Bits set and taken back in one word are one addition, exact since a commit applies once. */
function addCompleted(e: ExpressionBuilder, change: Change): void {
  const deltas = new Map<number, bigint>()
  const bit = (node: number, sign: bigint) => {
    const word = Math.floor(node / WORD_BITS)
    deltas.set(word, (deltas.get(word) ?? 0n) + sign * (1n << BigInt(node % WORD_BITS)))
  }
  for (const node of change.completed) bit(node, 1n)
  for (const node of change.reset) bit(node, -1n)
  for (const [word, delta] of deltas) e.add(e.path(`d${word}`), delta)
}

function requirementCondition(e: ExpressionBuilder, format: HeaderFormat, requirement: Requirement): string {
  const entry = (key: ActivationKey) => e.path(format.active, format.packKey(key))
  switch (requirement.kind) {
    case 'active':
      return `attribute_exists(${entry(requirement.key)})`
    case 'arrivalsBelow': {
      const path = e.path(`j${requirement.node}`)
      return `(attribute_not_exists(${path}) OR ${path} < ${e.value(requirement.below)})`
    }
    case 'arrivedBelow': {
      const path = e.path(`m${requirement.node}`)
      return `(attribute_not_exists(${path}) OR size(${path}) < ${e.value(requirement.below)})`
    }
    case 'notFired':
      return `attribute_not_exists(${e.path('f', `${requirement.node}`)})`
    case 'iteration': {
      const path = e.path('i', `${requirement.node}`)
      return requirement.is === 0 ? `attribute_not_exists(${path})` : `${path} = ${e.value(requirement.is)}`
    }
    case 'notLast':
      return `size(${e.path(format.active)}) > ${e.value(1)}`
    case 'last':
      return `size(${e.path(format.active)}) = ${e.value(1)}`
    case 'notPending':
      return `attribute_not_exists(${e.path('p', `${requirement.node}`)})`
    case 'activeOrNotPending': {
      const pending = e.path('p', `${requirement.node}`)
      return `(attribute_exists(${entry(requirement.key)}) OR attribute_not_exists(${pending}))`
    }
    case 'inlineValueAsSeen': {
      const path = e.path('r', format.packName(requirement.name))
      return `(attribute_not_exists(${path}) OR ${path} = ${e.value(format.packText(requirement.name, requirement.text))})`
    }
    case 'notMoved':
      return `(attribute_not_exists(${e.path('sp')}) AND attribute_not_exists(${e.path('bu')}))`
    case 'inlineValueIs': {
      const path = e.path('r', format.packName(requirement.name))
      if (requirement.text === undefined) return `attribute_not_exists(${path})`
      return `${path} = ${e.value(format.packText(requirement.name, requirement.text))}`
    }
    case 'packs':
      return packsCondition(e, requirement.is)
    case 'dueNotBefore': {
      const path = e.path('u')
      return `(attribute_not_exists(${path}) OR ${path} >= ${e.value(requirement.at)})`
    }
    case 'dueBy':
      return `${e.path('u')} <= ${e.value(requirement.at)}`
    case 'unchanged':
      return `${e.path('q')} = ${e.value(requirement.seq)}`
    case 'doneWord': {
      const path = e.path(`d${requirement.word}`)
      const equal = `${path} = ${e.value(requirement.is)}`
      // A word that was emptied stands there as 0.
      return requirement.is === 0n ? `(attribute_not_exists(${path}) OR ${equal})` : equal
    }
    default: {
      const never: never = requirement
      return never
    }
  }
}

/** So many packs were moved out. */
export function packsCondition(e: ExpressionBuilder, is: number): string {
  const path = e.path('sp')
  return is === 0 ? `attribute_not_exists(${path})` : `${path} = ${e.value(is)}`
}

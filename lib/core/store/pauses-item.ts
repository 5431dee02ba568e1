/**
 * The item that says what is paused in a service: `p#<blueprint>` for each blueprint that is, `u#<epoch>` for each pause that
 * is over and whose runs are being let go. Pure: words to attributes and back, and the updates of it.
 */
import { ExpressionBuilder, type UpdateExpression } from './expression.ts'
import type { Item } from './header.ts'
import type { BlueprintPause, HeldPlace, Pauses, Release } from './pause-store.ts'

const PAUSED = 'p#'
const RELEASE = 'u#'

export function unpackPauses(item: Item = {}): Pauses {
  const paused = new Map<string, BlueprintPause>()
  const releases = new Map<string, Release>()
  for (const [name, value] of Object.entries(item)) {
    const map = value as Item
    if (name.startsWith(PAUSED)) paused.set(name.slice(PAUSED.length), unpackPause(map))
    if (name.startsWith(RELEASE)) {
      const place = unpackPlace(map['c'] as string)
      releases.set(name.slice(RELEASE.length), { blueprintId: map['b'] as string, ...place })
    }
  }
  return { paused, releases }
}

function unpackPause(map: Item): BlueprintPause {
  return {
    epoch: map['e'] as string,
    at: Number(map['t']),
    ...(map['w'] === undefined ? {} : { by: map['w'] as string }),
    ...(map['y'] === undefined ? {} : { reason: map['y'] as string }),
  }
}

function packPlace({ shard, after }: HeldPlace): string {
  return after === undefined ? `${shard}` : `${shard} ${after}`
}

function unpackPlace(text: string): HeldPlace {
  const blank = text.indexOf(' ')
  if (blank < 0) return { shard: Number(text) }
  return { shard: Number(text.slice(0, blank)), after: text.slice(blank + 1) }
}

export function pauseUpdate(
  blueprintId: string,
  { epoch, at, by, reason }: BlueprintPause,
): UpdateExpression {
  const e = new ExpressionBuilder()
  const path = e.path(`${PAUSED}${blueprintId}`)
  return e.when(`attribute_not_exists(${path})`).set(path, { e: epoch, t: at, w: by, y: reason }).build()
}

export function unpauseUpdate(blueprintId: string, epoch: string): UpdateExpression {
  const e = new ExpressionBuilder()
  const name = `${PAUSED}${blueprintId}`
  e.when(`${e.path(name, 'e')} = ${e.value(epoch)}`).remove(e.path(name))
  return e.set(e.path(`${RELEASE}${epoch}`), { b: blueprintId, c: packPlace({ shard: 0 }) }).build()
}

export function moveUpdate(epoch: string, from: HeldPlace, to: HeldPlace | undefined): UpdateExpression {
  const e = new ExpressionBuilder()
  const name = `${RELEASE}${epoch}`
  e.when(`${e.path(name, 'c')} = ${e.value(packPlace(from))}`)
  return (to ? e.set(e.path(name, 'c'), packPlace(to)) : e.remove(e.path(name))).build()
}

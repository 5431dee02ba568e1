/**
 * Events that nodes of a run wait for, once for each of their iterations. The first to give a node its event wins; it
 * may be given before the node waits. An event is given to a node, or by a name to every node whose `eventName` it is.
 */
import { createHash, randomUUID } from 'node:crypto'
import { contentHash } from '../common/content-hash.ts'
import { EMBEDDED_VALUE_BYTES } from '../common/size-limits.ts'
import type { Services } from '../execution/services.ts'
import type { ActivationKey } from '../protocol/run-state.ts'
import { compress, expand } from '../values/compression.ts'

type EventServices = Pick<Services, 'store' | 'values'>
type GiveServices = Pick<Services, 'store' | 'values' | 'now'>

export interface RunEvent {
  /** Who gives it, and why: shown by the history of the run. @default - nobody is named, none is given */
  readonly by?: string
  readonly reason?: string
  /** Chooses the edges to take, as a node's own action does. */
  readonly action?: string
  /** Becomes the output of the node that waits. */
  readonly output?: unknown
  /**
   * Names the call, so that it can be made again when its answer was lost: a repeated call without one may give its
   * event to the next round of a loop, or, where it names no node, to the next that waits. @default - each call is its own
   */
  readonly idempotencyKey?: string
}

interface StoredEvent {
  /** Names the call that gave it. */
  readonly id: string
  /** When it was given, in milliseconds since the epoch; older versions of this package did not say. */
  readonly t?: number
  /** Nobody gave it in time. */
  readonly timedOut?: true
  readonly action?: string
  readonly by?: string
  readonly reason?: string
  /** The output's text, or the key and reference of the value that holds it. */
  readonly text?: string
  readonly at?: readonly [key: string, reference: string]
}

/** What a node that waits goes on with. */
export interface GivenEvent extends Pick<RunEvent, 'action' | 'output'> {
  /** Nobody gave it in time. */
  readonly timedOut?: true
}

export async function readEvent(
  services: EventServices,
  runId: string,
  key: ActivationKey,
): Promise<GivenEvent | undefined> {
  const stored = await readStored(services, runId, eventKey(key))
  if (!stored) return undefined
  const { action, text, at, timedOut } = stored
  if (timedOut) return { timedOut }
  const encoded = text ?? (at && (await services.values.read(runId, ...at)))
  return { action, ...(encoded === undefined ? {} : { output: services.values.decode(encoded) }) }
}

/** What the node goes on with whose time is over: the end of its time is an event like any other, and the first counts. */
export async function eventOrTimeout(
  services: EventServices,
  runId: string,
  key: ActivationKey,
): Promise<GivenEvent> {
  // Crash after the put: the message comes back and finds it. A put that comes late is refused, since the activation
  // went on with an event or with this.
  await services.store.putOnce(runId, eventKey(key), { text: JSON.stringify(TIMEOUT) })
  return (await readEvent(services, runId, key)) as GivenEvent
}

const TIMEOUT: StoredEvent = { id: '', timedOut: true }

async function readStored(
  { store }: EventServices,
  runId: string,
  key: string,
): Promise<StoredEvent | undefined> {
  const stored = await store.getValue(runId, key)
  return stored && (JSON.parse(await expand(stored)) as StoredEvent)
}

/** An event on its way: its output as text, and what tells it from another one. */
export interface EncodedEvent {
  readonly id: string
  readonly action?: string
  readonly by?: string
  readonly reason?: string
  readonly text?: string
  /** Of a call that has a name, and so may come again. */
  readonly content?: string
}

/** @throws FlowcraftAwsError VALUE_NOT_SERIALIZABLE */
export function encodeEvent(
  { values }: Pick<Services, 'values'>,
  nodeId: string,
  { action, output, idempotencyKey, by, reason }: RunEvent,
): EncodedEvent {
  const text =
    output === undefined ? undefined : values.encode(output, `the output given to node '${nodeId}'`)
  if (idempotencyKey === undefined) return { id: randomUUID(), action, by, reason, text }
  const texts: [string, string][] = [['action', JSON.stringify(action ?? null)]]
  if (text !== undefined) texts.push(['output', text])
  return { id: idempotencyKey, action, by, reason, text, content: contentHash(texts) }
}

/**
 * Gives an activation its event. False where it has another.
 * Crash after the put: the event stands, and the node finds it when it is suspended; one that is suspended already is sent its
 * job when the call is made again.
 */
export async function giveEvent(
  services: GiveServices,
  runId: string,
  activation: ActivationKey,
  event: EncodedEvent,
): Promise<boolean> {
  const stored = await storable(services, runId, activation, event)
  const value = await compress(JSON.stringify(stored))
  if (await services.store.putOnce(runId, eventKey(activation), value)) return true
  // Refused by itself, perhaps: the SDK repeats a request whose answer was lost.
  return wasGiven(services, runId, activation, event.id)
}

/** Whether the event that counts is that of this call. */
export async function wasGiven(
  services: EventServices,
  runId: string,
  activation: ActivationKey,
  id: string | undefined,
): Promise<boolean> {
  const there = await readStored(services, runId, eventKey(activation))
  return there !== undefined && !there.timedOut && there.id === id
}

/** Whether anything ended the wait of an activation, or will. */
export async function wasResumed(
  services: EventServices,
  runId: string,
  activation: ActivationKey,
): Promise<boolean> {
  return (await readStored(services, runId, eventKey(activation))) !== undefined
}

/** What the first call of a name was for. */
export interface Claim {
  readonly activation: ActivationKey
  /** Tells what it carried. */
  readonly content?: string
}

export async function claimOf(
  { store }: EventServices,
  runId: string,
  idempotencyKey: string | undefined,
): Promise<Claim | undefined> {
  if (idempotencyKey === undefined) return undefined
  const text = (await store.getValue(runId, claimKey(idempotencyKey)))?.text
  const [activation, content] = text?.split(' ') ?? []
  return activation === undefined ? undefined : { activation: activation as ActivationKey, content }
}

/** Names the call for an activation. Crash after the put: a repeated call gives the event there. */
export async function claim(
  services: EventServices,
  runId: string,
  idempotencyKey: string | undefined,
  claimed: Claim,
): Promise<Claim | undefined> {
  if (idempotencyKey === undefined) return claimed
  const text = `${claimed.activation} ${claimed.content}`
  if (await services.store.putOnce(runId, claimKey(idempotencyKey), { text })) return claimed
  return claimOf(services, runId, idempotencyKey)
}

async function storable(
  { values, now }: GiveServices,
  runId: string,
  activation: ActivationKey,
  { id, action, by, reason, text }: EncodedEvent,
): Promise<StoredEvent> {
  const given = { id, t: now(), action, by, reason }
  if (text === undefined || text.length <= EMBEDDED_VALUE_BYTES) return { ...given, text }
  // Named by its content, since several may give different ones and one wins.
  const valueKey = `${eventKey(activation)}#${hashOf(text)}`
  return { ...given, at: [valueKey, await values.write(runId, valueKey, text)] }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

function eventKey(activation: ActivationKey): string {
  return `${EVENTS}${activation}`
}

const EVENTS = 'event#'

/** An event that somebody gave. */
export interface GivenTo extends Pick<StoredEvent, 'action' | 'by' | 'reason'> {
  readonly activation: ActivationKey
  /** Milliseconds since the epoch; undefined where an older version of this package stored it. */
  readonly at: number | undefined
}

/** All events of a run that were given from outside. */
export async function givenEvents(
  { store }: { readonly store: Pick<Services['store'], 'listValues'> },
  runId: string,
): Promise<GivenTo[]> {
  // A large output has its event's key and a hash.
  const found = [...(await store.listValues(runId, EVENTS))].flatMap(([key, value]) => {
    const activation = /^event#(\d+\.\d+)$/.exec(key)?.[1]
    return activation === undefined ? [] : [{ activation: activation as ActivationKey, value }]
  })
  const events = found.map(async ({ activation, value }): Promise<GivenTo[]> => {
    const stored = JSON.parse(await expand(value)) as StoredEvent
    const { id: _id, t, timedOut, text: _text, at: _at, ...told } = stored
    return timedOut ? [] : [{ activation, at: t, ...told }]
  })
  return (await Promise.all(events)).flat()
}

function claimKey(idempotencyKey: string): string {
  return `resume#${hashOf(idempotencyKey)}`
}

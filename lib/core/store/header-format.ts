/**
 * How names and texts stand in a header. Each commit is charged for all of its bytes, so since version 2 they are short: numbers
 * in base 36, no iteration where it is the first, no writer that the name tells, no `{"v":}` around a value.
 *
 *   what is active   17.1: "0.1"            h: "0"
 *                    500.12: "3.1!<7~2t9"   dw.c: "3!<7~2:t9"      a wait has a colon before it
 *   names            o17  i20.17  x17.3     oh  ik.h  xh.3          =name where it is none of those
 *   texts            17.1={"v":"ok"}        :"ok"                   under o17; h:"ok" under another name, _: where nobody wrote it
 *                    17.1u  17.1-  17.1@1.0  ?  -  @1.0             !text where it is none of those
 *
 * A run that an older version began keeps the long form, so that workers of that version can go on with it. They cannot read the
 * short one, and leave its runs to newer workers: where they look for what is active they find `a: "v2"`, which is no entry to
 * them. Nor do workers of version 2 read a run of version 3, `a: "v3"`, whose leases they would look for where they are not. Pure.
 */
import { requestFailed } from '../common/errors.ts'
import { show } from '../common/thrown.ts'
import {
  type ActivationKey,
  type ActiveEntry,
  type RunState,
  START,
  type Wait,
} from '../protocol/run-state.ts'

export interface HeaderFormat {
  /** The attribute that says what is active. */
  readonly active: 'a' | 'A'
  packKey(key: ActivationKey): string
  unpackKey(text: string): ActivationKey
  packEntry(entry: ActiveEntry): string
  unpackEntry(text: string): ActiveEntry
  packName(name: string): string
  unpackName(text: string): string
  /** `name` is the one that the text stands under. */
  packText(name: string, text: string): string
  unpackText(name: string, text: string): string
}

/** What stands in `a` of a header in the short form: of this version, and of the one before, whose leases lie elsewhere. */
const MARKS = { current: 'v3', 2: 'v2' } as const

/** What says in a header that it is in the short form. */
export function markOf({ format }: Pick<RunState, 'format'>): { a?: string } {
  return format === 1 ? {} : { a: MARKS[format ?? 'current'] }
}

/** The format of a run, by `a` of its header. */
export function formatMarked(mark: unknown): Pick<RunState, 'format'> {
  if (mark === MARKS.current) return {}
  return { format: mark === MARKS[2] ? 2 : 1 }
}

export function formatOf({ format }: Pick<RunState, 'format'>): HeaderFormat {
  return format === 1 ? LONG : SHORT
}

const LONG: HeaderFormat = {
  active: 'a',
  packKey: (key) => key,
  unpackKey: (text) => text as ActivationKey,
  packEntry: (entry) => joined(entry, entry.scheduledBy, String, ''),
  unpackEntry: (text) => {
    const match = /^([0-9.]*)(!?)(?:<(\d+))?(?:~(\d+))?(?:([etwrci])([0-9a-z.]*))?$/.exec(text)
    return entryOf(text, match, (key) => key as ActivationKey, Number)
  },
  packName: (name) => name,
  unpackName: (text) => text,
  packText: (_, text) => text,
  unpackText: (_, text) => text,
}

const to36 = (number: number | string) => Number(number).toString(36)
const from36 = (text: string) => Number.parseInt(text, 36)

function shortKey(key: ActivationKey): string {
  const [node, iteration] = key.split('.') as [string, string]
  return iteration === '1' ? to36(node) : `${to36(node)}.${to36(iteration)}`
}

function longKey(text: string): ActivationKey {
  const [node, iteration] = text.split('.') as [string, string | undefined]
  return `${from36(node)}.${iteration === undefined ? 1 : from36(iteration)}`
}

const SHORT: HeaderFormat = {
  active: 'A',
  packKey: shortKey,
  unpackKey: longKey,
  packEntry: (entry) => {
    const by = entry.scheduledBy === START ? START : shortKey(entry.scheduledBy)
    return joined(entry, by, to36, ':')
  },
  unpackEntry: (text) => {
    const match = /^([0-9a-z.]*)(!?)(?:<([0-9a-z]+))?(?:~([0-9a-z]+))?(?::([etwrci])([0-9a-z.]*))?$/.exec(
      text,
    )
    return entryOf(text, match, (key) => (key === START ? START : longKey(key)), from36)
  },
  packName: (name) => {
    if (name.startsWith(':')) return name
    const parts = partsOf(name)
    if (!parts) return `=${name}`
    const { letter, key, numbers } = parts
    if (!key) return letter + numbers.map(to36).join('.')
    return [letter + shortKey(key), ...numbers.map(to36)].join('-')
  },
  unpackName: (text) => {
    if (text.startsWith(':')) return text
    if (text.startsWith('=')) return text.slice(1)
    const [letter, rest] = [text.slice(0, 1), text.slice(1)]
    if (!BY_ACTIVATION.includes(letter)) return letter + rest.split('.').map(from36).join('.')
    const [key = '', ...item] = rest.split('-')
    return [letter + longKey(key), ...item.map(from36)].join('-')
  },
  packText: (name, text) => {
    const match = /^((?:0|[1-9]\d*)\.(?:0|[1-9]\d*)|)([=@u&-])([\s\S]*)$/.exec(text)
    if (!match) return `!${text}`
    const [, writer, kind, body] = match as unknown as [string, ActivationKey | '', string, string]
    const by = writer === writerTold(name) ? '' : writer === '' ? NOBODY : shortKey(writer)
    if (kind === 'u') return `${by}?${body}`
    if (kind !== '=' || !isEnveloped(body)) return `${by}${kind}${body}`
    return `${by}:${body.slice(ENVELOPE.length, -1)}`
  },
  unpackText: (name, text) => {
    if (text.startsWith('!')) return text.slice(1)
    const match = /^(_|[0-9a-z.]*)([:=@?&-])([\s\S]*)$/.exec(text)
    if (!match) throw unreadable(`no value of '${name}'`, text)
    const [, by, kind, body] = match as unknown as [string, string, string, string]
    const writer = by === '' ? writerTold(name) : by === NOBODY ? '' : longKey(by)
    if (kind === '?') return `${writer}u${body}`
    return kind === ':' ? `${writer}=${ENVELOPE}${body}}` : `${writer}${kind}${body}`
  },
}

/** The start of the run, where the name tells another writer. */
const NOBODY = '_'
/** What the serializer's text of a value is wrapped in (`ValueStore.encode`). */
const ENVELOPE = '{"v":'

function isEnveloped(body: string): boolean {
  return body.startsWith(ENVELOPE) && body.endsWith('}') && body.length > ENVELOPE.length
}

/** Names that have an activation behind their letter; the others have numbers of nodes. */
const BY_ACTIVATION = 'xgcm'
const NUMBER = '(0|[1-9]\\d*)'
const BY_NODE_NAME = new RegExp(`^([ofb])${NUMBER}$`)
const BY_TWO_NODES_NAME = new RegExp(`^([ik])${NUMBER}\\.${NUMBER}$`)
const BY_ACTIVATION_NAME = new RegExp(`^([${BY_ACTIVATION}])(${NUMBER}\\.${NUMBER})(?:-${NUMBER})?$`)

interface NameParts {
  readonly letter: string
  readonly key?: ActivationKey
  readonly numbers: readonly string[]
}

/** Names come again with each commit of a run. */
const known = new Map<string, NameParts | undefined>()
const KNOWN_AT_MOST = 5_000

/** Undefined of a name that is written in one way only. */
function partsOf(name: string): NameParts | undefined {
  if (known.has(name)) return known.get(name)
  if (known.size >= KNOWN_AT_MOST) known.clear()
  const parts = parse(name)
  known.set(name, parts)
  return parts
}

function parse(name: string): NameParts | undefined {
  const byNode = BY_NODE_NAME.exec(name) ?? BY_TWO_NODES_NAME.exec(name)
  if (byNode) return { letter: byNode[1] as string, numbers: byNode.slice(2) }
  const match = BY_ACTIVATION_NAME.exec(name)
  if (!match) return undefined
  const numbers = match[5] === undefined ? [] : [match[5]]
  return { letter: match[1] as string, key: match[2] as ActivationKey, numbers }
}

/** Who writes what is under a name, mostly. */
function writerTold(name: string): ActivationKey | '' {
  const parts = name.startsWith(':') ? undefined : partsOf(name)
  if (!parts) return ''
  const { letter, key, numbers } = parts
  if (key) return key
  if (letter === 'o' || letter === 'b') return `${numbers[0] as `${number}`}.1`
  // An input, by the node that gives it.
  return letter === 'i' ? `${numbers[1] as `${number}`}.1` : ''
}

function joined(
  { inline, source, suspensions, wait }: ActiveEntry,
  scheduledBy: string,
  numeral: (number: number) => string,
  colon: string,
): string {
  const from = source === undefined ? '' : `<${numeral(source)}`
  const suspended = suspensions ? `~${numeral(suspensions)}` : ''
  return `${scheduledBy}${inline ? '!' : ''}${from}${suspended}${wait ? colon + packWait(wait) : ''}`
}

function entryOf(
  text: string,
  match: RegExpExecArray | null,
  keyOf: (text: string) => ActivationKey | typeof START,
  numberOf: (text: string) => number,
): ActiveEntry {
  // Of a newer version, most likely: its workers can read it, and this one is to leave it to them.
  if (!match) throw unreadable('no active entry', text)
  return {
    scheduledBy: keyOf(match[1] ?? START),
    inline: match[2] === '!',
    ...(match[3] === undefined ? {} : { source: numberOf(match[3]) }),
    ...(match[4] === undefined ? {} : { suspensions: numberOf(match[4]) }),
    ...(match[5] === undefined ? {} : { wait: unpackWait(match[5], match[6] ?? '') }),
  }
}

function unreadable(what: string, text: string): Error {
  return requestFailed('reading the state of a run', new Error(`${what}: ${show(text)}`))
}

/** One letter, then times and counts in base 36. */
function packWait(wait: Wait): string {
  switch (wait.kind) {
    case 'event':
      return `e${wait.at === undefined ? '' : wait.at.toString(36)}`
    case 'timer':
      return `${wait.awaited ? 'w' : 't'}${wait.at.toString(36)}`
    case 'retry':
      return `r${wait.at.toString(36)}.${wait.tries.toString(36)}`
    case 'items':
      return `i${wait.round.toString(36)}`
    case 'child':
      return `c${wait.tries.toString(36)}${wait.told === undefined ? '' : `.${wait.told.toString(36)}`}`
    default: {
      const never: never = wait
      return never
    }
  }
}

function unpackWait(kind: string, text: string): Wait {
  const [first = 0, second = 0] = text.split('.').map(from36)
  if (kind === 'e') return text === '' ? { kind: 'event' } : { kind: 'event', at: first }
  if (kind === 't') return { kind: 'timer', at: first }
  if (kind === 'w') return { kind: 'timer', at: first, awaited: true }
  if (kind === 'r') return { kind: 'retry', at: first, tries: second }
  if (kind === 'i') return { kind: 'items', round: first }
  return { kind: 'child', tries: first, ...(text.includes('.') ? { told: second } : {}) }
}

/** A map of names and texts as a header or a pack has it. */
export function packTexts(format: HeaderFormat, texts: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries(
    [...texts].map(([name, text]) => [format.packName(name), format.packText(name, text)]),
  )
}

export function unpackTexts(
  format: HeaderFormat,
  packed: Readonly<Record<string, string>>,
): Map<string, string> {
  return new Map(
    Object.entries(packed).map(([short, text]) => {
      const name = format.unpackName(short)
      return [name, format.unpackText(name, text)]
    }),
  )
}

export function packActive(
  format: HeaderFormat,
  active: ReadonlyMap<ActivationKey, ActiveEntry>,
): Record<string, string> {
  return Object.fromEntries([...active].map(([key, entry]) => [format.packKey(key), format.packEntry(entry)]))
}

export function unpackActive(format: HeaderFormat, map: unknown): ReadonlyMap<ActivationKey, ActiveEntry> {
  const entries = Object.entries(map as Record<string, string>)
  return new Map(entries.map(([key, text]) => [format.unpackKey(key), format.unpackEntry(text)]))
}

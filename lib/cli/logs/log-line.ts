/** One line of a function's log: which run and node it is about, and what a person sees of it. */
import { isPlainObject } from '../../core/common/plain-object.ts'
import type { Colors } from '../io.ts'

export interface LogLine {
  /** Milliseconds since the epoch. */
  readonly time: number
  /** As printed. */
  readonly line: string
}

/** Where lines come from. */
export interface LogSource {
  /** The lines that were not given yet, the oldest first. */
  next(): Promise<readonly LogLine[]>
}

type Fields = Readonly<Record<string, unknown>>

/** Of a JSON line; Lambda wraps what `console.log` is given in one whose `message` it is. */
function fieldsOf(line: string): Fields | undefined {
  const fields = parsed(line)
  const { message } = fields ?? {}
  const inner = typeof message === 'string' ? parsed(message) : isPlainObject(message) ? message : undefined
  return inner ? { ...fields, message: undefined, ...(inner as Fields) } : fields
}

function parsed(text: string): Fields | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isPlainObject(value) ? (value as Fields) : undefined
  } catch {
    return undefined
  }
}

/** Whether it is about this run: its `runId`, or, of a line that has none, the id standing alone somewhere in it. */
export function isOfRun(line: string, runId: string): boolean {
  const own = fieldsOf(line)?.['runId']
  return typeof own === 'string' ? own === runId : hasWord(line, JSON.stringify(runId).slice(1, -1))
}

const PART_OF_ID = /[\w.:-]/

function hasWord(line: string, word: string): boolean {
  for (let at = line.indexOf(word); at >= 0; at = line.indexOf(word, at + 1)) {
    const [before = ' ', after = ' '] = [line[at - 1], line[at + word.length]]
    if (!PART_OF_ID.test(before) && !PART_OF_ID.test(after)) return true
  }
  return false
}

export function isOfNode(line: string, nodeId: string): boolean {
  return fieldsOf(line)?.['nodeId'] === nodeId
}

const LEVEL_COLORS = {
  ERROR: 'red',
  FATAL: 'red',
  CRITICAL: 'red',
  WARN: 'yellow',
  INFO: 'cyan',
  DEBUG: 'dim',
  TRACE: 'dim',
} as const satisfies Record<string, keyof Colors>

/** What stands in columns of its own, or says nothing to a person. */
const APART = new Set([
  'level',
  'message',
  'timestamp',
  'service',
  'runId',
  'nodeId',
  'blueprintId',
  'requestId',
  'sampling_rate',
  'xray_trace_id',
])

/** What a line says, apart. */
export interface LogParts {
  /** 'INFO', say; '-' where it is not known. */
  readonly level: string
  readonly nodeId?: string
  readonly message?: string
  /** Such as 'durationMs=12'. */
  readonly more: readonly string[]
}

export function partsOf(line: string): LogParts {
  const fields = fieldsOf(line)
  if (!fields) return { level: '-', message: line, more: [] }
  const { nodeId, message } = fields
  const more = Object.entries(fields).filter(([name, value]) => !APART.has(name) && value !== undefined)
  return {
    level: typeof fields['level'] === 'string' ? fields['level'].toUpperCase() : '-',
    ...(typeof nodeId === 'string' ? { nodeId } : {}),
    ...(message === undefined ? {} : { message: shown(message) }),
    more: more.map(([name, value]) => `${name}=${shown(value)}`),
  }
}

/** Time, level, node, and what it says. */
export function logRow(colors: Colors, { time, line }: LogLine): string[] {
  const when = colors.dim(new Date(time).toISOString())
  const { level, nodeId = '', message, more } = partsOf(line)
  const color = Object.hasOwn(LEVEL_COLORS, level)
    ? LEVEL_COLORS[level as keyof typeof LEVEL_COLORS]
    : undefined
  const texts = [...(message === undefined ? [] : [message]), ...more.map((text) => colors.dim(text))]
  return [when, color ? colors[color](level) : level, nodeId, texts.join('  ')]
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

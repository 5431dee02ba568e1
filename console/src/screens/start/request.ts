/** What was typed beside the input of a run, as the request has it. Pure. */
import type { StartRequest } from '../../requests.ts'

/** All as typed; '' is nothing. */
export interface StartOptions {
  readonly runId: string
  /** One a line, as name=value. */
  readonly labels: string
  /** '90s', '1h 30m'. */
  readonly delay: string
  readonly maxUsd: string
}

export const NO_OPTIONS: StartOptions = { runId: '', labels: '', delay: '', maxUsd: '' }

export interface ReadOptions {
  readonly request: Pick<StartRequest, 'runId' | 'labels' | 'delayMs' | 'maxUsd'>
  readonly errors: Readonly<Partial<Record<keyof StartOptions, string>>>
}

/** Only what cannot be sent as it is; what is allowed the server says. */
export function readOptions({ runId, labels, delay, maxUsd }: StartOptions): ReadOptions {
  const delayMs = delay.trim() === '' ? undefined : parseDelay(delay)
  const usd = maxUsd.trim() === '' ? undefined : Number(maxUsd.trim().replace(/^\$/, ''))
  const wrongLabel = linesOf(labels).find((line) => line.indexOf('=') < 1)
  return {
    request: {
      runId: runId.trim() || undefined,
      labels: labelsOf(labels),
      delayMs,
      maxUsd: usd,
    },
    errors: {
      ...(wrongLabel === undefined ? {} : { labels: `each must be name=value; got '${wrongLabel}'` }),
      ...(delay.trim() !== '' && delayMs === undefined ? { delay: 'such as 90s, 15m, 2h, 1d 12h' } : {}),
      ...(usd !== undefined && !Number.isFinite(usd) ? { maxUsd: 'must be a number' } : {}),
    },
  }
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of '1h 30m'; undefined: it is none. */
export function parseDelay(text: string): number | undefined {
  const trimmed = text.trim().toLowerCase()
  if (!/^(\d+(\.\d+)?\s*(ms|s|m|h|d)\s*)+$/.test(trimmed)) return undefined
  let ms = 0
  for (const [, amount, unit = ''] of trimmed.matchAll(/(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)/g))
    ms += Number(amount) * (UNITS[unit] ?? 0)
  return Math.round(ms)
}

function labelsOf(text: string): Readonly<Record<string, string>> | undefined {
  const pairs = linesOf(text).map((line): [string, string] => {
    const at = line.indexOf('=')
    return [line.slice(0, at).trim(), line.slice(at + 1).trim()]
  })
  return pairs.length > 0 ? Object.fromEntries(pairs) : undefined
}

const linesOf = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)

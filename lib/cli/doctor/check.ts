/** What a check of a project or a service found. */
import { messageOf } from '../../core/common/errors.ts'
import { exitCodeOf, exitCodes, sentenceOf } from '../exit-codes.ts'
import type { Colors } from '../io.ts'

export interface Check {
  /** What was looked at, such as 'queue'. */
  readonly name: string
  /** 'unknown': it could not be read. */
  readonly state: 'ok' | 'warn' | 'fail' | 'unknown'
  readonly message: string
  /** What to do. */
  readonly fix?: string
}

/** Something to look at. */
export interface Probe {
  readonly name: string
  look(): Promise<readonly Check[]>
}

export function ok(name: string, message: string): Check {
  return { name, state: 'ok', message }
}

export function warn(name: string, message: string, fix: string): Check {
  return { name, state: 'warn', message, fix }
}

export function fail(name: string, message: string, fix: string): Check {
  return { name, state: 'fail', message, fix }
}

/** What one may not read, or what does not answer, keeps none of the others. */
export async function looked({ name, look }: Probe): Promise<readonly Check[]> {
  try {
    return await look()
  } catch (error) {
    const denied = exitCodeOf(error) === exitCodes.noPermission
    const why = denied ? sentenceOf(error) : messageOf(error)
    return [{ name, state: 'unknown', message: `could not be read: ${why.split('\n', 1)[0]}` }]
  }
}

const COLORS = { ok: 'green', warn: 'yellow', fail: 'red', unknown: 'magenta' } as const satisfies Record<
  Check['state'],
  keyof Colors
>

export function checkRow(colors: Colors, { name, state, message, fix }: Check): string[] {
  const what = fix === undefined ? '' : colors.dim(`  ${fix}`)
  return [colors[COLORS[state]](state), name, `${message}${what}`]
}

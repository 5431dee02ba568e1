/** A command's world in a test: what it prints is kept, and nobody is asked. */
import { tmpdir } from 'node:os'
import type { Io } from '../../lib/cli/io.ts'
import { main } from '../../lib/cli/main.ts'

export function ioOf(options: Partial<Io> = {}) {
  const [out, err]: [string[], string[]] = [[], []]
  const io: Io = {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    env: {},
    // No dev server runs there, and none of its files is of a project.
    cwd: tmpdir(),
    isTerminal: false,
    signal: new AbortController().signal,
    now: () => 0,
    confirm: async () => false,
    ...options,
  }
  return { io, out, err }
}

export interface Told {
  readonly code: number
  readonly out: string[]
  readonly err: string[]
}

/** Runs a command line as a shell does, with this process's environment. */
export async function told(args: readonly string[], options: Partial<Io> = {}): Promise<Told> {
  const { io, out, err } = ioOf({ env: process.env, now: Date.now, ...options })
  const code = await main(args, io)
  return { code, out: linesOf(out), err: linesOf(err) }
}

const linesOf = (texts: readonly string[]) => texts.flatMap((text) => text.split('\n'))

export const json = <T>({ out }: Told) => JSON.parse(out[0] as string) as T

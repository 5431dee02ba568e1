/** A command's world in a test: what it prints is kept, and nobody is asked. */
import { tmpdir } from 'node:os'
import type { Io } from '../../lib/cli/io.ts'

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

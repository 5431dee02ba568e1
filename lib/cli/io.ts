/** What a command has to do with the world: where it prints, what it may colour, and when it is to stop. */
import pc from 'picocolors'

export interface Io {
  /** A line of the answer, for people or programs. */
  out(line: string): void
  /** A line beside the answer: progress, questions, errors. */
  err(line: string): void
  readonly env: NodeJS.ProcessEnv
  /** The folder that the command runs in. */
  readonly cwd: string
  /** Whether a person looks at the answer. */
  readonly isTerminal: boolean
  /** How wide the terminal is, in characters. @default - not known */
  readonly columns?: number
  /** Whether a person looks at standard error, and sees there how far something is. @default false */
  readonly showsProgress?: boolean
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Asks a person; false where nobody can be asked. */
  confirm(question: string): Promise<boolean>
}

export type Colors = ReturnType<typeof pc.createColors>

/** None for pipes, and none where NO_COLOR is set (no-color.org). */
export function colorsOf({ isTerminal, env }: Io): Colors {
  return pc.createColors(isTerminal && !env['NO_COLOR'])
}

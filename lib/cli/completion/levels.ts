/** What may stand where on the command line, as a shell's completion needs it. */
import type { Command, Option } from 'commander'

export interface Flag {
  /** Such as '-s' and '--status'. */
  readonly names: readonly string[]
  readonly description: string
  readonly takesValue: boolean
  /** The values that it may have, where they are few. */
  readonly choices: readonly string[]
}

/** A command, or the program itself. */
export interface Level {
  /** Words that lead there, each with a space before it: ' dlq list'. */
  readonly at: string
  readonly commands: readonly { readonly name: string; readonly description: string }[]
  /** Its own; those of the program are the first level's. */
  readonly flags: readonly Flag[]
}

/** The program first, then each command before those below it. */
export function levelsOf(command: Command, at = ''): Level[] {
  const help = command.createHelp()
  const below = help.visibleCommands(command)
  const level = {
    at,
    commands: [
      ...below.map((one) => ({ name: one.name(), description: one.description() })),
      ...choicesOfArgument(command),
    ],
    flags: help.visibleOptions(command).map(flagOf),
  }
  return [level, ...below.flatMap((one) => levelsOf(one, `${at} ${one.name()}`))]
}

/** Where the first argument is one of a few words, they stand where commands do. */
function choicesOfArgument({ registeredArguments: [first] }: Command) {
  return (first?.argChoices ?? []).map((name) => ({ name, description: first?.description ?? '' }))
}

function flagOf({ short, long, description, required, optional, argChoices = [] }: Option): Flag {
  const names = [short, long].filter((name) => name !== undefined)
  return { names, description, takesValue: required || optional, choices: argChoices }
}

/** The flags that may stand at a level: its own, and the program's. */
export function flagsAt(level: Level, [program]: readonly Level[]): readonly Flag[] {
  if (!program || level === program) return level.flags
  const own = new Set(level.flags.flatMap(({ names }) => names))
  return [...level.flags, ...program.flags.filter(({ names }) => !names.some((name) => own.has(name)))]
}

/** Each command with what leads there, and each flag after which a value comes: what a shell tells words apart by. */
export function wordsOf(levels: readonly Level[]): { commands: string[]; values: string[] } {
  return {
    commands: levels.flatMap(({ at, commands }) => commands.map(({ name }) => `${at} ${name}`)),
    values: levels.flatMap((level) =>
      flagsAt(level, levels)
        .filter(({ takesValue }) => takesValue)
        .flatMap(({ names }) => names.map((name) => `${level.at} ${name}`)),
    ),
  }
}

/** Each flag that has choices, by where it stands and each of its names. */
export function choicesOf(levels: readonly Level[]): { words: string[]; choices: readonly string[] }[] {
  return levels.flatMap((level) =>
    flagsAt(level, levels)
      .filter(({ choices }) => choices.length > 0)
      .map(({ names, choices }) => ({ words: names.map((name) => `${level.at} ${name}`), choices })),
  )
}

/** A text that a shell takes as it is. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

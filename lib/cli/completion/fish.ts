/** Completion for fish, with what each word is for. */
import { type Flag, type Level, wordsOf } from './levels.ts'

const words = (all: readonly string[]) => all.map(quoted).join(' ')

export function fishScript(name: string, levels: readonly Level[]): string {
  const { commands, values } = wordsOf(levels)
  const fn = `__${name.replaceAll('-', '_')}_at`
  const lines = levels.flatMap((level) => {
    const here = `complete -c ${name}${level.at === '' ? '' : ` -n ${quoted(`test (${fn}) = ${quoted(level.at)}`)}`}`
    const below = `complete -c ${name} -n ${quoted(`test (${fn}) = ${quoted(level.at)}`)}`
    return [
      ...level.commands.map((one) => `${below} -a ${one.name} -d ${quoted(one.description)}`),
      // Those of the program may stand anywhere.
      ...level.flags.map((flag) => `${here} ${flagWords(flag)}`),
    ]
  })
  return `# Completion of ${name} for fish: ${name} completion fish | source
function ${fn}
  set -l at ''
  set -l option ''
  set -l words (commandline -opc)
  set -e words[1]
  for word in $words
    if test -n "$option"
      set option ''
      continue
    end
    switch "$at $word"
      case ${words(commands)}
        set at "$at $word"
      case ${words(values)}
        set option $word
    end
  end
  echo "$at"
end
complete -c ${name} -f
${lines.join('\n')}
`
}

function flagWords({ names, description, takesValue, choices }: Flag): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
  const value = choices.length > 0 ? [`-x -a ${quoted(choices.join(' '))}`] : takesValue ? ['-r -F'] : []
  return [...flags, ...value, `-d ${quoted(description)}`].join(' ')
}

/** Unlike other shells, fish knows escapes within single quotes. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/** Completion for bash. It needs nothing but bash itself, asks nothing and runs nothing. */
import { choicesOf, flagsAt, type Level, quoted, wordsOf } from './levels.ts'

const patterns = (words: readonly string[]) => words.map(quoted).join(' | ')

export function bashScript(name: string, levels: readonly Level[]): string {
  const { commands, values } = wordsOf(levels)
  const choices = choicesOf(levels).map(
    (each) => `      ${patterns(each.words)}) words=${quoted(each.choices.join(' '))} ;;`,
  )
  const lists = levels.map((level) => {
    const below = level.commands.map((one) => one.name).join(' ')
    const flags = flagsAt(level, levels)
      .flatMap(({ names }) => names)
      .join(' ')
    return `      ${quoted(level.at)}) words=${quoted(below)} flags=${quoted(flags)} ;;`
  })
  const fn = `_${name.replaceAll('-', '_')}`
  return `# Completion of ${name} for bash: source <(${name} completion bash)
${fn}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" at='' option='' words='' flags='' word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [[ -n $option ]]; then
      option=''
      continue
    fi
    case "$at $word" in
      ${patterns(commands)}) at="$at $word" ;;
      ${patterns(values)}) option="$word" ;;
    esac
  done
  if [[ -n $option ]]; then
    case "$at $option" in
${choices.join('\n')}
    esac
  else
    case "$at" in
${lists.join('\n')}
    esac
    if [[ $current == -* || -z $words ]]; then words="$flags"; fi
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F ${fn} ${name}
`
}

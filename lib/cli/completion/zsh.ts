/** Completion for zsh, with what each word is for. */
import { choicesOf, type Flag, flagsAt, type Level, quoted, wordsOf } from './levels.ts'

const patterns = (words: readonly string[]) => words.map(quoted).join('|')

export function zshScript(name: string, levels: readonly Level[]): string {
  const { commands, values } = wordsOf(levels)
  const choices = choicesOf(levels).map(
    (each) => `      (${patterns(each.words)}) found=(${each.choices.map(quoted).join(' ')}) ;;`,
  )
  const lists = levels.map((level) => {
    const below = level.commands.map((one) => described(one.name, one.description))
    const flags = flagsAt(level, levels).flatMap(flagWords)
    return `    (${quoted(level.at)})
      subcommands=(${below.join(' ')})
      flags=(${flags.join(' ')}) ;;`
  })
  const fn = `_${name.replaceAll('-', '_')}`
  return `#compdef ${name}
# Completion of ${name} for zsh: source <(${name} completion zsh)
${fn}() {
  local at='' option='' word i
  local -a subcommands flags found
  for ((i = 2; i < CURRENT; i++)); do
    word="\${words[i]}"
    if [[ -n $option ]]; then
      option=''
      continue
    fi
    case "$at $word" in
      (${patterns(commands)}) at="$at $word" ;;
      (${patterns(values)}) option="$word" ;;
    esac
  done
  if [[ -n $option ]]; then
    case "$at $option" in
${choices.join('\n')}
    esac
    if (($#found)); then compadd -a found; else _files; fi
    return
  fi
  case "$at" in
${lists.join('\n')}
  esac
  if [[ $PREFIX == -* ]] || ((! $#subcommands)); then
    _describe -o option flags
  else
    _describe command subcommands
  fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then ${fn} "$@"; else compdef ${fn} ${name}; fi
`
}

function described(word: string, description: string): string {
  return quoted(`${word}:${description}`)
}

function flagWords({ names, description }: Flag): string[] {
  return names.map((name) => described(name, description))
}

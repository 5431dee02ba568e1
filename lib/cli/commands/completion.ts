/** The command that prints a shell's completion. */
import { Argument, type Command } from 'commander'
import { bashScript } from '../completion/bash.ts'
import { fishScript } from '../completion/fish.ts'
import { type Level, levelsOf } from '../completion/levels.ts'
import { zshScript } from '../completion/zsh.ts'
import type { Cli } from '../context.ts'

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const satisfies Record<
  string,
  (name: string, levels: readonly Level[]) => string
>

type Shell = keyof typeof SCRIPTS

const EXAMPLES = `
Examples:
  $ echo 'source <(npx flowcraft-aws completion bash)' >> ~/.bashrc
  $ echo 'source <(npx flowcraft-aws completion zsh)' >> ~/.zshrc     # after compinit
  $ npx flowcraft-aws completion fish > ~/.config/fish/completions/flowcraft-aws.fish

It completes 'flowcraft-aws'. Where that is no command: alias flowcraft-aws='npx flowcraft-aws'.`

export function addCompletionCommand(program: Command, { io }: Cli): void {
  program
    .command('completion')
    .description('print the completion of commands and options for a shell')
    .addArgument(new Argument('<shell>', 'which one').choices(Object.keys(SCRIPTS)))
    .addHelpText('after', EXAMPLES)
    .action((shell: Shell) => io.out(SCRIPTS[shell](program.name(), levelsOf(program)).trimEnd()))
}
